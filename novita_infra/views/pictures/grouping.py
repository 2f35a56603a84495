"""The nodes that a picture of a graph shows: one for each resource, or for many that are alike. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Final, NamedTuple

from novita_infra.model.addresses import Address
from novita_infra.planning.plan.changes import Action
from novita_infra.views.content.graph import DependencyGraph, GraphNode

MOST_NODES: Final = 60
"""The most nodes that are drawn one by one: more than that is no picture that a person can read."""
_MOST_NAMED: Final = 8
"""The most members of a node that its description names."""


class DrawnNode(NamedTuple):
    """A node of a picture: a resource, or several."""

    label: str
    """`instance.trainer`, `instance.worker` for a `forEach`, or `endpoint` for resources of one type."""
    members: tuple[Address, ...]
    """In the order of their addresses."""
    actions: Mapping[Action, int]
    """How many members have each action, in the order of the actions."""

    @property
    def names(self) -> str:
        """The addresses of the members, as far as they are few."""
        more = len(self.members) - _MOST_NAMED
        named = ", ".join(map(str, self.members[:_MOST_NAMED]))
        return f"{named} and {more:,} more" if more > 0 else named


class Picture(NamedTuple):
    """The nodes of a picture, and the arrows between their numbers."""

    nodes: tuple[DrawnNode, ...]
    arrows: tuple[tuple[int, int], ...]


def picture_of(graph: DependencyGraph, most: int = MOST_NODES) -> Picture:
    """The picture: where there are more nodes than `most`, those that are alike become one.

    First the keys of each `forEach` become one node; then the resources of one type that need the same and are needed
    by the same; then all resources of one type.
    """
    if len(graph.nodes) <= most:
        return _grouped(graph, {node.name: node.name for node in graph.nodes}, lambda node: str(node.address))
    fleets = {node.name: node.address.unkeyed for node in graph.nodes}
    picture = _grouped(graph, fleets, lambda node: str(node.address.unkeyed))
    if len(picture.nodes) > most:
        picture = _grouped(graph, _alike(graph, fleets), _type_of)
    if len(picture.nodes) > most:
        picture = _grouped(graph, {node.name: node.address.type for node in graph.nodes}, _type_of)
    return picture


def _type_of(node: GraphNode) -> str:
    return node.address.type


def _alike(graph: DependencyGraph, groups: Mapping[str, Hashable]) -> dict[str, Hashable]:
    """The group of each node: its type, and the groups at both ends of its arrows."""
    needs: dict[Hashable, set[Hashable]] = {}
    needed: dict[Hashable, set[Hashable]] = {}
    for source, target in graph.arrows:
        needs.setdefault(groups[source], set()).add(groups[target])
        needed.setdefault(groups[target], set()).add(groups[source])

    def key(node: GraphNode) -> Hashable:
        group = groups[node.name]
        return (node.address.type, frozenset(needs.get(group, ())), frozenset(needed.get(group, ())))

    return {node.name: key(node) for node in graph.nodes}


def _grouped(graph: DependencyGraph, groups: Mapping[str, Hashable], label: Callable[[GraphNode], str]) -> Picture:
    """The picture with a node for each group, given by the name of each node."""
    members: dict[Hashable, list[GraphNode]] = {}
    for node in graph.nodes:
        members.setdefault(groups[node.name], []).append(node)
    numbers = {group: number for number, group in enumerate(members)}
    arrows = {(numbers[groups[source]], numbers[groups[target]]) for source, target in graph.arrows}
    nodes = tuple(_node(items, label) for items in members.values())
    return Picture(nodes, tuple(sorted((source, target) for source, target in arrows if source != target)))


def _node(items: Iterable[GraphNode], label: Callable[[GraphNode], str]) -> DrawnNode:
    items = [*items]
    counts = Counter(item.action for item in items)
    text = label(items[0]) if len(items) > 1 else str(items[0].address)
    return DrawnNode(
        text, tuple(item.address for item in items), {action: counts[action] for action in Action if counts[action]}
    )
