"""`explain`: the kinds and fields of manifests. Offline."""

from __future__ import annotations

import click

from novita_infra.cli.command import Command
from novita_infra.cli.completing.offers import kinds
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.kinds import KINDS
from novita_infra.kinds.kind import Kind
from novita_infra.model.diagnostics import nearest, problem
from novita_infra.schema.explain_frame import (
    FRAME,
    INTERFACE,
    MODULE,
    PROJECT,
    PartExplained,
    explain_frame,
    explain_module,
    explain_project,
)
from novita_infra.schema.explain_kinds import FieldExplained, KindExplained
from novita_infra.schema.explain_kinds import explain_path as explained
from novita_infra.views.content.explanation import ExplanationContent, KindsContent
from novita_infra.views.renderer import Renderer

SUMMARY = "Explain a kind of resource and its fields"


@click.command(cls=Command)
@click.argument("what", metavar="[KIND[.field]]", shell_complete=kinds, default="", required=False)
@format_options()
@with_renderer
def explain(*, what: str, renderer: Renderer) -> int:
    """Explain a kind of resource or one of its fields: accepted values, and the effect of a change.

    Without an argument, lists the kinds. KIND is written as in a manifest or as in an address. `Project` is the project
    file; `metadata`, `lifecycle`, `check` and others are the parts of a manifest besides its spec.

    \b
    Examples:
      novita-infra explain
      novita-infra explain Instance
      novita-infra explain instance.image
      novita-infra explain Endpoint.workers.min
      novita-infra explain Instance.lifecycle.onDrift
      novita-infra explain check.http
      novita-infra explain Project.budget
    """
    if not what:
        renderer.result(KindsContent(tuple(_whole(kind) for kind in KINDS.values())))
        return 0
    part = _explained(what)
    kind = kind_named(what.partition(".")[0]).name if isinstance(part, FieldExplained) else ""
    renderer.result(ExplanationContent(part, kind))
    return 0


def _explained(what: str) -> KindExplained | FieldExplained | PartExplained:
    """A kind, a field of its spec, or a part of the manifest around the spec."""
    first, _, path = what.partition(".")
    if first.lower() == PROJECT.lower():
        return explain_project(path)
    if first.lower() in (MODULE.lower(), INTERFACE.lower()):
        return explain_module(path, interface=first.lower() == INTERFACE.lower())
    for name in (*FRAME, "spec"):
        if first.lower() == name.lower():
            return explain_frame(f"{name}.{path}".removesuffix("."))
    kind = kind_named(first, *FRAME)
    if path.partition(".")[0] in FRAME:
        return explain_frame(path, kind)
    return explained(kind, "" if path == "spec" else path.removeprefix("spec."))


def kind_named(word: str, *others: str) -> Kind:
    """The kind, by its name or type. Raises Problems with the nearest name, those of `others` included."""
    name = word.lower().replace("-", "_")
    for kind in KINDS.values():
        if name in {kind.name.lower(), kind.type}:
            return kind
    raise problem(
        f'there is no kind "{word}"',
        nearest(word, [*(kind.name for kind in KINDS.values()), PROJECT, MODULE, INTERFACE, *others]),
    )


def _whole(kind: Kind) -> KindExplained:
    found = explained(kind)
    assert isinstance(found, KindExplained)  # noqa: S101 -- without a path, it is the whole kind
    return found
