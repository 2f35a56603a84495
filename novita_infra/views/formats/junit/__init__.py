"""The JUnit XML of findings, which every system of pipelines shows as test results."""

from novita_infra.views.output_formats import report_format

FORMAT = report_format("Write what was checked and found into this file, as JUnit XML.", "suites:junit_suites")
