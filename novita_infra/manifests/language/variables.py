"""Computes the variables of a project from their declarations and the five sources of values.

It reads no file and no environment. No message contains a secret value.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from novita_infra.manifests.language.interpolation import Interpolation
from novita_infra.manifests.language.scope import DeclaredResources, Scope
from novita_infra.manifests.language.secrets import Secrets, is_text
from novita_infra.manifests.yaml.parsing import read_text
from novita_infra.manifests.yaml.positions import Path, Position, inside, key_origin, origin
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic, nearest
from novita_infra.model.frozen import dataclass
from novita_infra.model.values import Computation, Secret, Value, is_secret_name

ENVIRON_PREFIX: Final = "NOVITA_INFRA_VAR_"

_WANTED: Final = {
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "list": "a list",
    "map": "a map",
}


@dataclass(frozen=True, slots=True)
class Given:
    """A value for a variable, with its source."""

    name: str
    value: Any
    by: str
    """The source in the user's words: `--var`, `prod.vars.yaml`."""
    position: Position | None = None
    """The place of the value.

    None for the command line and the environment, where a value of any type is text.
    """
    lacks: tuple[Diagnostic, ...] = ()
    """The variables of the environment that it lacks; it has no value then."""


def defaults_in(declared: Mapping[str, Any], position: Position) -> list[Given]:
    """Returns the defaults of the declared variables."""
    return [
        Given(name, item["default"], "its default", inside(inside(position, name), "default"))
        for name, item in declared.items()
        if isinstance(item, dict) and item.get("default") is not None
    ]


def given_in(data: Any, position: Position, by: str) -> list[Given]:
    """Returns the values of a mapping in a file."""
    if not isinstance(data, dict):
        return []
    return [Given(name, value, by, inside(position, name)) for name, value in data.items()]


def given_by_environ(environ: Mapping[str, str], declared: Mapping[str, Any]) -> list[Given]:
    """Returns the environment's values for the declared variables. Values for other projects are ignored."""
    return [
        Given(name.removeprefix(ENVIRON_PREFIX), text, f"the environment variable {name}")
        for name, text in sorted(environ.items())
        if name.startswith(ENVIRON_PREFIX) and name.removeprefix(ENVIRON_PREFIX) in declared
    ]


def with_environ(
    given: Iterable[Given], declared: Mapping[str, Any], *, environ: Mapping[str, str], sources: Sources
) -> tuple[list[Given], list[Diagnostic]]:
    """Returns the values of a file with every `${env.NAME}` evaluated, and the diagnostics of their expressions."""
    diagnostics: list[Diagnostic] = []
    scope = Scope({}, environ, DeclaredResources(attributes={}), narrow=True)
    interpolated = []
    for item in given:
        if item.position is not None:
            own: list[Diagnostic] = []
            secret = partial(_wrapping, _is_secret(declared.get(item.name)))
            found = Interpolation(scope, sources, own, secret).of(item.value, item.position)
            lacks = tuple(error for error in own if error.unset)
            interpolated.append(replace(item, value=found.values, lacks=lacks))
            diagnostics += [error for error in own if not error.unset]
    return interpolated, diagnostics


def settle(
    declared: Mapping[str, Any], position: Position, *, given: Iterable[Given], secrets: Secrets
) -> tuple[dict[str, Value], list[Diagnostic], dict[str, tuple[Diagnostic, ...]]]:
    """Returns the value of every declared variable (the last given one wins), the diagnostics, and what others lack.

    A variable without a usable value is None, so that expressions do not report it again. What a variable lacks, by its
    name, is to be reported where something uses the variable.
    """
    diagnostics: list[Diagnostic] = []
    lacking: dict[str, tuple[Diagnostic, ...]] = {}
    values: dict[str, Value] = dict.fromkeys(declared)
    having: set[str] = set()
    for item in given:
        if item.name not in declared:
            known = nearest(item.name, tuple(declared)) or "novita-infra.yaml declares none"
            place = key_origin(item.position) if item.position else None
            diagnostics.append(Diagnostic(f'{item.by} sets an unknown variable "{item.name}"', known, origin=place))
            continue
        having.add(item.name)
        value, errors = (None, [*item.lacks]) if item.lacks else _typed(item, declared[item.name], secrets)
        diagnostics += [error for error in errors if not error.unset]
        lacking[item.name] = tuple(error for error in errors if error.unset)
        values[item.name] = value
    for name in declared:
        if name not in having:
            hint = f"give it with --var {name}=..., {ENVIRON_PREFIX}{name}, a --var-file, or a default"
            where = key_origin(inside(position, name))
            summary = f'the variable "{name}" has no value'
            lacking[name] = (Diagnostic(summary, hint, origin=where, unset=f"var.{name}"),)
    return values, diagnostics, lacking


def _typed(given: Given, declaration: Any, secrets: Secrets) -> tuple[Value, list[Diagnostic]]:
    place = origin(given.position) if given.position else None
    if isinstance(given.value, str) and not is_text(given.value):
        summary = f'the value of the variable "{given.name}" from {given.by} is not UTF-8 text'
        return None, [Diagnostic(summary, "give it in UTF-8", origin=place)]
    if _is_secret(declaration):
        return _secret(given, place, secrets)
    wanted = str(declaration.get("type", "string")) if isinstance(declaration, dict) else "string"
    value = _parsed(given.value, wanted) if given.position is None and isinstance(given.value, str) else given.value
    if (
        wanted not in _WANTED
        or _fits(value, wanted)
        or (wanted == "string" and isinstance(value, (Secret, Computation)))
    ):
        return value, []  # the schema of the project file reports an unknown type
    hidden = may_be_secret(declaration) or is_secret_name(given.name)
    shown = "another value" if hidden else _shown(given.value)
    summary = f'the variable "{given.name}" is {_WANTED[wanted]}, and {given.by} gives {shown}'
    hint = "write it in quotes" if wanted == "string" and isinstance(value, (int, float)) else ""
    if wanted in ("integer", "number", "boolean") and isinstance(value, str) and _fits(_parsed(value, wanted), wanted):
        hint = "write it without quotes"
    return None, [Diagnostic(summary, hint, origin=place)]


def _wrapping(secret: bool, _: Path) -> bool:
    return secret


def _is_secret(declaration: Any) -> bool:
    return isinstance(declaration, dict) and declaration.get("secret") is True


def may_be_secret(declaration: Any) -> bool:
    """Returns whether the declaration says `secret`, in any spelling."""
    return isinstance(declaration, dict) and any(
        value is not False and difflib.get_close_matches(str(name).lower(), ("secret",), n=1, cutoff=0.75)
        for name, value in declaration.items()
    )


def _secret(given: Given, place: Origin | None, secrets: Secrets) -> tuple[Value, list[Diagnostic]]:
    if isinstance(given.value, (Secret, Computation)):
        return given.value, []
    if isinstance(given.value, dict) and place is not None:
        found = secrets.take(given.value, place)
        return (None if isinstance(found, Diagnostic) else found), [found] if isinstance(found, Diagnostic) else []
    if not isinstance(given.value, str):
        summary = f'the secret variable "{given.name}" is a string, and {given.by} gives something else'
        return None, [
            Diagnostic(summary, "write it in quotes, or as {fromEnv: NAME} or {fromFile: PATH}", origin=place)
        ]
    warnings = [secrets.literal(place)] if place is not None else []
    return Secret(given.value, f"var:{given.name}"), warnings


def _parsed(text: str, wanted: str) -> Any:
    """Parses a text of the command line by the variable's type. Returns the text itself if it does not fit."""
    if wanted == "string":
        return text
    parsed = read_text(text, "")
    if parsed.diagnostics or len(parsed.documents) != 1:
        return text
    return parsed.documents[0].data


def _fits(value: Any, wanted: str) -> bool:
    match wanted:
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "list":
            return isinstance(value, list)
        case "map":
            return isinstance(value, dict)
        case _:
            return isinstance(value, str)


def _shown(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{value}"' if len(value) <= 60 else f'"{value[:57]}..."'
        case list():
            return "a list"
        case dict():
            return "a map"
        case _:
            return str(value)
