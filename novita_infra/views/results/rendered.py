"""The manifests after evaluation, as YAML. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from novita_infra.kinds import KINDS
from novita_infra.manifests.validation.documents import API_VERSION
from novita_infra.manifests.yaml.emitting import NotReadBack, emit_scalar
from novita_infra.manifests.yaml.positions import Path, label_of
from novita_infra.model.addresses import Address, Origin
from novita_infra.model.frozen import dataclass
from novita_infra.model.values import Ref, Value
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.listing import Listing, fact
from novita_infra.views.content.values import inline

_UNREAD: Final = "(not read)"
"""What stands in the place of a secret or a variable without a value: nothing was asked for it."""


@dataclass(frozen=True, slots=True)
class RenderedRow:
    """A resource with the values of its manifest after evaluation."""

    address: Address = fact("The address.")
    kind: str = fact("The kind.")
    manifest: Mapping[str, Any] = fact(
        "`metadata`, `spec` and `lifecycle`. A secret is `(secret)`, or `(not read)` if nothing asked for it; the "
        "attribute of another resource is its expression, and what is computed from one is `(known after apply)`."
    )
    origins: Mapping[str, str] = fact("With `--show-origin`: the file, line and column of each value, by its path.")


@dataclass(frozen=True, slots=True)
class RenderedListing(Listing):
    """The manifests after variables, environments, `forEach` and templates, as `render --json` prints them."""

    name: ClassVar[str] = "render"
    row: ClassVar[type] = RenderedRow
    empty: ClassVar[str] = "Nothing is declared."

    rows: tuple[RenderedRow, ...]

    def lines(self) -> Iterator[Line]:
        """A document of YAML for each resource."""
        for number, row in enumerate(self.rows):
            if number:
                yield line("---")
            if row.address.key:
                yield line((f"# {row.address}", Tone.FAINT))
            yield line(f"apiVersion: {API_VERSION}")
            yield line(f"kind: {row.kind}")
            yield from _mapping(row.manifest, row.origins, (), "")


def rendered_row(
    address: Address,
    parts: Mapping[str, Value],
    origins: Mapping[Path, Origin],
    unread: tuple[Path, ...],
) -> RenderedRow:
    """Returns the row of a resource.

    `parts` has its metadata, spec and lifecycle; `origins` the place of each value; `unread` the paths without a value.
    """
    manifest: dict[str, Any] = {name: _shown(value) for name, value in parts.items()}
    for *path, last in unread:
        inner = manifest
        for name in path:
            inner = inner.setdefault(str(name), {})
        inner[str(last)] = _UNREAD
    places = {_label(path): str(place) for path, place in origins.items()}
    return RenderedRow(address, KINDS[address.type].name, manifest, places)


def _shown(value: Value) -> Any:
    """Returns the value as plain data."""
    match value:
        case Ref():
            return str(value)
        case dict():
            return {name: _shown(item) for name, item in value.items()}
        case list() | tuple():
            return [_shown(item) for item in value]
        case None | bool() | int() | float() | str():
            return value
        case _:
            return inline(value)


def _label(path: Path) -> str:
    return label_of(("", *path)).removeprefix(".")


def _mapping(values: Mapping[str, Any], origins: Mapping[str, str], path: Path, indent: str) -> Iterator[Line]:
    for name, value in values.items():
        yield from _value(f"{indent}{_scalar(name)}:", value, origins, (*path, name), f"{indent}  ")


def _value(head: str, value: Any, origins: Mapping[str, str], path: Path, indent: str) -> Iterator[Line]:
    """Yields the lines of a value; `head` stands before it, and what is inside it is indented."""
    match value:
        case dict() if value:
            yield line(head)
            yield from _mapping(value, origins, path, indent)
        case list() if value:
            yield line(head)
            for number, item in enumerate(value):
                yield from _entry(item, origins, (*path, number), indent)
        case _:
            first, *others = _scalar(value).split("\n")
            place = origins.get(_label(path), "")
            yield line(f"{head} {first}", (f"  # {place}" if place else "", Tone.FAINT))
            yield from (line(f"{indent}{text.removeprefix('  ')}" if text else "") for text in others)


def _entry(item: Any, origins: Mapping[str, str], path: Path, indent: str) -> Iterator[Line]:
    """Yields the lines of an entry of a list; the first key of a mapping stands beside the dash."""
    if not isinstance(item, dict) or not item:
        yield from _value(f"{indent}-", item, origins, path, f"{indent}  ")
        return
    (name, value), *others = item.items()
    yield from _value(f"{indent}- {_scalar(name)}:", value, origins, (*path, name), f"{indent}    ")
    yield from _mapping(dict(others), origins, path, f"{indent}  ")


def _scalar(value: Any) -> str:
    """Returns a scalar, an empty list or an empty map as YAML."""
    try:
        return emit_scalar(value)
    except NotReadBack:
        return inline(value)
