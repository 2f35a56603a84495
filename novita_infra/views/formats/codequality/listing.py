"""Findings as a code quality report of GitLab. Pure.

Source: GitLab, "Code Quality", the section on its report format: every key here is required.
"""

from __future__ import annotations

import json

from novita_infra.model.diagnostics import Severity
from novita_infra.model.printable import printable
from novita_infra.views.reports.report import Report, fingerprints


def code_quality(report: Report) -> str:
    """The list of findings; one without a place is at the first line of the project file."""
    found = [
        {
            "description": item.message,
            "check_name": printable(item.rule.id),
            "fingerprint": key,
            "severity": "major" if item.severity is Severity.ERROR else "minor",
            "location": {
                "path": printable(item.origin.file if item.origin else report.file),
                "lines": {"begin": max(1, item.origin.line) if item.origin else 1},
            },
        }
        for item, key in zip(report.items, fingerprints(report), strict=True)
    ]
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"
