"""Findings as workflow commands of GitHub, one a line. Pure.

Source: GitHub, "Workflow commands for GitHub Actions"; the escapes are those of actions/toolkit, `command.ts`.
"""

from __future__ import annotations

from typing import Final

from novita_infra.model.diagnostics import Severity
from novita_infra.model.printable import printable
from novita_infra.views.reports.report import Report, ReportItem

_IN_MESSAGE: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTY: Final = {**_IN_MESSAGE, ord(":"): "%3A", ord(","): "%2C"}


def workflow_commands(report: Report) -> str:
    """The commands, errors first: GitHub shows ten errors and ten warnings of a step. Empty without findings."""
    items = sorted(report.items, key=lambda item: item.severity is not Severity.ERROR)
    return "".join(f"{_command(report, item)}\n" for item in items)


def _command(report: Report, item: ReportItem) -> str:
    properties = {"title": f"{report.name}: {item.rule.title}"}
    if item.origin:
        place = {"file": item.origin.file, "line": str(item.origin.line), "col": str(item.origin.column)}
        properties = {**place, **properties}
    listed = ",".join(f"{name}={printable(text).translate(_IN_PROPERTY)}" for name, text in properties.items())
    return f"::{item.severity.value} {listed}::{item.message.translate(_IN_MESSAGE)}"
