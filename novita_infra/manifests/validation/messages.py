"""Explains why a value does not fit its schema, in the user's words.

It runs only for invalid documents: the import of jsonschema takes longer than the validation of a whole fleet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from novita_infra.manifests.validation.meant_names import meant, of_module
from novita_infra.manifests.validation.subject import Subject, kind_of, quoted_value, value_at
from novita_infra.manifests.yaml.positions import Path, key_origin_at, origin_at
from novita_infra.manifests.yaml.scalars import BOOLEANS_1_1
from novita_infra.model.diagnostics import Diagnostic, nearest
from novita_infra.schema.secret_pointers import SECRET_POINTERS

_NAMES: Final = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a map",
    "null": "nothing",
}

_LAST_WORDS: Final = re.compile(r"\(([a-z]+(?:\|[a-z]+)+)\)\$$")
_MOST_KEYS: Final = 4
"""The most keys of a map that a hint spells out."""
_COUNTED: Final = {"Length": "characters", "Items": "items", "Properties": "entries"}
"""The rules `minLength`, `maxItems` and so on, by what they limit."""


def explain_schema_error(schema: Mapping[str, Any], subject: Subject) -> list[Diagnostic]:
    """Returns a diagnostic for each error of the data by the schema (draft 2020-12)."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - see the module's docstring

    diagnostics: dict[Diagnostic, None] = {}
    for error in Draft202012Validator(dict(schema)).iter_errors(subject.data):
        for cause in _causes(error):
            diagnostics.update(dict.fromkeys(_diagnostics(cause, subject)))
    return list(diagnostics)


# --- from the errors of a schema with alternatives to those that the writer meant --------------------------------


def _causes(error: Any) -> Iterator[Any]:
    """Returns the error itself, or the errors of the most likely alternative."""
    if error.validator not in ("anyOf", "oneOf") or not error.context or _one_of_fields(error):
        yield error
        return
    branches: dict[int, list[Any]] = {}
    for item in error.context:
        branches.setdefault(item.schema_path[0], []).append(item)
    fitting = [errors for errors in branches.values() if not any(_is_about_type(item) for item in errors)]
    if not fitting:
        yield error
        return
    for item in max(fitting, key=_depth):
        yield from _causes(item)


def _one_of_fields(error: Any) -> tuple[str, ...]:
    """Returns the fields of which exactly one is allowed, or at least one, if the rule is of that sort."""
    branches = error.validator_value if error.validator in ("oneOf", "anyOf") else ()
    if not all(isinstance(item, dict) and item.keys() == {"required"} for item in branches):
        return ()
    return tuple(item["required"][0] for item in branches)


def _is_about_type(error: Any) -> bool:
    """Returns whether the alternative fails because of the value's type."""
    return bool(error.validator == "type" and not error.path)


def _depth(errors: Sequence[Any]) -> int:
    return max(len(item.absolute_path) for item in errors)


# --- one error in words --------------------------------------------------------------------------------------------


def _diagnostics(error: Any, subject: Subject) -> Iterator[Diagnostic]:
    path: Path = tuple(error.absolute_path)
    match error.validator:
        case _ if "propertyNames" in error.absolute_schema_path:
            yield _named(error, path, subject)
        case "required":
            yield from _missing(error, path, subject)
        case "oneOf" | "anyOf" if names := _one_of_fields(error):
            yield from _not_one(error, path, subject, names)
        case "additionalProperties" | "unevaluatedProperties":
            yield from _unknown(error, path, subject)
        case _:
            summary, hint = _said(error, path, subject)
            label = subject.label(path) or "the document"
            expanded = _from_expression(path, subject)
            yield Diagnostic(f"{label} {summary}{expanded}", hint, origin=origin_at(subject.position, path))


def _missing(error: Any, path: Path, subject: Subject) -> Iterator[Diagnostic]:
    properties = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
    label = subject.label(path)
    within = f" in {label}" if label and path != ("spec",) else ""
    for name in error.validator_value:
        if name not in error.instance:
            if name == "spec" and any(of_module(key, properties) for key in error.instance):
                continue  # its fields stand beside it, which is reported
            said = _described(properties.get(name))
            hint = f"{name}: {said}" if said and path else f"add {name}: ..."
            if path[:1] == ("spec",) and subject.fields and isinstance(kind := subject.data.get("kind"), str):
                shown = (*path[1:], name) if len(path) < 3 else path[1:2]
                hint += f" (novita-infra explain {'.'.join(map(str, (kind, *shown)))})"
            yield Diagnostic(
                f'the field "{name}" is missing{within}', hint, origin=key_origin_at(subject.position, path)
            )


def _not_one(error: Any, path: Path, subject: Subject, names: Sequence[str]) -> Iterator[Diagnostic]:
    if not isinstance(error.instance, dict):
        return  # another rule reports it
    there = [name for name in names if name in error.instance]
    held, hint = (" and ".join(there), "keep one of them") if there else (f"none of {', '.join(names)}", "give it one")
    yield Diagnostic(f"{subject.label(path)} has {held}", hint, origin=origin_at(subject.position, path))


def _unknown(error: Any, path: Path, subject: Subject) -> Iterator[Diagnostic]:
    known = tuple(error.schema.get("properties", {}))
    label = subject.label(path)
    within = f" in {label}" if label and path != ("spec",) else ""
    for name in error.instance:
        if name not in known:
            place = key_origin_at(subject.position, (*path, name))
            if not subject.sources.shows(place):
                yield Diagnostic(f"unknown field{within}", _known_names(known), origin=place)
                continue
            hint = of_module(name, error.schema["properties"]) or meant(name, path, subject) or nearest(name, known)
            yield Diagnostic(f'unknown field "{name}"{within}', hint, origin=place)


def _named(error: Any, path: Path, subject: Subject) -> Diagnostic:
    summary, hint = _said(error, (*path, error.instance), subject, key=True)
    place = key_origin_at(subject.position, (*path, error.instance))
    return Diagnostic(f"a name in {subject.label(path)} {summary}", hint, origin=place)


def _said(error: Any, path: Path, subject: Subject, *, key: bool = False) -> tuple[str, str]:
    """Returns the error, to be read after the field's name, and what is allowed. With `key`, it is about the key."""
    limit, value = error.validator_value, error.instance
    shown = subject.shown_key(value, path) if key else subject.shown(value, path)
    match error.validator:
        case "type" | "anyOf" | "oneOf":
            return _wrong_type(error, path, subject)
        case "enum":
            word = "" if subject.hidden(path) else str(value)
            return f"cannot be {shown}", nearest(word, [str(item) for item in limit])
        case "const":
            return f"is {shown}", f"it must be {quoted_value(limit)}"
        case "minimum" | "maximum":
            size = "small" if error.validator == "minimum" else "large"
            return f"is {shown}, which is too {size}", _range(error.schema)
        case "pattern":
            return f"cannot be {shown}", _looks_like(error.schema)
        case "uniqueItems":
            return "holds an item twice", "keep one of them"
        case str() as rule if rule[3:] in _COUNTED:
            return _miscounted(rule[3:], value, error.schema)
        case _:
            return "is not allowed", ""


def _miscounted(what: str, value: Any, schema: Mapping[str, Any]) -> tuple[str, str]:
    if not value:
        return "is empty", "give it a value, or remove the field"
    unit = _COUNTED[what]
    low, high = schema.get(f"min{what}"), schema.get(f"max{what}")
    allowed = f"exactly {low}" if low == high else f"at least {low}" if high is None else f"at most {high}"
    return f"has {len(value)} {unit}", f"{allowed} may be given"


def _wrong_type(error: Any, path: Path, subject: Subject) -> tuple[str, str]:
    value, wanted = error.instance, _wanted(error)
    if value is None:
        plain = [*wanted] == ["object"] and not error.schema.get("required") and not error.schema.get("minProperties")
        return "is empty", f"give it {_spoken(wanted)}{', such as {},' if plain else ','} or remove the line"
    word = ""
    if isinstance(value, (int, float)) and not subject.hidden(path) and not subject.is_computed(path):
        word = subject.sources.word(origin_at(subject.position, path))
    shown = word or (kind_of(value) if subject.hidden(path) else subject.shown(value, path))
    return f"wants {_spoken(wanted)}, not {shown}", _type_hint(error, wanted, path, subject, word=word)


def _type_hint(error: Any, wanted: Sequence[str], path: Path, subject: Subject, *, word: str) -> str:
    """Returns what to do about a value of the wrong type. `word` is the number as written in the file."""
    value = error.instance
    fitting = word if word and not subject.hidden(path) and _matches(word, error.schema) else ""
    if isinstance(value, dict) and value.keys() & SECRET_POINTERS.keys():
        return "this field is not secret; ${env.NAME} stands for an environment variable"
    if "examples" in error.schema and not fitting:
        return _looks_like(error.schema)
    if "string" in wanted and isinstance(value, (int, float)):
        return f'write it in quotes: "{fitting}"' if fitting else "write it in quotes"
    if isinstance(value, str) and not subject.hidden(path) and "boolean" in wanted and value in BOOLEANS_1_1:
        return f"write {'true' if BOOLEANS_1_1[value] else 'false'}"
    if isinstance(value, str) and not subject.hidden(path) and _reads_as(value.replace("_", ""), wanted):
        if "_" in value:
            return f"write it without _: {value.replace('_', '')}"
        if _from_expression(path, subject):
            return f"a variable of the type {wanted[0]} gives one; the environment gives only text"
        return "write it without quotes"
    if "array" in wanted:
        return 'write [item, item], or one item a line after "- "'
    if "object" in wanted and "string" not in wanted:
        said = _described(error.schema)
        return said if "{" in said else f"write {_map_form(error.schema)}"
    return "write it as one text on one line" if wanted == ["string"] and isinstance(value, list) else ""


def _map_form(schema: Mapping[str, Any]) -> str:
    """Returns how a map is written: its keys if they are few, else a pattern of one entry."""
    keys = [*schema.get("required", ()), *schema.get("properties", ())]
    if keys:
        return f"{{{', '.join(f'{name}: ...' for name in dict.fromkeys(keys[:_MOST_KEYS]))}}}"
    entry = schema.get("additionalProperties")
    inner = entry if isinstance(entry, dict) and entry.get("properties") else {}
    return f"NAME: {_map_form(inner)}, one a line" if inner else "name: value, one a line"


def _wanted(error: Any) -> list[str]:
    """Returns the allowed types of all alternatives of the field."""
    if error.validator == "type":
        return [error.validator_value] if isinstance(error.validator_value, str) else list(error.validator_value)
    found: list[str] = []
    for item in error.context:
        found += _wanted(item) if _is_about_type(item) else []
    return found


def json_type_in_words(name: str) -> str:
    """Returns the name of a JSON type as messages say it: `a whole number`."""
    return _NAMES.get(name, name)


def _spoken(types: Sequence[str]) -> str:
    return " or ".join(_NAMES.get(item, item) for item in types) or "something else"


def _known_names(known: Sequence[str]) -> str:
    """Returns the hint for a name that is not shown, which no known name may resemble either."""
    return nearest("", known)


def _matches(word: str, schema: Mapping[str, Any]) -> bool:
    return "pattern" not in schema or re.search(schema["pattern"], word) is not None


def _described(schema: Any) -> str:
    """Returns the description of the field without the cost of a change."""
    said = schema.get("description", "") if isinstance(schema, dict) else ""
    return str(said).partition(" Changing it:")[0]


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


def _looks_like(schema: Mapping[str, Any]) -> str:
    examples = schema.get("examples")
    if examples:
        form = " or ".join(_written_form(item) for item in examples)
        return f"it looks like {form}{_endings(schema)}"
    if schema.get("pattern") == "^/":
        return 'it begins with "/"'
    return _described(schema) or f"it must match {schema.get('pattern')}"


def _endings(schema: Mapping[str, Any]) -> str:
    """Returns the words of which a text must end with one, where the pattern names them."""
    found = _LAST_WORDS.search(schema.get("pattern", ""))
    return f", and ends with {' or '.join(found[1].split('|'))}" if found else ""


def _written_form(example: Any) -> str:
    """Returns an example as it is written in YAML."""
    match example:
        case dict():
            return f"{{{', '.join(f'{name}: {_written_form(item)}' for name, item in example.items())}}}"
        case list():
            return f"[{', '.join(map(_written_form, example))}]"
        case _:
            return quoted_value(example)


def _from_expression(path: Path, subject: Subject) -> str:
    """Names the expression that gave the value, because the file does not show the value."""
    if not subject.is_computed(path):
        return ""
    written = value_at(subject.written, path)
    shown = len(written) <= 80 and subject.sources.quotable(written, origin_at(subject.position, path)) == written
    return f" (from {written})" if shown else " (from an expression)"
