"""Finds where expressions read variables: what is declared for nothing, and where a missing value is wanted.

It reads expressions as they are written, and evaluates nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from novita_infra.manifests.language.expressions import OPENING
from novita_infra.manifests.language.references import names_in
from novita_infra.manifests.resources.merging import Placed
from novita_infra.manifests.yaml.positions import Position, inside, key_origin, origin
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic, Severity, first_of

MOST_PLACES = 20
"""The most places of one variable that a message names."""


def unused_variables(declared: Mapping[str, Any], position: Position, read: Iterable[Placed]) -> Iterator[Diagnostic]:
    """Yields a warning for each declared variable that no expression reads but a rule of its own."""
    texts: set[str] = set()
    for placed in read:
        _add_expressions(placed.data, texts)
    used = _variables_of(texts)
    for name, data in declared.items():
        of_rules: set[str] = set()
        _add_expressions(data, of_rules)
        used |= _variables_of(of_rules) - {name}
    rest = [name for name in declared if name not in used]
    for name in rest:
        hint = f"remove it, or read it: ${{var.{name}}}"
        place = key_origin(inside(position, name))
        yield Diagnostic(f'no expression reads the variable "{name}"', hint, origin=place, severity=Severity.WARNING)


def places_of_variables(names: Collection[str], read: Iterable[Placed]) -> dict[str, list[Origin]]:
    """Returns the places of the values that read the variables of these names, by name, each sorted."""
    found: dict[str, set[Origin]] = {name: set() for name in names}
    for placed in read if found else ():
        for place, name in _variables_in(placed):
            if name in found:
                found[name].add(place)
    return {
        name: sorted(places, key=lambda place: (place.file, place.line, place.column)) for name, places in found.items()
    }


def listed_places(places: Sequence[Origin]) -> str:
    """Returns the places as a message names them; empty without any."""
    return f"it is read at {first_of(places, MOST_PLACES, more='more places')}" if places else ""


def _variables_in(placed: Placed) -> Iterator[tuple[Origin, str]]:
    """Yields the place of each text with the variables that its expressions read."""
    data, position = placed
    if isinstance(data, str):
        if OPENING in data:
            yield from ((origin(position), name) for root, name in names_in(data) if root == "var")
        return
    inner = position[5]
    if isinstance(data, dict):
        places = inner if isinstance(inner, dict) else {}
        for name, item in data.items():
            yield from _variables_in(Placed(item, places.get(name, position)))
    elif isinstance(data, list):
        positions = inner if isinstance(inner, list) else [position] * len(data)
        for item, place in zip(data, positions, strict=True):
            yield from _variables_in(Placed(item, place))


def _add_expressions(data: Any, texts: set[str]) -> None:
    """Adds the texts of the data that hold expressions. A fleet repeats them, and each is read once."""
    if isinstance(data, str):
        if OPENING in data:
            texts.add(data)
    elif isinstance(data, dict):
        for item in data.values():
            _add_expressions(item, texts)
    elif isinstance(data, list):
        for item in data:
            _add_expressions(item, texts)


def _variables_of(texts: Iterable[str]) -> set[str]:
    return {name for text in texts for root, name in names_in(text) if root == "var"}
