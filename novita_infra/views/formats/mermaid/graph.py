"""The dependency graph as a Mermaid flowchart. Pure."""

from __future__ import annotations

from typing import Final

from novita_infra.model.printable import printable
from novita_infra.planning.plan.changes import Action
from novita_infra.views.content.graph import DependencyGraph, GraphNode

_ENTITIES: Final = str.maketrans({'"': "#quot;", "#": "#35;", "&": "#38;", "<": "#lt;", ">": "#gt;", "`": "#96;"})
"""Mermaid's entities; a backquote could end the block of Markdown around the chart."""


def mermaid(graph: DependencyGraph) -> str:
    """A flowchart; a node with an action has its colour."""
    rows = ["graph LR"]
    rows += [f'    {node.name}["{_label(node)}"]' for node in graph.nodes]
    rows += [f"    {source} --> {target}" for source, target in graph.arrows]
    groups: dict[Action, list[GraphNode]] = {}
    for node in graph.nodes:
        if node.fill:
            groups.setdefault(node.action, []).append(node)
    for action, nodes in groups.items():
        rows.append(f"    classDef {action.name.lower()} fill:{nodes[0].fill},color:#000")
        rows.append(f"    class {','.join(node.name for node in nodes)} {action.name.lower()}")
    return "\n".join(rows) + "\n"


def _label(node: GraphNode) -> str:
    """The label in quotes: a key may hold what Mermaid, HTML and Markdown read as their own."""
    name = printable(str(node.address)).translate(_ENTITIES)
    return name if node.action is Action.NONE else f"{name}<br/>{node.action.value}"
