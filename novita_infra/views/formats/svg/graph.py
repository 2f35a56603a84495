"""The dependency graph as a picture. Pure."""

from __future__ import annotations

from novita_infra.views.content.graph import DependencyGraph
from novita_infra.views.pictures.graph import graph_svg
from novita_infra.views.pictures.grouping import picture_of


def dependency_svg(graph: DependencyGraph) -> str:
    """The picture; a node with an action has its colour, and where there are many nodes, those alike are one."""
    return graph_svg(picture_of(graph))
