"""Pictures as SVG, which browsers, editors and READMEs show."""

from novita_infra.views.output_formats import DocumentFormat

FORMAT = DocumentFormat(
    "Draw the figures into this SVG file.", {"metrics": "metrics:metrics_svg", "graph": "graph:dependency_svg"}
)
