"""Bad manifests at the command line: exit code 1, every message with its place, and never a traceback."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest
from bad_manifests import BadManifests, bad_manifests
from click.testing import CliRunner, Result

from novita_infra.cli import root

CASES = [pytest.param(case, id=case.name) for case in bad_manifests()]
PLACE = re.compile(r"^(?P<place>[^\s:]+:\d+:\d+): ")
UNSET = re.compile(
    r"is not set; set it|is empty; set it|does not set|is empty in the dotenv file"
    r"|there is no such file; the path|has no value; give it"
)
"""What `validate` warns of, and what only a plan needs."""


def errors_of(case: BadManifests) -> list[str]:
    """The messages that are errors of `validate`."""
    return [line for line in case.expected.splitlines() if not UNSET.search(line)]


OFFLINE = [pytest.param(case, id=case.name) for case in bad_manifests() if errors_of(case)]
"""The cases that `validate` refuses."""
UNSET_ALONE = [pytest.param(case, id=case.name) for case in bad_manifests() if not errors_of(case)]


def validated(case: BadManifests, monkeypatch: pytest.MonkeyPatch, *more: str) -> Result:
    monkeypatch.chdir(case.folder)
    for name in [name for name in os.environ if name.startswith(("NOVITA", "TOKEN"))]:
        monkeypatch.delenv(name)
    for name, value in case.environ.items():
        monkeypatch.setenv(name, value)
    return CliRunner().invoke(root, ["validate", *case.arguments, *more], prog_name="novita-infra")


def test_there_are_at_least_forty_cases() -> None:
    assert len(CASES) >= 40


@pytest.mark.parametrize("case", UNSET_ALONE)
def test_what_is_not_set_is_a_warning_offline(case: BadManifests, monkeypatch: pytest.MonkeyPatch) -> None:
    result = validated(case, monkeypatch)
    assert result.exit_code == 0
    for line in case.expected.splitlines():
        place = PLACE.match(line)
        assert place is not None
        assert f"warning: {place['place']}: " in result.stderr


@pytest.mark.parametrize("case", OFFLINE)
def test_each_is_reported_with_its_places_and_exit_code_1(case: BadManifests, monkeypatch: pytest.MonkeyPatch) -> None:
    result = validated(case, monkeypatch)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert "internal error" not in result.stderr
    for place in filter(None, map(PLACE.match, errors_of(case))):
        assert place["place"] in result.stderr


@pytest.mark.parametrize("case", OFFLINE)
def test_each_is_reported_as_json_alone(case: BadManifests, monkeypatch: pytest.MonkeyPatch) -> None:
    result = validated(case, monkeypatch, "--json")
    assert result.exit_code == 1
    data = json.loads(result.stdout)
    assert data["valid"] is False
    assert data["error_count"] == len(data["diagnostics"]) - data["warning_count"] >= 1


@pytest.mark.process
@pytest.mark.parametrize("name", ["cycle", "syntax-tab", "bytes-binary"])
def test_the_command_itself_answers_so(name: str) -> None:
    case = next(case for case in bad_manifests() if name in case.name)
    command = [sys.executable, "-m", "novita_infra", "validate", *case.arguments]
    done = subprocess.run(command, cwd=case.folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
