"""The catalogue of errors holds every message of the source, and every exit code."""

from __future__ import annotations

import re
from pathlib import Path

from novita_infra.cli.pages.errors_page import Message, errors_page, messages, messages_in, unknown_areas
from novita_infra.model import diagnostics

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/reference/errors.md"

SOURCE = """
ASK = "ask for less"
def a(path, self):
    problem(f"{path} is no file: {self._reason}", "name a file", code=EXIT_REFUSED)
    yield Diagnostic(f"too many: {len(path)}", ASK, severity=Severity.WARNING)
    yield Diagnostic(summary_of(path))
    raise problem("gone" if path else "lost", hint=f"{ASK}, or wait")
"""


def test_the_page_is_committed_as_made() -> None:
    assert PAGE.read_text(encoding="utf-8") == errors_page(), "run `make schemas`"


def test_the_messages_of_a_module_are_found_with_placeholders() -> None:
    assert [*messages_in("cli", SOURCE)] == [
        Message("cli", "PATH is no file: REASON", "name a file", 5),
        Message("cli", "too many: …", "ask for less", None),
        Message("cli", "gone / lost", "ask for less, or wait", 1),
    ]


def test_every_package_with_messages_has_a_part_of_the_page() -> None:
    found = messages()
    assert unknown_areas(found) == set()
    assert len(found) > 500
    assert unknown_areas([Message("new_package", "it is wrong", "", 1)]) == {"new_package"}


def test_every_exit_code_of_the_source_and_of_the_help_is_on_the_page() -> None:
    part = PAGE.read_text(encoding="utf-8").split("## Exit codes")[1].split("## ")[0]
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", part, re.MULTILINE)}
    codes = {value for name, value in vars(diagnostics).items() if name.startswith("EXIT_")}
    commands = (ROOT / "docs/reference/commands.md").read_text(encoding="utf-8")
    helped = re.findall(r"Exit codes: (.*?)\.\n", commands, re.DOTALL)
    for text in helped:
        codes |= {int(code) for code in re.findall(r"(?:^|[;,] )\s*(\d+) ", text)}
    assert helped
    assert codes <= told
