"""Computes the variables of a project from their declarations and the five sources of values.

It reads no file and no environment. No message contains a secret value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from functools import partial
from typing import Any, Final

from novita_infra.manifests.language.expressions import OPENING
from novita_infra.manifests.language.interpolation import Interpolation
from novita_infra.manifests.language.scope import DeclaredResources, Scope
from novita_infra.manifests.language.secrets import Secrets
from novita_infra.manifests.language.variable_types import (
    Misfit,
    fitted,
    given_in_words,
    is_secret_variable,
    may_be_secret,
    parsed_text,
)
from novita_infra.manifests.yaml.positions import Path, Position, inside, key_origin, label_of, origin, position_at
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.model.diagnostics import Diagnostic, Severity, nearest
from novita_infra.model.frozen import dataclass
from novita_infra.model.printable import is_text
from novita_infra.model.values import Computation, Secret, Value, is_secret_name

ENVIRON_PREFIX: Final = "NOVITA_INFRA_VAR_"


@dataclass(frozen=True, slots=True)
class Given:
    """A value for a variable, with its source."""

    name: str
    value: Any
    by: str
    """The source in the user's words: `--var`, `prod.vars.yaml`."""
    position: Position | None = None
    """The place of the value.

    None for the command line and the environment.
    """
    is_text: bool = False
    """Whether a value of any type is given as text, as on the command line, in the environment and in a dotenv file."""
    lacks: tuple[Diagnostic, ...] = ()
    """The variables of the environment that it lacks; it has no value then."""
    what: str = "variable"
    """What it is a value of, as messages say it: a `variable` of a project, or an `input` of a module."""


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
        Given(name.removeprefix(ENVIRON_PREFIX), text, f"the environment variable {name}", is_text=True)
        for name, text in sorted(environ.items())
        if name.startswith(ENVIRON_PREFIX) and name.removeprefix(ENVIRON_PREFIX) in declared
    ]


def misspelt_in_environ(environ: Mapping[str, str], declared: Mapping[str, Any]) -> list[Diagnostic]:
    """Returns a warning for each variable of the environment that is nearly that of a declared variable without one.

    Others are of other projects.
    """
    names = [name.removeprefix(ENVIRON_PREFIX) for name in sorted(environ) if name.startswith(ENVIRON_PREFIX)]
    free = {name.lower(): name for name in declared if name not in names}
    near = {name: get_close_matches(name.lower(), free, n=1, cutoff=0.85) for name in names if name not in declared}
    return [
        Diagnostic(
            f"the environment variable {ENVIRON_PREFIX}{name} sets no variable of this project",
            f'did you mean "{ENVIRON_PREFIX}{free[found[0]]}"?',
            severity=Severity.WARNING,
        )
        for name, found in near.items()
        if found
    ]


def with_environ(
    given: Iterable[Given], declared: Mapping[str, Any], *, environ: Mapping[str, str], sources: Sources
) -> tuple[list[Given], list[Diagnostic]]:
    """Returns the values of a file with every `${env.NAME}` evaluated, and the diagnostics of their expressions."""
    diagnostics: list[Diagnostic] = []
    scope = Scope({}, environ, DeclaredResources(attributes={}), only="env")
    interpolated = []
    for item in given:
        if item.position is not None:
            own: list[Diagnostic] = []
            secret = partial(_wrapping, is_secret_variable(declared.get(item.name)))
            found = Interpolation(scope, sources, own, secret).of(item.value, item.position)
            lacks = tuple(error for error in own if error.unset)
            interpolated.append(replace(item, value=found.values, lacks=lacks))
            diagnostics += [error for error in own if not error.unset]
    return interpolated, diagnostics


def settle(
    declared: Mapping[str, Any], position: Position, *, given: Iterable[Given], secrets: Secrets, what: str = "variable"
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
    for name, declaration in declared.items():
        diagnostics += _defaults(name, declaration, inside(position, name), what)
        if name not in having:
            hint = f"give it with --var {name}=..., {ENVIRON_PREFIX}{name}, a --var-file, or a default"
            where = key_origin(inside(position, name))
            summary = f'the variable "{name}" has no value'
            lacking[name] = (Diagnostic(summary, hint, origin=where, unset=f"var.{name}"),)
    return values, diagnostics, lacking


def _typed(given: Given, declaration: Any, secrets: Secrets) -> tuple[Value, list[Diagnostic]]:
    """Returns the value by the type of its declaration, and the diagnostics."""
    place = origin(given.position) if given.position else None
    if isinstance(given.value, str) and not is_text(given.value):
        summary = f'the value of the {given.what} "{given.name}" from {given.by} is not UTF-8 text'
        return None, [Diagnostic(summary, "give it in UTF-8", origin=place)]
    value = parsed_text(given.value, declaration) if given.is_text else given.value
    diagnostics: list[Diagnostic] = []
    if is_secret_variable(declaration):
        value, diagnostics = _wrapped(given, value, secrets)
    if any(item.severity is Severity.ERROR for item in diagnostics):
        return None, diagnostics
    value, misfits = fitted(value, declaration)
    hidden = may_be_secret(declaration) or is_secret_name(given.name)
    diagnostics += [_diagnostic(item, given, hidden=hidden) for item in misfits]
    return None if misfits else value, diagnostics


def _diagnostic(misfit: Misfit, given: Given, *, hidden: bool) -> Diagnostic:
    subject = f'the {given.what} "{given.name}"'
    if misfit.path:
        subject = f"a part of {subject}" if hidden else f"{label_of(misfit.path)} of {subject}"
    shown = misfit.shown or (
        "another value" if hidden else given_in_words(misfit.given if misfit.path else given.value)
    )
    place = origin(position_at(given.position, misfit.path)) if given.position else None
    hint = "" if hidden and "did you mean" in misfit.hint else misfit.hint
    return Diagnostic(f"{subject} {misfit.wanted}, and {given.by} gives {shown}", hint, origin=place)


def _wrapping(secret: bool, _: Path) -> bool:
    return secret


def _wrapped(given: Given, value: Value, secrets: Secrets) -> tuple[Value, list[Diagnostic]]:
    """Returns the value of a secret variable: every text in it is a Secret. Other single values are reported."""
    diagnostics: list[Diagnostic] = []

    def wrapped(value: Value, position: Position | None, source: str) -> Value:
        place = origin(position) if position else None
        if place is not None and isinstance(value, dict) and secrets.points(value):
            found = secrets.take(value, place)
            diagnostics.extend([found] if isinstance(found, Diagnostic) else [])
            return None if isinstance(found, Diagnostic) else found
        match value:
            case Secret() | Computation():
                return value
            case str():
                if place is not None:
                    diagnostics.append(secrets.literal(place, variables=given.by if given.by == place.file else ""))
                return Secret(value, source)
            case dict():
                return {
                    name: wrapped(item, inside(position, name) if position else None, f"{source}.{name}")
                    for name, item in value.items()
                }
            case list():
                return [
                    wrapped(item, inside(position, index) if position else None, f"{source}.{index}")
                    for index, item in enumerate(value)
                ]
            case _:
                summary = f'the sensitive {given.what} "{given.name}" holds texts, and {given.by} gives something else'
                hint = "write it in quotes, or as {fromEnv: NAME} or {fromFile: PATH}"
                diagnostics.append(Diagnostic(summary, hint, origin=place))
                return None

    return wrapped(value, given.position, f"var:{given.name}"), diagnostics


def _defaults(name: str, declaration: Any, position: Position, what: str) -> Iterator[Diagnostic]:
    """Yields the errors of the defaults inside of a declaration: those of the fields of an object."""
    if not isinstance(declaration, dict):
        return
    yield from _defaults(name, declaration.get("of"), inside(position, "of"), what)
    fields = declaration.get("fields")
    for field, inner in fields.items() if isinstance(fields, dict) else ():
        place = inside(inside(position, "fields"), field)
        yield from _defaults(name, inner, place, what)
        default = inner.get("default") if isinstance(inner, dict) else None
        if default is None:
            continue
        given = Given(name, default, f'the default of "{field}"', inside(place, "default"), what=what)
        if OPENING in str(default):
            hint = f"the default of the whole {what} may hold ${{env.NAME}}"
            yield Diagnostic(f"{given.by} takes no expressions", hint, origin=origin(inside(place, "default")))
        yield from (_diagnostic(item, given, hidden=may_be_secret(declaration)) for item in fitted(default, inner)[1])
