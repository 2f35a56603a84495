"""Documents against the format: what they are at all, and whether they fit the schema of their kind.

The good path is one compiled yes or no for each document; only a bad one is explained.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from novita_infra.diagnostics import Diagnostic, nearest
from novita_infra.kinds import KINDS, by_name
from novita_infra.kinds.kind import Field, Kind
from novita_infra.kinds.schemas import project_schema, schema_of
from novita_infra.manifests.places import Path, key_origin_at, origin, origin_at
from novita_infra.manifests.reading import Document
from novita_infra.manifests.sources import Sources
from novita_infra.resources import Address

API_VERSION: Final = "novita-infra/v1"
PROJECT_FILE: Final = "novita-infra.yaml"

_KIND_NAMES: Final = tuple(kind.name for kind in KINDS.values())
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Headed:
    """A document of which the kind and the address are known."""

    document: Document
    kind: Kind
    address: Address


def head(document: Document) -> tuple[Headed | None, list[Diagnostic]]:
    """What the document declares, or why that cannot be told."""
    data = document.data
    if not isinstance(data, dict):
        shape = "a list" if isinstance(data, list) else "a text" if isinstance(data, str) else "a single value"
        hint = "a manifest is a mapping of apiVersion, kind, metadata and spec"
        return None, [Diagnostic(f"the document is {shape}", hint, origin=origin(document.spot))]
    diagnostics = [*_version(document)]
    kind, wrong = _kind(document)
    diagnostics += wrong
    name, wrong = _name(document)
    diagnostics += wrong
    if kind is None or name is None:
        return None, diagnostics
    return Headed(document, kind, Address(kind.prefix, name)), diagnostics


def faults(headed: Headed, data: Any, sources: Sources) -> list[Diagnostic]:
    """What the schema of its kind has against the document; `data` is the document with variables worked in."""
    if _validator(headed.kind.prefix).is_valid(data):
        return []
    from novita_infra.manifests.explaining import Subject, explain  # noqa: PLC0415 - imports jsonschema

    document = headed.document
    fields = {field.name: field for field in headed.kind.fields}
    subject = Subject(data, document.data, document.spot, sources, hidden=lambda path: _hides(fields, path))
    found = explain(schema_of(headed.kind), subject)
    return found or _unexplained(_validator(headed.kind.prefix), data, document)


def project_faults(document: Document, sources: Sources) -> list[Diagnostic]:
    """What the schema of the project file has against it."""
    validator = _project_validator()
    if validator.is_valid(document.data):
        return []
    from novita_infra.manifests.explaining import Subject, explain  # noqa: PLC0415 - imports jsonschema

    found = explain(project_schema(), Subject(document.data, document.data, document.spot, sources))
    return found or _unexplained(validator, document.data, document)


def _version(document: Document) -> list[Diagnostic]:
    data = document.data
    if "apiVersion" not in data:
        hint = f"begin it with apiVersion: {API_VERSION}; a YAML file that is no manifest does not belong here"
        return [Diagnostic('the document has no "apiVersion"', hint, origin=origin(document.spot))]
    if data["apiVersion"] == API_VERSION:
        return []
    place = origin_at(document.spot, ("apiVersion",))
    return [Diagnostic(f"unknown apiVersion {_quoted(data['apiVersion'])}", f"it is {API_VERSION}", origin=place)]


def _kind(document: Document) -> tuple[Kind | None, list[Diagnostic]]:
    data = document.data
    if "kind" not in data:
        hint = f"known: {', '.join(sorted(_KIND_NAMES))}"
        return None, [Diagnostic('the document has no "kind"', hint, origin=origin(document.spot))]
    name, place = data["kind"], origin_at(document.spot, ("kind",))
    kind = by_name(name) if isinstance(name, str) else None
    if kind is not None:
        return kind, []
    if name == "Project":
        return None, [Diagnostic("a project is declared here", f"it belongs into {PROJECT_FILE}", origin=place)]
    return None, [Diagnostic(f"unknown kind {_quoted(name)}", nearest(str(name), _KIND_NAMES), origin=place)]


def _name(document: Document) -> tuple[str | None, list[Diagnostic]]:
    metadata = document.data.get("metadata")
    if metadata is None:
        hint = "add metadata: {name: ...}; the name is part of the resource's address"
        return None, [Diagnostic('the document has no "metadata"', hint, origin=origin(document.spot))]
    if not isinstance(metadata, dict) or "name" not in metadata:
        place = key_origin_at(document.spot, ("metadata",))
        return None, [Diagnostic('"metadata" has no "name"', "add one, such as name: trainer", origin=place)]
    name = metadata["name"]
    if isinstance(name, str) and _NAME.fullmatch(name):
        return name, []
    hint = "a name is made of letters, digits, - and _, and begins with a letter or _"
    if isinstance(name, str) and "${" in name:
        hint = "it is part of the resource's address, so it takes no expressions"
    place = origin_at(document.spot, ("metadata", "name"))
    return None, [Diagnostic(f"{_quoted(name)} cannot be a name", hint, origin=place)]


def _quoted(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return "(no text)"
    text = "(nothing)" if value is None else str(value)
    return f'"{text}"' if len(text) <= 60 else f'"{text[:57]}..."'


def _hides(fields: Mapping[str, Field], path: Path) -> bool:
    """Whether the value at the path of the document may be a secret."""
    if len(path) < 2 or path[0] != "spec" or path[1] not in fields:
        return False
    field = fields[str(path[1])]
    return field.secret or (field.secret_items and len(path) > 2)


def _unexplained(validator: Any, data: Any, document: Document) -> list[Diagnostic]:
    """For what one validator refuses and the other takes: both follow the same standard, but not the same authors."""
    return [
        Diagnostic(f"not allowed: {error.message}", origin=origin_at(document.spot, tuple(error.instance_path)))
        for error in validator.iter_errors(data)
    ]


@functools.cache
def _validator(prefix: str) -> Any:
    import jsonschema_rs  # noqa: PLC0415 - a command that reads no manifest does not pay for it

    return jsonschema_rs.Draft202012Validator(schema_of(KINDS[prefix]))


@functools.cache
def _project_validator() -> Any:
    import jsonschema_rs  # noqa: PLC0415 - the same

    return jsonschema_rs.Draft202012Validator(project_schema())
