"""The annotations of GitHub, which a workflow prints."""

from novita_infra.views.output_formats import report_format

FORMAT = report_format(
    "Write the findings into this file, as annotations that a workflow of GitHub prints.", "lines:workflow_commands"
)
