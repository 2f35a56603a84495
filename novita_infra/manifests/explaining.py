"""Why a value does not fit its schema, in the words of the person who wrote it.

It is called only when something is wrong: importing jsonschema takes longer than checking a whole fleet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from novita_infra.diagnostics import Diagnostic, nearest
from novita_infra.manifests.places import Path, Spot, key_origin_at, origin_at, spot_at
from novita_infra.manifests.sources import Sources

_NAMES: Final = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a map",
    "null": "nothing",
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What is explained: data, where it stands, and how it was written."""

    data: Any
    """With variables worked in."""
    written: Any
    """As it stands in the file."""
    spot: Spot
    sources: Sources
    hidden: Callable[[Path], bool] = lambda _: False
    """Whether the value at a path must not be shown."""


def explain(schema: Mapping[str, Any], subject: Subject) -> list[Diagnostic]:
    """Everything that the schema (draft 2020-12) has against the data; nothing where it has nothing."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - see the module's docstring

    diagnostics: dict[Diagnostic, None] = {}
    for error in Draft202012Validator(dict(schema)).iter_errors(subject.data):
        for cause in _causes(error, subject.data):
            diagnostics.update(dict.fromkeys(_told(cause, subject)))
    return list(diagnostics)


# --- from the errors of a schema with alternatives to those that the writer meant --------------------------------


def _causes(error: Any, data: Any) -> Iterator[Any]:
    """The error itself, or those of the alternative that the value was most likely meant to be."""
    if error.validator not in ("anyOf", "oneOf") or not error.context:
        yield error
        return
    branches: dict[int, list[Any]] = {}
    for item in error.context:
        branches.setdefault(item.schema_path[0], []).append(item)
    meant = [
        (branch, errors)
        for branch, errors in branches.items()
        if not _is_alternative(error.validator_value[branch], errors, error.instance)
    ] or list(branches.items())
    fitting = [(branch, errors) for branch, errors in meant if not _is_wrong_type(errors, error)]
    chosen = fitting or meant
    if len(chosen) > 1 and not fitting:
        yield error
        return
    _, errors = max(chosen, key=lambda item: (_depth(item[1]), -len(item[1]), -item[0]))
    for item in errors:
        yield from _causes(item, data)


def _is_alternative(branch: Any, errors: Sequence[Any], instance: Any) -> bool:
    """Whether the branch is the `${...}` or the secret form that every field has beside its own."""
    shape = str(branch) + "".join(str(item.schema) for item in errors if len(item.path) == 0)
    if "fromEnv" in shape:
        return not (isinstance(instance, dict) and ("fromEnv" in instance or "fromFile" in instance))
    return "\\$\\{" in shape or "[$]" in shape


def _is_wrong_type(errors: Sequence[Any], parent: Any) -> bool:
    return any(item.validator == "type" and len(item.path) == 0 for item in errors) and bool(parent.context)


def _depth(errors: Sequence[Any]) -> int:
    return max(len(item.absolute_path) for item in errors)


# --- one error in words --------------------------------------------------------------------------------------------


def _told(error: Any, subject: Subject) -> Iterator[Diagnostic]:
    path: Path = tuple(error.absolute_path)
    match error.validator:
        case "required":
            yield from _missing(error, path, subject)
        case "additionalProperties" | "unevaluatedProperties":
            yield from _unknown(error, path, subject)
        case "propertyNames":
            yield _named(error, path, subject)
        case _:
            summary, hint = _said(error, path, subject)
            label = label_of(path)
            expanded = _from_expression(path, subject)
            yield Diagnostic(f"{label} {summary}{expanded}", hint, origin=origin_at(subject.spot, path))


def _missing(error: Any, path: Path, subject: Subject) -> Iterator[Diagnostic]:
    properties = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
    label = label_of(path)
    within = f" in {label}" if label and path != ("spec",) else ""
    for name in error.validator_value:
        if name not in error.instance:
            about = properties.get(name, {})
            said = about.get("description", "") if isinstance(about, dict) else ""
            hint = f"{name}: {said}" if said else f"add {name}: ..."
            yield Diagnostic(f'the field "{name}" is missing{within}', hint, origin=key_origin_at(subject.spot, path))


def _unknown(error: Any, path: Path, subject: Subject) -> Iterator[Diagnostic]:
    known = tuple(error.schema.get("properties", {}))
    label = label_of(path)
    within = f" in {label}" if label and path != ("spec",) else ""
    for name in error.instance:
        if name not in known:
            place = key_origin_at(subject.spot, (*path, name))
            yield Diagnostic(f'unknown field "{name}"{within}', nearest(name, known), origin=place)


def _named(error: Any, path: Path, subject: Subject) -> Diagnostic:
    name = error.instance
    place = key_origin_at(subject.spot, (*path, name))
    return Diagnostic(f'"{name}" cannot be a name in {label_of(path)}', error.message, origin=place)


def _said(error: Any, path: Path, subject: Subject) -> tuple[str, str]:
    """What is wrong, to be read after the name of the field, and what is allowed."""
    limit, value = error.validator_value, error.instance
    shown = "this value" if subject.hidden(path) else _shown(value)
    match error.validator:
        case "type" | "anyOf" | "oneOf":
            return _wrong_type(error, path, subject)
        case "enum":
            return f"cannot be {shown}", nearest(str(value), [str(item) for item in limit])
        case "const":
            return f"is {shown}", f"it must be {_shown(limit)}"
        case "minimum" | "exclusiveMinimum":
            return f"is {shown}, which is too small", _range(error.schema)
        case "maximum" | "exclusiveMaximum":
            return f"is {shown}, which is too large", _range(error.schema)
        case "multipleOf":
            return f"is {shown}", f"it must be a multiple of {limit}"
        case "minLength" | "minItems" | "minProperties" if not value:
            return "is empty", "give it a value, or remove the field"
        case "minLength" | "maxLength":
            return f"has {len(value)} characters", _amount(error.schema, "Length", "characters")
        case "minItems" | "maxItems":
            return f"has {len(value)} items", _amount(error.schema, "Items", "items")
        case "minProperties" | "maxProperties":
            return f"has {len(value)} entries", _amount(error.schema, "Properties", "entries")
        case "uniqueItems":
            return "holds an item twice", "keep one of them"
        case "pattern":
            return f"cannot be {shown}", _looks_like(error.schema)
        case _:
            return "is not allowed", "" if subject.hidden(path) else str(error.message)


def _wrong_type(error: Any, path: Path, subject: Subject) -> tuple[str, str]:
    value = error.instance
    wanted = _wanted(error)
    if value is None:
        return "is empty", f"give it {_spoken(wanted)}, or remove the line"
    number = isinstance(value, (int, float))
    word = subject.sources.word(origin_at(subject.spot, path)) if number else ""
    literal = number and spot_value(subject.written, path) == value
    shown = "this value" if subject.hidden(path) else word if literal and word else _shown(value)
    hint = ""
    if number and "string" in wanted:
        hint = "write it in quotes" if subject.hidden(path) or not (literal and word) else f'write it in quotes: "{word}"'
    elif isinstance(value, str) and not subject.hidden(path) and _reads_as(value, wanted):
        hint = "write it without quotes"
    elif "array" in wanted:
        hint = "write [item, item], or one item a line after \"- \""
    return f"wants {_spoken(wanted)}, not {shown}", hint


def _wanted(error: Any) -> list[str]:
    """The types that fit, of all alternatives that are the field's own."""
    if error.validator == "type":
        return [error.validator_value] if isinstance(error.validator_value, str) else list(error.validator_value)
    found: list[str] = []
    for item in error.context:
        if item.validator == "type" and len(item.path) == 0 and not _is_alternative(item.schema, (), error.instance):
            found += [item.validator_value] if isinstance(item.validator_value, str) else item.validator_value
    return list(dict.fromkeys(found))


def _spoken(types: Sequence[str]) -> str:
    return " or ".join(_NAMES.get(item, item) for item in types) or "something else"


def _reads_as(text: str, wanted: Sequence[str]) -> bool:
    if "boolean" in wanted:
        return text in ("true", "false")
    return ("integer" in wanted or "number" in wanted) and text.isascii() and text.isdigit()


def _range(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    match low, high:
        case None, _:
            return f"at most {high}" if high is not None else ""
        case _, None:
            return f"at least {low}"
        case _:
            return f"allowed: {low} to {high}"


def _amount(schema: Mapping[str, Any], of: str, unit: str) -> str:
    low, high = schema.get(f"min{of}"), schema.get(f"max{of}")
    if low == high:
        return f"exactly {low} {unit} are allowed" if low != 1 else f"exactly one of the {unit} is allowed"
    if high is None:
        return f"at least {low} {unit} are wanted"
    return f"at most {high} {unit} are allowed"


def _looks_like(schema: Mapping[str, Any]) -> str:
    examples = schema.get("examples")
    if examples:
        return f"it looks like {' or '.join(_shown(item) for item in examples)}"
    said = schema.get("description")
    return str(said) if said else f"it must match {schema.get('pattern')}"


def _from_expression(path: Path, subject: Subject) -> str:
    """Says which expression gave the value, for the file does not show it."""
    written = spot_value(subject.written, path)
    if isinstance(written, str) and "${" in written and written != spot_value(subject.data, path):
        return f" (from {written})" if len(written) <= 80 else " (from an expression)"
    return ""


def spot_value(data: Any, path: Path) -> Any:
    """The value at a path, None where there is none."""
    for part in path:
        if isinstance(data, dict) and part in data:
            data = data[part]
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return None
    return data


def label_of(path: Path) -> str:
    """A path as a person writes it: `ports[0]`, `metadata.labels.team`; fields of the spec go without `spec`."""
    parts = path[1:] if path[:1] == ("spec",) and len(path) > 1 else path
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).lstrip(".")


def _shown(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case None:
            return "nothing"
        case str():
            text = value if len(value) <= 60 else f"{value[:57]}..."
            return '"' + text.replace("\n", "\\n") + '"'
        case list():
            return "a list"
        case dict():
            return "a map"
        case _:
            return str(value) if len(str(value)) <= 60 else "a long number"


_ = spot_at
