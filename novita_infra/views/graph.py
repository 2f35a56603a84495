"""The dependency graph as Mermaid or DOT: an arrow points from a resource to one that it needs. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from novita_infra.model.addresses import Address
from novita_infra.model.values import refs
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.plan.plan import Plan

_FILL: Final[Mapping[Action, str]] = {
    Action.CREATE: "#c8e6c9",
    Action.UPDATE: "#fff9c4",
    Action.REPLACE: "#e1bee7",
    Action.DELETE: "#ffcdd2",
    Action.ADOPT: "#b2ebf2",
    Action.RESUME: "#b2ebf2",
    Action.FORGET: "#cfd8dc",
    Action.REFUSED: "#ef9a9a",
}


def mermaid(needs: Mapping[Address, Iterable[Address]], actions: Mapping[Address, Action] | None = None) -> str:
    """A Mermaid flowchart; with actions, each node has its action and the colour of it."""
    names = _names(needs)
    rows = ["graph LR"]
    for address, name in names.items():
        label = _label(address, actions, "<br/>").replace('"', "#quot;")
        rows.append(f'    {name}["{label}"]')
    rows += [f"    {names[source]} --> {names[target]}" for source, target in _edges(needs)]
    for action, group in _by_action(names, actions).items():
        rows.append(f"    classDef {action.name.lower()} fill:{_FILL[action]},color:#000")
        rows.append(f"    class {','.join(group)} {action.name.lower()}")
    return "\n".join(rows) + "\n"


def dot(needs: Mapping[Address, Iterable[Address]], actions: Mapping[Address, Action] | None = None) -> str:
    """The same in Graphviz's language."""
    names = _names(needs)
    rows = ["digraph needs {", "    rankdir=LR;", '    node [shape=box, style="rounded,filled", fillcolor=white];']
    for address, name in names.items():
        action = (actions or {}).get(address, Action.NONE)
        fill = f', fillcolor="{_FILL[action]}"' if action in _FILL else ""
        rows.append(f"    {name} [label={json.dumps(_label(address, actions, chr(10)), ensure_ascii=False)}{fill}];")
    rows += [f"    {names[source]} -> {names[target]};" for source, target in _edges(needs)]
    return "\n".join([*rows, "}"]) + "\n"


def needs_of(plan: Plan) -> dict[Address, set[Address]]:
    """The dependencies of a plan: those of its steps, and the references in its values."""
    needs: dict[Address, set[Address]] = {
        change.address: {*change.needs, *(ref.address for ref in refs(change.after))} for change in plan.changes
    }
    for step in plan.steps:
        needs.setdefault(step.address, set()).update(step.record.needs)
    return needs


def _names(needs: Mapping[Address, Iterable[Address]]) -> dict[Address, str]:
    addresses = sorted({*needs, *(target for targets in needs.values() for target in targets)})
    return {address: f"n{number}" for number, address in enumerate(addresses)}


def _edges(needs: Mapping[Address, Iterable[Address]]) -> Iterator[tuple[Address, Address]]:
    for source in sorted(needs):
        for target in sorted(set(needs[source])):
            yield source, target


def _label(address: Address, actions: Mapping[Address, Action] | None, newline: str) -> str:
    action = (actions or {}).get(address, Action.NONE)
    return str(address) if action is Action.NONE else f"{address}{newline}{action.value}"


def _by_action(names: Mapping[Address, str], actions: Mapping[Address, Action] | None) -> dict[Action, list[str]]:
    groups: dict[Action, list[str]] = {}
    for address, name in names.items():
        action = (actions or {}).get(address, Action.NONE)
        if action in _FILL:
            groups.setdefault(action, []).append(name)
    return groups
