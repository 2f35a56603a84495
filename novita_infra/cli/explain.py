"""`explain` and `schema`: what the manifests may hold, for a person and for an editor. Offline."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from novita_infra.cli.command import Command, json_option, screened
from novita_infra.cli.screen import Screen
from novita_infra.diagnostics import nearest, problem
from novita_infra.kinds import KINDS
from novita_infra.kinds.explaining import FieldExplained, KindExplained
from novita_infra.kinds.explaining import explain as explained
from novita_infra.kinds.kind import Kind
from novita_infra.kinds.schemas import schemas, text_of_schema
from novita_infra.kinds.schemas import write as write_schemas
from novita_infra.views.explained import field_lines, kind_lines, kinds_lines
from novita_infra.views.plan_schema import plan_schema


@click.command(cls=Command)
@click.argument("what", metavar="[KIND[.field]]", default="", required=False)
@json_option
@screened
def explain(*, what: str, screen: Screen) -> int:
    """Explain a kind of resource, or one of its fields: what it takes, and what changing it costs.

    Without an argument, the kinds. KIND may be written as in a manifest or as in an address.

    \b
    Examples:
      novita-infra explain
      novita-infra explain Instance
      novita-infra explain instance.image
      novita-infra explain Endpoint.workers.min
    """
    if not what:
        kinds = [_whole(kind) for kind in KINDS.values()]
        if screen.json:
            screen.show_json([{"name": kind.name, "prefix": kind.prefix, "summary": kind.summary} for kind in kinds])
        else:
            screen.show(kinds_lines(kinds))
        return 0
    name, _, path = what.partition(".")
    kind = _kind(name)
    try:
        found = explained(kind, path.removeprefix("spec."))
    except KeyError as wrong:
        raise problem(str(wrong.args[0])) from wrong
    if screen.json:
        screen.show_json(asdict(found))
    elif isinstance(found, FieldExplained):
        screen.show(field_lines(kind.name, found))
    else:
        screen.show(kind_lines(found))
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
@screened
def schema(*, what: str, folder: Path | None, screen: Screen) -> int:
    """Print the JSON Schema of the manifests, or of one KIND, of the project file (KIND `project`), or of what
    `plan --json` prints (KIND `plan`).

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
        screen.say(f"Wrote {len(schemas())} schemas into {folder}.")
        return 0
    word = what.lower() or "manifest"
    if word == "plan":
        screen.show_text(text_of_schema(plan_schema()))
        return 0
    name = word if word in {"manifest", "project"} else _kind(what).prefix
    screen.show_text(text_of_schema(schemas()[f"{name}.json"]))
    return 0


def _kind(word: str) -> Kind:
    wanted = word.lower().replace("-", "_")
    for kind in KINDS.values():
        if wanted in {kind.name.lower(), kind.prefix}:
            return kind
    raise problem(f'there is no kind "{word}"', nearest(word, [kind.name for kind in KINDS.values()]))


def _whole(kind: Kind) -> KindExplained:
    found = explained(kind)
    assert isinstance(found, KindExplained)  # noqa: S101 -- without a path, it is the whole kind
    return found
