"""The Mermaid format of a graph, for Markdown."""

from novita_infra.views.output_formats import DocumentFormat

FORMAT = DocumentFormat("for Markdown", {"graph": "graph:mermaid"})
