"""Works the expressions of a document into its values.

Two trees come out: one for the schema, in which what is not known yet (or secret) is still its text, and one with the
values themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from novita_infra.manifests.language.expressions import OPENING, Scope, evaluate
from novita_infra.manifests.yaml.positions import Path, Position, origin
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.values import Joined, Ref, Secret, Value

_OPAQUE: Final = (Ref, Secret, Joined)


@dataclass(frozen=True, slots=True)
class Interpolated:
    """The same data twice."""

    checked: Any
    """Plain data, as the schema shall see it."""
    values: Value


def interpolate(
    data: Any,
    spot: Position,
    scope: Scope,
    sources: Sources,
    *,
    told: list[Diagnostic],
    secret: Callable[[Path], bool] = lambda _: False,
    path: Path = (),
) -> Interpolated:
    """The data with every expression in it worked in. `secret` says where values are wrapped as secrets."""
    if isinstance(data, str):
        return (
            _text(data, spot, scope, sources, told=told, secret=secret(path))
            if OPENING in data
            else Interpolated(data, data)
        )
    inner = spot[5]
    if isinstance(data, dict):
        places: Mapping[str, Position] = inner if isinstance(inner, dict) else {}
        pairs = {
            name: interpolate(
                item, places.get(name, spot), scope, sources, told=told, secret=secret, path=(*path, name)
            )
            for name, item in data.items()
        }
        return Interpolated(
            {name: pair.checked for name, pair in pairs.items()}, {name: pair.values for name, pair in pairs.items()}
        )
    if isinstance(data, list):
        spots = inner if isinstance(inner, list) else [spot] * len(data)
        items = [
            interpolate(item, place, scope, sources, told=told, secret=secret, path=(*path, index))
            for index, (item, place) in enumerate(zip(data, spots, strict=True))
        ]
        return Interpolated([item.checked for item in items], [item.values for item in items])
    return Interpolated(data, data)


def _text(
    text: str, spot: Position, scope: Scope, sources: Sources, *, told: list[Diagnostic], secret: bool
) -> Interpolated:
    value, wrong = evaluate(text, scope, secret=secret)
    for item in wrong:
        place = sources.find(item.expression, origin(spot), nth=item.nth)
        told.append(Diagnostic(item.summary, item.hint, origin=place))
    return Interpolated(text if isinstance(value, _OPAQUE) else value, value)
