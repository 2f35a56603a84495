"""The dependency graph in Graphviz's language. Pure."""

from __future__ import annotations

from novita_infra.model.printable import printable
from novita_infra.planning.plan.changes import Action
from novita_infra.views.content.graph import DependencyGraph, GraphNode


def dot(graph: DependencyGraph) -> str:
    """A digraph; a node with an action has its colour."""
    rows = ["digraph needs {", "    rankdir=LR;", '    node [shape=box, style="rounded,filled", fillcolor=white];']
    rows += [f"    {node.name} [label={_label(node)}{_fill(node)}];" for node in graph.nodes]
    rows += [f"    {source} -> {target};" for source, target in graph.arrows]
    return "\n".join([*rows, "}"]) + "\n"


def _label(node: GraphNode) -> str:
    """The label as a quoted string, in which a backslash begins an escape of Graphviz."""
    lines = [str(node.address)] if node.action is Action.NONE else [str(node.address), node.action.value]
    label = "\\n".join(printable(text).replace("\\", "\\\\").replace('"', '\\"') for text in lines)
    return f'"{label}"'


def _fill(node: GraphNode) -> str:
    return f', fillcolor="{node.fill}"' if node.fill else ""
