"""Evaluates the expressions of a document.

The result has two trees: one for the schema, in which unknown and secret values are still their text, and one with the
values themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from novita_infra.manifests.language.expressions import OPENING, Scope, evaluate
from novita_infra.manifests.yaml.positions import Path, Position, origin
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.frozen import dataclass
from novita_infra.model.values import Joined, Ref, Secret, Value

_UNREADABLE: Final = "one looks like ${var.x}, ${env.X} or ${instance.trainer.id}; write $${ for a plain ${"
_WORD: Final = re.compile(r"\w+|[^\s\w${}]+")
_OPAQUE: Final = (Ref, Secret, Joined)


@dataclass(frozen=True, slots=True)
class Interpolated:
    """A document's data after evaluation, in two forms."""

    checked: Any
    """Plain data for the schema."""
    values: Value


def interpolate(
    data: Any,
    position: Position,
    scope: Scope,
    sources: Sources,
    *,
    diagnostics: list[Diagnostic],
    secret: Callable[[Path], bool] = lambda _: False,
    path: Path = (),
) -> Interpolated:
    """Returns the data with every expression evaluated. `secret` tells at which paths values are wrapped as secrets."""
    if isinstance(data, str):
        return (
            _text(data, position, scope, sources, diagnostics=diagnostics, secret=secret(path))
            if OPENING in data
            else Interpolated(data, data)
        )
    inner = position[5]
    if isinstance(data, dict):
        places: Mapping[str, Position] = inner if isinstance(inner, dict) else {}
        pairs = {
            name: interpolate(
                item,
                places.get(name, position),
                scope,
                sources,
                diagnostics=diagnostics,
                secret=secret,
                path=(*path, name),
            )
            for name, item in data.items()
        }
        return Interpolated(
            {name: pair.checked for name, pair in pairs.items()}, {name: pair.values for name, pair in pairs.items()}
        )
    if isinstance(data, list):
        positions = inner if isinstance(inner, list) else [position] * len(data)
        items = [
            interpolate(item, place, scope, sources, diagnostics=diagnostics, secret=secret, path=(*path, index))
            for index, (item, place) in enumerate(zip(data, positions, strict=True))
        ]
        return Interpolated([item.checked for item in items], [item.values for item in items])
    return Interpolated(data, data)


def _text(
    text: str, position: Position, scope: Scope, sources: Sources, *, diagnostics: list[Diagnostic], secret: bool
) -> Interpolated:
    value, errors = evaluate(text, scope, secret=secret)
    for item in errors:
        place = sources.find(item.expression, origin(position), nth=item.nth)
        summary, hint = item.summary, item.hint
        if not sources.shows(place) and any(word in summary + hint for word in _WORD.findall(item.expression)):
            summary, hint = "this value holds an expression that cannot be read", _UNREADABLE
        diagnostics.append(Diagnostic(summary, hint, origin=place))
    return Interpolated(text if isinstance(value, _OPAQUE) else value, value)
