"""The code quality report of GitLab, which it shows in a merge request."""

from novita_infra.views.output_formats import report_format

FORMAT = report_format("Write the findings into this file, as a code quality report of GitLab.", "listing:code_quality")
