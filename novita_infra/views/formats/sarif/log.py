"""Findings as a log of SARIF 2.1.0 with one run. Pure.

Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0, errata 01; GitHub, "SARIF support
for code scanning", for what it reads of that.
"""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import quote

from novita_infra import __version__
from novita_infra.model.addresses import Origin
from novita_infra.model.printable import printable
from novita_infra.views.reports.report import RULES, Report, ReportItem, ReportRule, fingerprints

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_HOME: Final = "https://github.com/novita-infra/novita-infra"


def sarif_log(report: Report) -> str:
    """The log. Files are relative to the top of the repository, or absolute outside of it."""
    rules = {rule.id: rule for rule in (*RULES, *(item.rule for item in report.items))}
    index = {name: at for at, name in enumerate(rules)}
    prints = fingerprints(report)
    driver = {
        "name": "novita-infra",
        "semanticVersion": __version__,
        "informationUri": _HOME,
        "rules": [_rule(rule) for rule in rules.values()],
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"novita-infra/{quote(report.name)}/"},
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(item, index[item.rule.id], key, report.file) for item, key in zip(report.items, prints, strict=True)
        ],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _rule(rule: ReportRule) -> dict[str, Any]:
    help_ = {"text": printable(rule.help)}
    title = {"text": printable(rule.title)}
    return {"id": printable(rule.id), "shortDescription": title, "fullDescription": help_, "help": help_}


def _result(item: ReportItem, rule: int, key: str, file: str) -> dict[str, Any]:
    """One result. A page of GitHub shows none without a file, so that one without a place has that of the project."""
    origin = item.origin or Origin(file, 1, 1)
    region = {"startLine": max(1, origin.line), "startColumn": max(1, origin.column)}
    location: dict[str, Any] = {"physicalLocation": {"artifactLocation": {"uri": _uri(origin.file)}, "region": region}}
    if item.address:
        location["logicalLocations"] = [{"fullyQualifiedName": printable(item.address), "kind": "resource"}]
    return {
        "ruleId": printable(item.rule.id),
        "ruleIndex": rule,
        "level": item.severity.value,
        "message": {"text": item.message},
        "locations": [location],
        "partialFingerprints": {"primaryLocationLineHash": f"{key[:16]}:1", "novitaInfra/v1": key},
    }


def _uri(file: str) -> str:
    """The name as it is shown: one that is no text has escapes."""
    return f"{'file://' if file.startswith('/') else ''}{quote(printable(file))}"
