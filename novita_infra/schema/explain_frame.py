"""Explanations of the project file, and of the metadata and lifecycle of every resource.

They are read from the published JSON Schemas, so that both agree. Nothing here prints.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from novita_infra.kinds.kind import Kind
from novita_infra.model.diagnostics import nearest, problem
from novita_infra.model.frozen import dataclass
from novita_infra.schema.frame import CHECK, EXISTENCE
from novita_infra.schema.modules.interface import INTERFACE_EXAMPLE
from novita_infra.schema.modules.use import EXAMPLE as USE_EXAMPLE
from novita_infra.schema.modules.use import MODULE_SPEC
from novita_infra.schema.project import EXAMPLE
from novita_infra.schema.resources import (
    frame_schema,
    module_interface_schema,
    module_schema,
    project_schema,
    schema_of,
)
from novita_infra.schema.wording import default_of, limits_of, shown_value, type_of

PROJECT: Final = "Project"
MODULE: Final = "Module"
INTERFACE: Final = "ModuleInterface"
FRAME: Final = ("apiVersion", "kind", "metadata", *EXISTENCE, "lifecycle", CHECK)
"""The parts of a resource's document beside its spec."""
EXPRESSION: Final = "expression"
"""The title of the schema of an expression, whose pattern says nothing to a person."""
CHOSEN: Final = "NAME"
"""The placeholder in paths for a key that the writer chooses, such as the name of a variable."""


@dataclass(frozen=True, slots=True)
class PartExplained:
    """A field of the project file or of a resource's frame, with the fields inside it."""

    within: str
    """`Project`, or the kind; empty for the frame of all kinds."""
    path: str
    """As in a manifest: `lifecycle.onDrift`, `environments.NAME.patches.target`. Empty for the whole."""
    doc: str
    type: str
    required: bool
    default: str
    """As a manifest would have it; empty where there is none."""
    limits: tuple[str, ...]
    examples: tuple[str, ...]
    items: tuple[PartExplained, ...] = ()
    example: str = ""
    """A whole project file, for the whole of it."""

    @property
    def title(self) -> str:
        """The argument of `explain`: `Project.budget`, `Instance.lifecycle.onDrift`, `lifecycle.onDrift`."""
        return ".".join(name for name in (self.within, self.path) if name)

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition(".")[2]

    def listed(self) -> Iterator[PartExplained]:
        """The fields inside it. Below a name of the writer's choice, also the fields inside that."""
        for item in self.items:
            yield item
            if item.name == CHOSEN:
                yield from item.items


def explain_project(path: str = "") -> PartExplained:
    """The explanation of the project file, or of a `path` in it: `budget.perHour`, `variables.NAME.type`.

    Raises Problems, with the nearest known name, for an unknown path.
    """
    return _at(path, replace(_whole(project_schema(), within=PROJECT), example=EXAMPLE))


def explain_module(path: str = "", *, interface: bool = False) -> PartExplained:
    """The explanation of a document that uses a module, or of the `interface` of a module; or of a `path` in it.

    Raises Problems, with the nearest known name, for an unknown path.
    """
    if interface:
        whole, example = _whole(module_interface_schema(), within=INTERFACE), INTERFACE_EXAMPLE
    else:
        whole, example = _whole(module_schema(), within=MODULE), USE_EXAMPLE
        if path.partition(".")[0] in MODULE_SPEC["properties"]:
            path = f"spec.{path}"
    return _at(path, replace(whole, example=example))


def explain_frame(path: str, kind: Kind | None = None) -> PartExplained:
    """The explanation of a `path` such as `lifecycle.onDrift`, for the kind or for any kind.

    Raises Problems, with the nearest known name, for an unknown path.
    """
    return _at(path, _whole(schema_of(kind) if kind else frame_schema(), within=kind.name if kind else ""))


def _whole(schema: Mapping[str, Any], *, within: str) -> PartExplained:
    plain = _plain({name: part for name, part in schema.items() if name not in {"$defs", "title"}}, schema["$defs"])
    return _part(plain, (), within=within, required=True)


def _at(path: str, whole: PartExplained) -> PartExplained:
    found = whole
    names = path.split(".") if path else []
    for index, name in enumerate(names):
        found = _inside(found, name, last=index == len(names) - 1)
    return found


def _inside(part: PartExplained, name: str, *, last: bool) -> PartExplained:
    """The field of that name. A name that the writer may choose need not be known."""
    known = {item.name: item for item in part.items}
    if name in known:
        return known[name]
    if CHOSEN not in known:
        raise problem(f'{part.title} has no field "{name}"', nearest(name, tuple(known)))
    chosen = known[CHOSEN]
    fields = {item.name: item for item in chosen.items}
    if name in fields:
        return fields[name]
    hint = nearest(name, tuple(fields))
    if not name or (last and hint.startswith("did you mean")):
        raise problem(f'{chosen.title} has no field "{name}"', hint)
    return chosen


def _part(schema: Mapping[str, Any], path: tuple[str, ...], *, within: str, required: bool) -> PartExplained:
    return PartExplained(
        within=within,
        path=".".join(path),
        doc=schema.get("description", ""),
        type=type_of(schema),
        required=required,
        default=default_of(schema.get("default")),
        limits=tuple(_limits(schema)),
        examples=tuple(
            shown_value(example) for example in schema.get("examples", schema.get("items", {}).get("examples", ()))
        ),
        items=tuple(
            _part(inner, (*path, name), within=within, required=needed) for name, inner, needed in _fields(schema)
        ),
    )


def _limits(schema: Mapping[str, Any]) -> Iterator[str]:
    """The limits of the whole, and of each alternative that is one value."""
    yield from limits_of(schema)
    for branch in schema.get("anyOf", ()):
        if branch.get("title") != EXPRESSION:
            yield from (f"{type_of(branch)}: {limit}" for limit in limits_of(branch) if "properties" not in branch)


def _fields(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """The named fields inside the schema, its list or its alternatives, and whether each is required."""
    for name, inner in schema.get("properties", {}).items():
        yield name, inner, name in schema.get("required", ())
    of_each = schema.get("additionalProperties")
    if isinstance(of_each, Mapping) and any(_fields(of_each)):
        yield CHOSEN, of_each, False
    for branch in (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else [])):
        yield from _fields(branch)


def _plain(schema: Mapping[str, Any], shared: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """The schema without references to shared definitions, with all alternatives as `anyOf`.

    A definition that refers to itself is described once, not inside of itself.
    """
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        named, shared = shared[name], {**shared, name: {"type": "object"}}
        schema = {**named, **{name: part for name, part in schema.items() if name != "$ref"}}
    if "else" in schema and "then" not in schema and "if" in schema:  # or an expression
        limits = {name: part for name, part in schema["else"].items() if name != "default"}
        schema = {**limits, **{name: part for name, part in schema.items() if name not in ("if", "else")}}
    plain = dict(schema)
    if "then" in schema and "else" in schema:
        plain["anyOf"] = [schema["else"], schema["then"]]
    elif isinstance(schema.get("type"), Sequence) and not isinstance(schema["type"], str):
        plain = {name: part for name, part in schema.items() if name != "type"}
        plain["anyOf"] = [{"type": one} for one in schema["type"]]
    if "allOf" in plain:
        plain["properties"] = {**plain.get("properties", {}), **_conditional(plain["allOf"])}
    if "properties" in plain:
        plain["properties"] = {name: _plain(part, shared) for name, part in plain["properties"].items()}
    for name in ("items", "additionalProperties"):
        if isinstance(plain.get(name), Mapping):
            plain[name] = _plain(plain[name], shared)
    if "anyOf" in plain:
        plain["anyOf"] = [_plain(branch, shared) for branch in plain["anyOf"]]
    return plain


def _conditional(rules: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The properties that only some values of another one allow, such as the settings of each state backend.

    One of several such values is described with all of them, and has no default of its own.
    """
    by_name: dict[str, dict[str, Any]] = {}
    for rule in rules:
        ((chooser, choice),) = rule["if"]["properties"].items()
        for name, part in rule["then"]["properties"].items():
            if name != chooser and isinstance(part, Mapping):
                by_name.setdefault(name, {})[choice["const"]] = part
    return {name: _merged(parts) for name, parts in by_name.items()}


def _merged(parts: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """One property for those of several choices."""
    first, alone = next(iter(parts.values())), len(parts) == 1
    texts = []
    for text, choices in _grouped(parts, "description").items():
        defaults = (
            {} if alone else _grouped({name: parts[name] for name in choices if "default" in parts[name]}, "default")
        )
        words = [f"{value} ({', '.join(of)})" if len(defaults) > 1 else str(value) for value, of in defaults.items()]
        default = f" Default: {', '.join(words)}." if words else ""
        texts.append(f"{', '.join(choices)}: {text}{default}")
    shared = {name: value for name, value in first.items() if name != "default" or alone}
    return {**shared, "description": " ".join(texts)}


def _grouped(parts: Mapping[str, Mapping[str, Any]], name: str) -> Mapping[Any, Sequence[str]]:
    """Each value that the parts have under a name, with the choices whose part has it."""
    found: dict[Any, list[str]] = {}
    for choice, part in parts.items():
        found.setdefault(part[name], []).append(choice)
    return found
