"""The SARIF format of findings, for pages of code scanning."""

from novita_infra.views.output_formats import report_format

FORMAT = report_format("Write the findings into this file, as SARIF 2.1.0 for code scanning.", "log:sarif_log")
