"""The types of variables: what values they take, and what a value of another type lacks. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from novita_infra.manifests.yaml.parsing import read_text
from novita_infra.manifests.yaml.positions import Path
from novita_infra.model.computing.types import as_text, same
from novita_infra.model.diagnostics import first_of, nearest
from novita_infra.model.printable import shortened
from novita_infra.model.values import Computation, Secret, Value

_SECRET: Final = ("sensitive", "secret")
"""The keys that make a variable secret. `sensitive` is the documented one."""
_WORDS: Final = {
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "list": "a list",
    "map": "a map",
    "object": "a map",
}
_MOST_SHOWN: Final = 12
"""The most values of an enum that a message lists."""


class Misfit(NamedTuple):
    """A value that its type does not allow."""

    path: Path
    """Where it is inside the value of the variable."""
    wanted: str
    """What it should be, after the name: `is a whole number`."""
    given: Value
    """The value; where the path leads to a missing field, the map that lacks it."""
    hint: str = ""
    shown: str = ""
    """What is given instead, where that is not the value."""


def fitted(value: Value, declaration: Any, path: Path = ()) -> tuple[Value, list[Misfit]]:
    """Returns the value with the defaults of missing fields, and what does not fit the declaration.

    A declaration is a mapping of `type`, `of`, `fields` and `values`, or the name of a type. An unknown type allows any
    value: the schema of the project file reports it.
    """
    declared: Mapping[str, Any] = declaration if isinstance(declaration, dict) else {"type": declaration}
    wanted = declared.get("type", "string")
    if wanted == "enum":
        return value, [*_not_among(value, declared.get("values"), path)]
    if not isinstance(wanted, str) or wanted not in _WORDS:
        return value, []
    if not _has_type(value, wanted):
        return value, [Misfit(path, f"is {_WORDS[wanted]}", value, _quotes_hint(value, wanted))]
    misfits: list[Misfit] = []
    if wanted == "object":
        return _object(value, declared.get("fields"), path)
    if "of" not in declared:
        return value, []
    of = declared["of"]

    def item(part: str | int, inner: Value) -> Value:
        found, more = fitted(inner, of, (*path, part))
        misfits.extend(more)
        return found

    if isinstance(value, list):
        return [item(index, inner) for index, inner in enumerate(value)], misfits
    if isinstance(value, dict):
        return {name: item(name, inner) for name, inner in value.items()}, misfits
    return value, []


def parsed_text(text: str, declaration: Any) -> Any:
    """Parses a text of the command line or the environment by its type. Returns the text itself if it does not fit."""
    declared: Mapping[str, Any] = declaration if isinstance(declaration, dict) else {}
    wanted, values = declared.get("type", "string"), declared.get("values")
    if wanted == "string" or (wanted == "enum" and isinstance(values, list) and text in values):
        return text
    parsed = read_text(text, "")
    if parsed.diagnostics or len(parsed.documents) != 1:
        return text
    return parsed.documents[0].data


def is_secret_variable(declaration: Any) -> bool:
    """Returns whether the declaration makes the variable secret."""
    return isinstance(declaration, dict) and any(declaration.get(name) is True for name in _SECRET)


def may_be_secret(declaration: Any) -> bool:
    """Returns whether the declaration says `sensitive` or `secret`, in any spelling."""
    return isinstance(declaration, dict) and any(
        value is not False and difflib.get_close_matches(str(name).lower(), _SECRET, n=1, cutoff=0.75)
        for name, value in declaration.items()
    )


def given_in_words(value: Any) -> str:
    """Returns a value as messages show it, shortened."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{shortened(value)}"'
        case list():
            return "a list"
        case dict():
            return "a map"
        case _:
            return str(value)


def _object(value: Value, fields: Any, path: Path) -> tuple[Value, list[Misfit]]:
    if not isinstance(value, dict) or not isinstance(fields, dict):
        return value, []
    found: dict[str, Value] = {}
    misfits = [
        Misfit((*path, name), "has no such field", value[name], nearest(str(name), tuple(fields)), shown="it")
        for name in value
        if name not in fields
    ]
    for name, declaration in fields.items():
        if name in value:
            found[name], more = fitted(value[name], declaration, (*path, name))
            misfits += more
        elif isinstance(declaration, dict) and "default" in declaration:
            default = declaration["default"]
            found[name] = default if default is None else fitted(default, declaration)[0]
        else:
            misfits.append(Misfit(path, f'has a field "{name}" without a default', value, shown="none"))
    return found, misfits


def _not_among(value: Value, values: Any, path: Path) -> Iterator[Misfit]:
    clear = value.value if isinstance(value, Secret) else value
    if not isinstance(values, list) or isinstance(value, Computation) or any(same(clear, item) for item in values):
        return
    words = list(map(as_text, values))
    near = nearest(clear, words) if isinstance(clear, str) else ""
    if clear in words:
        near = "write it without quotes"
    listed = first_of([*map(given_in_words, values)], _MOST_SHOWN)
    yield Misfit(path, f"is one of {listed}", value, "" if near.startswith("known") else near)


def _quotes_hint(value: Value, wanted: str) -> str:
    if wanted == "string" and isinstance(value, (int, float)):
        return "write it in quotes"
    if wanted not in ("integer", "number", "boolean") or not isinstance(value, str):
        return ""
    return "write it without quotes" if _has_type(parsed_text(value, {"type": wanted}), wanted) else ""


def _has_type(value: Value, wanted: str) -> bool:
    return _TESTS[wanted](value)


_TESTS: Final[Mapping[str, Callable[[Value], bool]]] = {
    "string": lambda value: isinstance(value, (str, Secret, Computation)),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "list": lambda value: isinstance(value, list),
    "map": lambda value: isinstance(value, dict),
    "object": lambda value: isinstance(value, dict),
}
