"""`schema`: prints or writes the JSON Schemas. Offline."""

from __future__ import annotations

from pathlib import Path

import click

from novita_infra.cli.command import Command
from novita_infra.cli.commands.reading.explain import kind_named
from novita_infra.cli.completing.offers import kinds
from novita_infra.cli.rendering import with_renderer
from novita_infra.model.diagnostics import problem
from novita_infra.schema.resources import schemas, text_of_schema, write_schemas
from novita_infra.views.formats.json.schema.plan import plan_schema
from novita_infra.views.renderer import Renderer
from novita_infra.views.result_schemas import result_schemas

SUMMARY = "Print or write the JSON Schemas of the manifests"


@click.command(cls=Command)
@click.argument("what", metavar="[KIND]", shell_complete=kinds, default="", required=False)
@click.option(
    "--write",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write the schemas of all kinds into this folder.",
)
@with_renderer
def schema(*, what: str, folder: Path | None, renderer: Renderer) -> int:
    """Print the JSON Schema of the manifests, or of one KIND, of the project file (KIND `project`), of what
    `plan --json` or `orphans --json` prints (KIND `plan`, `orphans`), of what hooks get (KIND `notice`), or of
    scenario files of the simulator (KIND `scenario`).

    \b
    Examples:
      novita-infra schema Instance
      novita-infra schema --write .novita-infra/schemas
    An editor uses one by the first line of a manifest:
      # yaml-language-server: $schema=.novita-infra/schemas/manifest.json
    """
    if folder is not None:
        if what:
            raise problem("--write writes the schemas of all kinds", "leave out KIND")
        write_schemas(folder)
        renderer.message(f"Wrote {len(schemas())} schemas into {folder}.")
        return 0
    word = what.lower() or "manifest"
    if word == "plan":
        renderer.verbatim(text_of_schema(plan_schema()))
        return 0
    if word == "scenario":
        from novita_infra.simulator.scenarios.schema import scenario_schema  # noqa: PLC0415 -- all others start sooner

        renderer.verbatim(text_of_schema(scenario_schema()))
        return 0
    if word == "notice":
        from novita_infra.notices.schema import notice_schema  # noqa: PLC0415 -- likewise

        renderer.verbatim(text_of_schema(notice_schema()))
        return 0
    if word in (results := result_schemas()):
        renderer.verbatim(text_of_schema(results[word]))
        return 0
    name = (
        word
        if word in {"manifest", "project"}
        else kind_named(what, "manifest", "notice", "plan", "scenario", *results).type
    )
    renderer.verbatim(text_of_schema(schemas()[f"{name}.json"]))
    return 0
