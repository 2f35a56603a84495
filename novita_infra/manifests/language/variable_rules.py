"""Checks the `validation` rules of variables: expressions over variables, each with a message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from novita_infra.manifests.language.expressions import condition_holds
from novita_infra.manifests.language.scope import DeclaredResources, Scope
from novita_infra.manifests.yaml.positions import Position, inside, key_origin, origin
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.values import Value


def broken_rules(
    declared: Mapping[str, Any],
    position: Position,
    *,
    values: Mapping[str, Value],
    places: Mapping[str, Origin | None],
    sources: Sources,
    what: str = "variable",
) -> Iterator[Diagnostic]:
    """Yields an error for each rule that does not hold, and for each condition that cannot be computed.

    `places` are those of the values; a value from outside of files has none. A rule of a variable without a usable
    value is not checked, and no message holds a value.
    """
    scope = Scope(values, {}, DeclaredResources(attributes={}), only="var")
    for name, declaration in declared.items():
        rules = declaration.get("validation") if isinstance(declaration, dict) else None
        if values.get(name) is None:
            continue
        for index, rule in enumerate(rules if isinstance(rules, list) else ()):
            place = inside(inside(inside(position, name), "validation"), index)
            match rule:
                case {"condition": str() | bool() as condition, "message": str(message)}:
                    where, subject = inside(place, "condition"), f'the {what} "{name}"'
                    yield from _broken(subject, condition, message, where, scope, places.get(name), sources)


def _broken(
    subject: str,
    condition: str | bool,
    message: str,
    position: Position,
    scope: Scope,
    given: Origin | None,
    sources: Sources,
) -> Iterator[Diagnostic]:
    holds, errors = condition_holds(condition, scope) if isinstance(condition, str) else (condition, ())
    for error in errors:
        place = sources.place_in(str(condition), error.at, origin(position))
        yield Diagnostic(error.summary, error.hint, origin=place)
    if holds is False:
        hint = f"the rule is at {key_origin(position)}"
        yield Diagnostic(f"{subject} is not valid: {message}", hint, origin=given)
