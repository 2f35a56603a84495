"""Finds dependency cycles and reports each as a path with the place of every step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from novita_infra.manifests.yaml.positions import Position, inside, key_origin, position_at
from novita_infra.model.addresses import Address, Origin
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.resources import Declared
from novita_infra.model.values import refs

MOST_SHOWN: Final = 12
"""The most steps of a cycle that a message lists. A longer cycle is shortened."""


def cycles(declared: Mapping[Address, Declared], positions: Mapping[Address, Position]) -> list[Diagnostic]:
    """Returns a diagnostic for every cycle; each resource is in one at most."""
    reported: set[Address] = set()
    diagnostics = []
    for path in _circles({address: declared[address].needs for address in sorted(declared) if declared[address].needs}):
        if reported.isdisjoint(path):
            reported.update(path)
            diagnostics.append(_diagnostic(path, declared, positions))
    return diagnostics


def _circles(needs: Mapping[Address, tuple[Address, ...]]) -> Iterator[list[Address]]:
    """Yields cycles by a depth-first walk without recursion: a chain may be as long as the fleet."""
    done: set[Address] = set()
    for start in needs:
        path: list[Address] = []
        depth: dict[Address, int] = {}
        waiting: list[Iterator[Address]] = [iter([start])]
        while waiting:
            address = next(waiting[-1], None)
            if address is None:
                waiting.pop()
                if path:
                    done.add(path[-1])
                    del depth[path.pop()]
            elif address in depth:
                yield path[depth[address] :]
            elif address not in done and address in needs:
                depth[address] = len(path)
                path.append(address)
                waiting.append(iter(needs[address]))


def _diagnostic(
    path: list[Address], declared: Mapping[Address, Declared], positions: Mapping[Address, Position]
) -> Diagnostic:
    if len(path) == 1:
        (itself,) = path
        summary = f"{itself} refers to itself: what is known only after it exists cannot be a part of it"
        hint = "remove the reference; a program finds its own address in the machine"
        place = _place(declared[itself], itself, positions[itself])
        return Diagnostic(summary, hint, origin=place)
    first = path.index(min(path))
    path = path[first:] + path[:first]
    steps = list(zip(path, [*path[1:], path[0]], strict=True))
    places = [(_place(declared[here], there, positions[here]), there) for here, there in steps]
    hint = "; ".join(_shortened([f"{place} needs {there}" for place, there in places]))
    walk = " -> ".join(_shortened([str(address) for address in [*path, path[0]]]))
    return Diagnostic(f"resources need each other in a circle: {walk}", hint, origin=places[0][0])


def _shortened(words: list[str]) -> list[str]:
    """Shortens a long list to its ends."""
    return words if len(words) <= MOST_SHOWN else [*words[: MOST_SHOWN - 2], "...", words[-1]]


def _place(item: Declared, needed: Address, position: Position) -> Origin:
    """Returns the place at which the resource names the other one; its spec if it inherits the reference."""
    for name, value in item.spec.items():
        if name in item.places and any(ref.address == needed for ref in refs(value)):
            return item.places[name]
    after = position_at(position, ("lifecycle", "dependsOn"))
    return key_origin(after if isinstance(after[5], list) else inside(position, "spec"))
