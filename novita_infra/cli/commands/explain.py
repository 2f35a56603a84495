"""`explain` and `schema`: the fields of manifests, for a person and for an editor. Offline."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from novita_infra.cli.command import Command
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.kinds import KINDS
from novita_infra.kinds.kind import Kind
from novita_infra.model.diagnostics import nearest, problem
from novita_infra.schema.explain_frame import FRAME, PROJECT, PartExplained, explain_frame, explain_project
from novita_infra.schema.explain_kinds import FieldExplained, KindExplained
from novita_infra.schema.explain_kinds import explain_path as explained
from novita_infra.schema.resources import schemas, text_of_schema, write_schemas
from novita_infra.views.content.explanation import ExplanationContent, KindsContent
from novita_infra.views.formats.json.schema.plan import plan_schema
from novita_infra.views.renderer import Renderer
from novita_infra.views.result_schemas import result_schemas

_ALIKE: Final = ("metadata", "lifecycle")
"""Parts that every kind has, so that no kind is needed."""


@click.command(cls=Command)
@click.argument("what", metavar="[KIND[.field]]", default="", required=False)
@format_options()
@with_renderer
def explain(*, what: str, renderer: Renderer) -> int:
    """Explain a kind of resource or one of its fields: accepted values, and the effect of a change.

    Without an argument, lists the kinds. KIND is written as in a manifest or as in an address. `Project` is the project
    file; `metadata` and `lifecycle` are the fields of every kind besides its spec.

    \b
    Examples:
      novita-infra explain
      novita-infra explain Instance
      novita-infra explain instance.image
      novita-infra explain Endpoint.workers.min
      novita-infra explain Instance.lifecycle.onDrift
      novita-infra explain Project.budget
    """
    if not what:
        renderer.result(KindsContent(tuple(_whole(kind) for kind in KINDS.values())))
        return 0
    part = _explained(what)
    kind = _kind(what.partition(".")[0]).name if isinstance(part, FieldExplained) else ""
    renderer.result(ExplanationContent(part, kind))
    return 0


@click.command(cls=Command)
@click.argument("what", metavar="[KIND]", default="", required=False)
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
    `plan --json` or `orphans --json` prints (KIND `plan`, `orphans`), or of scenario files of the simulator (KIND
    `scenario`).

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
    if word in (results := result_schemas()):
        renderer.verbatim(text_of_schema(results[word]))
        return 0
    name = word if word in {"manifest", "project"} else _kind(what, "manifest", "plan", "scenario", *results).type
    renderer.verbatim(text_of_schema(schemas()[f"{name}.json"]))
    return 0


def _explained(what: str) -> KindExplained | FieldExplained | PartExplained:
    """A kind, a field of its spec, or a part of the manifest around the spec."""
    first, _, path = what.partition(".")
    if first.lower() == PROJECT.lower():
        return explain_project(path)
    if first.lower() in _ALIKE:
        return explain_frame(f"{first.lower()}.{path}".removesuffix("."))
    kind = _kind(first, *_ALIKE)
    if path.partition(".")[0] in FRAME:
        return explain_frame(path, kind)
    return explained(kind, path.removeprefix("spec."))


def _kind(word: str, *others: str) -> Kind:
    name = word.lower().replace("-", "_")
    for kind in KINDS.values():
        if name in {kind.name.lower(), kind.type}:
            return kind
    raise problem(
        f'there is no kind "{word}"', nearest(word, [*(kind.name for kind in KINDS.values()), PROJECT, *others])
    )


def _whole(kind: Kind) -> KindExplained:
    found = explained(kind)
    assert isinstance(found, KindExplained)  # noqa: S101 -- without a path, it is the whole kind
    return found
