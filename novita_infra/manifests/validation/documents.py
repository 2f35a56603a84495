"""Identifies documents and validates them against the schema of their kind.

A valid document costs one call of a compiled validator. Only an invalid one is explained.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from novita_infra.kinds import KINDS, by_name
from novita_infra.kinds.field import Field, Secrecy
from novita_infra.kinds.kind import Kind
from novita_infra.manifests.validation.messages import explain_schema_error
from novita_infra.manifests.validation.subject import Subject
from novita_infra.manifests.yaml.composing import Document
from novita_infra.manifests.yaml.positions import Path, key_origin_at, origin, origin_at
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic, nearest
from novita_infra.model.frozen import dataclass
from novita_infra.model.printable import shortened
from novita_infra.model.values import Value
from novita_infra.schema.frame import EXISTENCE
from novita_infra.schema.resources import module_interface_schema, module_schema, project_schema, schema_of
from novita_infra.schema.state_settings import backends_for

API_VERSION: Final = "novita-infra/v1"
PROJECT_FILE: Final = "novita-infra.yaml"
MODULE_FILE: Final = "novita-infra-module.yaml"
LOCK_FILE: Final = "novita-infra.lock.yaml"
"""Pins the modules from git. It is no manifest."""
MODULE_KIND: Final = "Module"

_KIND_NAMES: Final = (*(kind.name for kind in KINDS.values()), MODULE_KIND)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class IdentifiedDocument:
    """A document with its kind and address."""

    document: Document
    kind: Kind
    address: Address
    each: Mapping[str, Value] | None = None
    """What `${each.key}` and `${each.value}` give in it; None without `forEach`."""


def head(document: Document) -> tuple[IdentifiedDocument | None, list[Diagnostic]]:
    """Returns the document's kind and address, or the diagnostics why it has none."""
    data = document.data
    if not isinstance(data, dict):
        shape = "a list" if isinstance(data, list) else "a text" if isinstance(data, str) else "a single value"
        hint = "a manifest is a mapping of apiVersion, kind, metadata and spec"
        return None, [Diagnostic(f"the document is {shape}", hint, origin=origin(document.position))]
    if "apiVersion" not in data and "kind" not in data:
        hint = f"begin it with apiVersion: {API_VERSION}; a file for --var-file is named NAME.vars.yaml; "
        return None, [
            Diagnostic("the document is no manifest", hint + left_out(document.file), origin=origin(document.position))
        ]
    if is_foreign(document):
        summary = f"the document belongs to another program: its apiVersion is {_quoted(data['apiVersion'])}"
        hint = f"ours is {API_VERSION}; {left_out(document.file)}"
        return None, [Diagnostic(summary, hint, origin=origin_at(document.position, ("apiVersion",)))]
    diagnostics = [*_version(document)]
    kind, errors = _kind(document)
    diagnostics += errors
    name, errors = _name(document)
    diagnostics += errors
    if kind is None or name is None:
        return None, diagnostics
    return IdentifiedDocument(document, kind, Address(kind.type, name)), diagnostics


def is_foreign(document: Document) -> bool:
    """Returns whether the document names an apiVersion and a kind that both are not ours."""
    data = document.data
    version = data.get("apiVersion") if isinstance(data, dict) else None
    if not isinstance(version, str) or version.startswith("novita"):
        return False
    kind = data.get("kind")
    return isinstance(kind, str) and kind not in (*_KIND_NAMES, "Project")


def is_encrypted(document: Document) -> bool:
    """Returns whether SOPS encrypted the file. It is the source of secrets, and no manifest."""
    data = document.data
    return isinstance(data, dict) and "apiVersion" not in data and isinstance(data.get("sops"), dict)


def left_out(file: str) -> str:
    """Returns the hint for a file that is not meant to be a manifest."""
    return f'to leave the file out, write ignore: ["{file}"] into {PROJECT_FILE}'


def schema_errors(identified: IdentifiedDocument, data: Any, sources: Sources) -> list[Diagnostic]:
    """Returns the errors of the document by its kind's schema; `data` is the document after evaluation."""
    fields = identified.kind.by_name
    schema = _kind_schema(identified.kind.type)

    def hidden(path: Path) -> bool:
        return _hides(fields, path) or _is_hidden(identified.document, path, sources)

    return schema.faults(identified.document, data, sources, hidden=hidden)


def project_errors(document: Document, sources: Sources) -> list[Diagnostic]:
    """Returns the errors of the project file by its schema."""

    def hidden(path: Path) -> bool:
        return _is_hidden(document, path, sources)

    return _project_schema(document.data).faults(document, document.data, sources, hidden=hidden)


def part_errors(document: Document, part: str, value: Any, sources: Sources) -> list[Diagnostic]:
    """Returns the errors of one part of the project file after evaluation, by its schema."""

    def hidden(path: Path) -> bool:
        return _is_hidden(document, path, sources)

    data = {"apiVersion": API_VERSION, "kind": "Project", "metadata": {"name": "project"}, part: value}
    return _project_schema(data).faults(document, data, sources, hidden=hidden)


def module_head(document: Document) -> tuple[str | None, list[Diagnostic]]:
    """Returns the name of a document of kind Module, or the diagnostics why it has none."""
    name, errors = _name(document)
    return name, [*_version(document), *errors]


def module_errors(document: Document, sources: Sources, *, interface: bool = False) -> list[Diagnostic]:
    """Returns the errors of a document of kind Module, or of the `interface` of a module, by its schema."""
    schema = _compiled_module(interface=interface)
    if not isinstance(document.data, dict):
        return [
            Diagnostic(
                "the document is no mapping",
                f"begin it with apiVersion: {API_VERSION}",
                origin=origin(document.position),
            )
        ]

    def hidden(path: Path) -> bool:
        return _is_hidden(document, path, sources)

    apart = () if interface else EXISTENCE  # what makes its keys is checked where they are made
    data = {name: item for name, item in document.data.items() if name not in apart}
    spec = data.get("spec")
    if isinstance(spec, dict) and isinstance(spec.get("source"), str):
        data["spec"] = {**spec, "source": "./"}  # what it may be is said where the module is searched
    return schema.faults(document, data, sources, hidden=hidden)


def _version(document: Document) -> list[Diagnostic]:
    data = document.data
    if "apiVersion" not in data:
        hint = f"begin it with apiVersion: {API_VERSION}"
        return [Diagnostic('the document has no "apiVersion"', hint, origin=origin(document.position))]
    if data["apiVersion"] == API_VERSION:
        return []
    place = origin_at(document.position, ("apiVersion",))
    return [Diagnostic(f"unknown apiVersion {_quoted(data['apiVersion'])}", f"it is {API_VERSION}", origin=place)]


def _kind(document: Document) -> tuple[Kind | None, list[Diagnostic]]:
    data = document.data
    if "kind" not in data:
        hint = f"known: {', '.join(sorted(_KIND_NAMES))}"
        return None, [Diagnostic('the document has no "kind"', hint, origin=origin(document.position))]
    name, place = data["kind"], origin_at(document.position, ("kind",))
    kind = by_name(name) if isinstance(name, str) else None
    if kind is not None:
        return kind, []
    if name == "Project":
        return None, [Diagnostic("a project is declared here", f"it belongs into {PROJECT_FILE}", origin=place)]
    return None, [Diagnostic(f"unknown kind {_quoted(name)}", nearest(str(name), _KIND_NAMES), origin=place)]


def _name(document: Document) -> tuple[str | None, list[Diagnostic]]:
    metadata = document.data.get("metadata")
    if metadata is None:
        near = next(
            (key for key in document.data if isinstance(key, str) and nearest(key, ("metadata",))[:3] == "did"), ""
        )
        hint = f'write metadata in place of "{near}"' if near else "add metadata: {name: ...}"
        place = key_origin_at(document.position, (near,)) if near else origin(document.position)
        summary, hint = 'the document has no "metadata"', f"{hint}; the name is part of the resource's address"
        return None, [Diagnostic(summary, hint, origin=place)]
    if not isinstance(metadata, dict):
        place = origin_at(document.position, ("metadata",))
        return None, [Diagnostic('"metadata" wants a map', "such as metadata: {name: trainer}", origin=place)]
    if "name" not in metadata:
        place = key_origin_at(document.position, ("metadata",))
        return None, [Diagnostic('"metadata" has no "name"', "add one, such as name: trainer", origin=place)]
    name = metadata["name"]
    if isinstance(name, str) and _NAME.fullmatch(name):
        return name, []
    hint = "a name is made of letters, digits, - and _, and begins with a letter or _"
    if isinstance(name, str) and "${" in name:
        hint = "it is part of the resource's address, so it takes no expressions"
    place = origin_at(document.position, ("metadata", "name"))
    return None, [Diagnostic(f"{_quoted(name)} cannot be a name", hint, origin=place)]


def _quoted(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return "(no text)"
    text = "(nothing)" if value is None else str(value)
    return f'"{shortened(text)}"'


def _hides(fields: Mapping[str, Field], path: Path) -> bool:
    """Returns whether the value at the path may be a secret."""
    if len(path) < 2 or path[0] != "spec" or path[1] not in fields:
        return False
    return fields[str(path[1])].secrecy is not Secrecy.PUBLIC


def _is_hidden(document: Document, path: Path, sources: Sources) -> bool:
    """Returns whether the value stands at a place of its file that may hold a secret."""
    return not sources.shows(origin_at(document.position, path))


@dataclass(frozen=True, slots=True)
class _Schema:
    """A schema with its compiled validator."""

    whole: Callable[[], dict[str, Any]]
    """Returns the schema that explains errors."""
    validator: Any
    fields: Mapping[str, Field]
    """The fields of the kind, by name; none for the project file."""

    def faults(
        self, document: Document, data: Any, sources: Sources, *, hidden: Callable[[Path], bool]
    ) -> list[Diagnostic]:
        if self.validator.is_valid(data):
            return []
        subject = Subject(data, document.data, document.position, sources, hidden, self.fields)
        return explain_schema_error(self.whole(), subject) or self._unexplained(subject)

    def _unexplained(self, subject: Subject) -> list[Diagnostic]:
        """Returns the diagnostic for data that the compiled validator refuses and jsonschema accepts."""
        errors = [(tuple(error.instance_path), error) for error in self.validator.iter_errors(subject.data)]
        return [
            Diagnostic(
                f"{subject.label(path)} is not allowed",
                error.message if subject.quotes(error.instance, path) else "",
                origin=origin_at(subject.position, path),
            )
            for path, error in errors
        ]


@functools.cache
def _kind_schema(prefix: str) -> _Schema:
    return _compiled(schema_of(KINDS[prefix]), KINDS[prefix].by_name)


@functools.cache
def _compiled_module(*, interface: bool) -> _Schema:
    return _compiled(module_interface_schema() if interface else module_schema(), {})


def _project_schema(data: Any) -> _Schema:
    """Returns the schema of those parts of the project file that the data has: the others would import more modules."""
    parts = data if isinstance(data, dict) else {}
    return _compiled_project(frozenset(parts), backends_for(parts["state"]) if "state" in parts else ())


@functools.cache
def _compiled_project(parts: frozenset[str], backends: tuple[str, ...]) -> _Schema:
    return _compiled(project_schema(parts, backends), {}, project_schema)


def _compiled(
    schema: dict[str, Any], fields: Mapping[str, Field], whole: Callable[[], dict[str, Any]] | None = None
) -> _Schema:
    import jsonschema_rs  # noqa: PLC0415 - a command that reads no manifest does not pay for it

    return _Schema(whole or (lambda: schema), jsonschema_rs.Draft202012Validator(schema), fields)
