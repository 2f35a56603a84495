"""The manifests of a project as they stand after variables, environments, `forEach` and templates, for `render`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from novita_infra.kinds import KINDS
from novita_infra.manifests.project.provenance import Provenance
from novita_infra.manifests.yaml.positions import Path
from novita_infra.model.addresses import Address, Origin
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.frozen import dataclass
from novita_infra.model.resources import Declared
from novita_infra.model.values import Value
from novita_infra.operations.session import ProjectOptions, validate_project


@dataclass(frozen=True, slots=True)
class RenderedResource:
    """A resource with the values that its manifest gives after evaluation."""

    address: Address
    parts: Mapping[str, Mapping[str, Value]]
    """`metadata` with the name and the labels, `spec`, and `lifecycle` if there is one."""
    origins: Mapping[Path, Origin]
    """The place of each value that a file has. A path begins with the name of the part."""
    unread: tuple[Path, ...] = ()
    """The values that were not read, such as secrets: no command that only shows manifests needs them."""


def render_project(
    where: ProjectOptions, environ: Mapping[str, str]
) -> tuple[tuple[RenderedResource, ...], tuple[Diagnostic, ...]]:
    """Returns the resources, sorted by address, and the warnings beside those about what is not set.

    Raises Problems with every error of the manifests.
    """
    provenance = Provenance()
    project = validate_project(where, environ, lenient=True, provenance=provenance)
    return tuple(_rendered(item, provenance) for item in project.declared), tuple(
        item for item in project.warnings if not item.unset
    )


def _rendered(item: Declared, provenance: Provenance) -> RenderedResource:
    labels = {"labels": dict(item.labels)} if item.labels else {}
    job = KINDS[item.address.type].api.job
    spec = job.files.declared(item.spec) if job and job.files else item.spec
    parts: dict[str, Mapping[str, Value]] = {"metadata": {"name": item.address.name, **labels}, "spec": spec}
    lifecycle = provenance.evaluated[item.address].get("lifecycle")
    if isinstance(lifecycle, dict):
        parts["lifecycle"] = lifecycle
    check = provenance.evaluated[item.address].get("check")
    if isinstance(check, dict):
        parts["check"] = check
    places = ((path, provenance.place_of(item.address, path)) for path in _paths(parts))
    return RenderedResource(
        item.address,
        parts,
        {path: place for path, place in places if place is not None},
        tuple(("spec", *rule.path) for rule in item.lifecycle.ignored if rule.lacking),
    )


def _paths(value: Value, path: Path = ()) -> Iterator[Path]:
    """Yields the path of each leaf, and of each map and list without any."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    empty = True
    for name, item in inner:
        empty = False
        yield from _paths(item, (*path, name))
    if empty:
        yield path
