"""The dependency graph: an arrow points from a resource to one that it needs. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from novita_infra.kinds import KINDS
from novita_infra.model.addresses import Address
from novita_infra.model.resources import Declared
from novita_infra.model.values import refs
from novita_infra.planning.helping import helpers
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.plan.plan import Plan

FILLS: Final[Mapping[Action, str]] = {
    Action.CREATE: "#c8e6c9",
    Action.UPDATE: "#fff9c4",
    Action.REPLACE: "#e1bee7",
    Action.DELETE: "#ffcdd2",
    Action.ADOPT: "#b2ebf2",
    Action.RESUME: "#b2ebf2",
    Action.FORGET: "#cfd8dc",
    Action.REFUSED: "#ef9a9a",
}
"""The colour of each action that has one."""


class GraphNode(NamedTuple):
    """A resource in the graph."""

    name: str
    """Short and unique in the graph, such as `n0`."""
    address: Address
    action: Action = Action.NONE
    fill: str = ""
    """The colour of the action, such as `#c8e6c9`; empty without an action."""


class DependencyGraph(NamedTuple):
    """The resources in the order of their addresses, and the arrows between their names."""

    nodes: tuple[GraphNode, ...]
    arrows: tuple[tuple[str, str], ...]


def graph_of(
    needs: Mapping[Address, Iterable[Address]], actions: Mapping[Address, Action] | None = None
) -> DependencyGraph:
    """The graph of the needs; with actions, each node has its action and the colour of it."""
    names, planned = _names(needs), actions or {}
    nodes = tuple(_node(name, address, planned.get(address, Action.NONE)) for address, name in names.items())
    return DependencyGraph(nodes, tuple((names[source], names[target]) for source, target in _edges(needs)))


def needs_of(plan: Plan) -> dict[Address, set[Address]]:
    """The dependencies of a plan: those of its steps, and the references in its values."""
    needs: dict[Address, set[Address]] = {
        change.address: {*change.needs, *(ref.address for ref in refs(change.after))} for change in plan.changes
    }
    for step in plan.steps:
        needs.setdefault(step.address, set()).update(step.record.needs)
    for address, others in plan.helped.items():
        needs[address].update(others)
    return needs


def declared_needs(declared: Iterable[Declared]) -> dict[Address, set[Address]]:
    """The dependencies of manifests: those that are written, and those on what is prepared for a resource, as far as
    names of places and products are spelled alike.
    """
    items = {item.address: item for item in declared}
    helped = helpers({address: item.spec for address, item in items.items()}, KINDS)
    return {address: {*item.needs, *helped.get(address, ())} for address, item in items.items()}


def _node(name: str, address: Address, action: Action) -> GraphNode:
    return GraphNode(name, address, action, FILLS.get(action, ""))


def _names(needs: Mapping[Address, Iterable[Address]]) -> dict[Address, str]:
    addresses = sorted({*needs, *(target for targets in needs.values() for target in targets)})
    return {address: f"n{number}" for number, address in enumerate(addresses)}


def _edges(needs: Mapping[Address, Iterable[Address]]) -> Iterator[tuple[Address, Address]]:
    for source in sorted(needs):
        for target in sorted(set(needs[source])):
            yield source, target
