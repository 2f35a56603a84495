"""Findings as JUnit XML: a suite for each environment, a case for each resource, policy and other finding. Pure.

Source: the schema `junit-10.xsd` of Jenkins' xunit plugin; `file` and `line` of a case are read by GitLab.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final, TypeAlias
from xml.etree import ElementTree as ET

from novita_infra.model.printable import printable
from novita_infra.views.reports.report import Report, ReportItem

_Cases: TypeAlias = dict[tuple[str, str], list[ReportItem]]
_RESOURCE: Final = "resource"
_POLICY: Final = "policy"


def junit_suites(report: Report) -> str:
    """The document. What only warns passes, with the warning as its output: JUnit knows no warning."""
    root = ET.Element("testsuites", name="novita-infra")
    suites = [_suite(report, environment) for environment in report.environments]
    root.extend(suites)
    for name in ("tests", "failures"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(report: Report, environment: str) -> ET.Element:
    name = printable("/".join(filter(None, (report.command, report.project, environment))))
    suite = ET.Element("testsuite", name=name, errors="0", skipped="0", time="0")
    cases = _cases(report, [item for item in report.items if not item.environments or environment in item.environments])
    for (group, title), items in cases.items():
        suite.append(_case(printable(f"{report.command}.{group}"), title, items))
    failures = sum(any(item.failed for item in items) for items in cases.values())
    suite.set("tests", str(len(cases)))
    suite.set("failures", str(failures))
    return suite


def _cases(report: Report, items: Iterable[ReportItem]) -> _Cases:
    """The cases by group and name: the resources and policies, then what is about none of them."""
    cases: _Cases = {(_RESOURCE, printable(name)): [] for name in report.resources}
    cases |= {(_POLICY, printable(name)): [] for name in report.policies}
    known = frozenset(cases)
    times: Counter[tuple[str, str]] = Counter()
    for item in items:
        whole = (_POLICY, printable(item.policy)) if item.policy else (_RESOURCE, item.place)
        if whole not in known:
            whole = printable(item.rule.id), _title(item)
            times[whole] += 1
            if times[whole] > 1:  # a pipeline reads one of several cases with the same name
                whole = whole[0], f"{whole[1]} ({times[whole]})"
        cases.setdefault(whole, []).append(item)
    return cases or {(report.command, printable(report.passed or report.command)): []}


def _title(item: ReportItem) -> str:
    if item.key and item.address:
        return item.place
    return item.title if item.address or not item.origin else f"{item.place}: {item.title}"


def _case(group: str, title: str, items: list[ReportItem]) -> ET.Element:
    case = ET.Element("testcase", classname=group, name=title, time="0")
    origin = next((item.origin for item in items if item.origin), None)
    if origin:
        case.set("file", printable(origin.file))
        case.set("line", str(origin.line))
    failed = [item for item in items if item.failed]
    if failed:
        more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        failure = ET.SubElement(case, "failure", type=printable(failed[0].rule.id), message=failed[0].message + more)
        failure.text = "\n".join(map(_said, failed))
    if warned := [item for item in items if not item.failed]:
        ET.SubElement(case, "system-out").text = "\n".join(f"warning: {_said(item)}" for item in warned)
    return case


def _said(item: ReportItem) -> str:
    place = printable(f"{item.origin}: ") if item.origin else ""
    return f"{place}{item.message}"
