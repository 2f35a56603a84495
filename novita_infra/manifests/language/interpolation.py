"""Evaluates the expressions of a document.

The result has two trees: one for the schema, in which unknown and secret values are still their text, and one with the
values themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any, Final

from novita_infra.manifests.language.expressions import OPENING, Evaluated, ExpressionError, evaluate, is_expression
from novita_infra.manifests.language.reading import EXAMPLES
from novita_infra.manifests.language.scope import Scope
from novita_infra.manifests.language.secrets import lacking_secret
from novita_infra.manifests.language.tokens import PLAIN_ROOTS
from novita_infra.manifests.yaml.positions import Path, Position, origin
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.manifests.yaml.stand_ins import PLAIN_OPENING
from novita_infra.model.addresses import Address, Origin
from novita_infra.model.computing.compute import known_functions
from novita_infra.model.computing.effort import Uncomputable
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.frozen import dataclass
from novita_infra.model.values import Computation, Digest, Ref, Secret, Value

_WORD: Final = re.compile(r"\w+|[^\s\w${}]{2,}")
_PUBLIC: Final = frozenset({*known_functions(), *PLAIN_ROOTS, "file", "true", "false", "null", "in", "==", "&&", "||"})
"""Words of the language, which no secret makes worth hiding."""
_STAND_IN: Final = "${...}"
"""What the schema sees in the place of an expression without a plain value: it accepts it for a value of any type."""
_OPAQUE: Final = (Ref, Secret, Computation, Digest)


@dataclass(frozen=True, slots=True)
class Interpolated:
    """A document's data after evaluation, in two forms."""

    checked: Any
    """Plain data for the schema."""
    values: Value
    unusable: bool = False
    """Whether an expression in it has no value; that is reported."""


@dataclass(frozen=True, slots=True)
class Interpolation:
    """Evaluates the expressions of one document, or of a part of one."""

    scope: Scope
    sources: Sources
    diagnostics: list[Diagnostic]
    """Where errors are added."""
    secret: Callable[[Path], bool] = lambda _: False
    """Whether the value at a path is wrapped as a secret."""
    textual: Callable[[Path], bool] = lambda _: False
    """Whether a text is wanted at a path, so that a number becomes one."""
    needs: set[Address] = field(default_factory=set)
    """Where the resources that expressions name are added."""
    lacking: set[Origin] = field(default_factory=set)
    """Where the places of expressions without a value are added, if the scope is lenient."""

    def of(self, data: Any, position: Position, path: Path = ()) -> Interpolated:
        """Returns the data with every expression evaluated."""
        if isinstance(data, str):
            return self._text(data, position, path) if OPENING in data else Interpolated(data, data)
        inner = position[5]
        if isinstance(data, dict):
            places: Mapping[str, Position] = inner if isinstance(inner, dict) else {}
            pairs = {name: self.of(item, places.get(name, position), (*path, name)) for name, item in data.items()}
            return Interpolated(
                {name: pair.checked for name, pair in pairs.items()},
                {name: pair.values for name, pair in pairs.items()},
                any(pair.unusable for pair in pairs.values()),
            )
        if isinstance(data, list):
            positions = inner if isinstance(inner, list) else [position] * len(data)
            items = [
                self.of(item, place, (*path, index))
                for index, (item, place) in enumerate(zip(data, positions, strict=True))
            ]
            return Interpolated(
                [item.checked for item in items],
                [item.values for item in items],
                any(item.unusable for item in items),
            )
        return Interpolated(data, data)

    def _text(self, text: str, position: Position, path: Path) -> Interpolated:
        scope = self.scope.at(position[0])
        evaluated = evaluate(
            text,
            scope,
            secret=self.secret(path),
            textual=lambda inside: self.textual((*path, *inside)),
        )
        self.needs.update(evaluated.needs)
        for item in evaluated.errors:
            place = self.sources.place_in(text, item.at, origin(position))
            summary, hint = item.summary, item.hint
            public = self.sources.shows(self.sources.place_in(text, item.start, origin(position)))
            words = {*_WORD.findall(item.written)} - _PUBLIC
            if not public and any(word in summary + hint for word in words):
                summary, hint = "this value holds an expression that cannot be read", EXAMPLES
            self.diagnostics.append(
                Diagnostic(summary, hint, origin=place, unset=item.unset, cause=item.cause, unasked=item.unasked)
            )
        if not evaluated.usable and self._is_lacking(evaluated):
            self.lacking.add(origin(position))
            return Interpolated(_STAND_IN, lacking_secret())
        if not evaluated.usable and not evaluated.errors:  # reported elsewhere, so that nothing more is said of it
            self.lacking.add(origin(position))
            return Interpolated(_STAND_IN, lacking_secret(), unusable=True)
        if not evaluated.usable:
            return Interpolated(_STAND_IN, text, unusable=True)
        return Interpolated(_checked(evaluated.value, text), evaluated.value)

    def _is_lacking(self, evaluated: Evaluated) -> bool:
        """Returns whether nothing is wrong with a string without a value but that it lacks one."""
        errors = evaluated.errors
        return all(item.unset for item in errors) if self.scope.lenient else are_unasked(errors)


def are_unasked(errors: Sequence[ExpressionError | Diagnostic]) -> bool:
    """Returns whether there are errors, and all of them only say that something was not asked for."""
    return bool(errors) and all(item.unasked for item in errors)


def unasked_like(item: Diagnostic) -> Uncomputable:
    """Returns the error of what depends on something that was not asked for."""
    error = Uncomputable(item.summary, item.hint)
    error.unset, error.unasked = item.unset, item.unasked
    return error


def _checked(value: Value, text: str) -> Any:
    """Returns the value as plain data for the schema, the text in the place of each secret and unknown part.

    A plain text that looks like an expression is written otherwise: the schema takes an expression for any value.
    """
    match value:
        case str() if OPENING in value:
            return value.replace(OPENING, PLAIN_OPENING)
        case dict():
            return {name: _checked(item, _STAND_IN) for name, item in value.items()}
        case list():
            return [_checked(item, _STAND_IN) for item in value]
        case _:
            return value if not isinstance(value, _OPAQUE) else _STAND_IN if is_expression(text) else text
