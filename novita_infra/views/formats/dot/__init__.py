"""The DOT format of a graph, for Graphviz."""

from novita_infra.views.output_formats import DocumentFormat

FORMAT = DocumentFormat("for Graphviz", {"graph": "graph:dot"})
