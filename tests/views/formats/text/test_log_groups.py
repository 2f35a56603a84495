"""The groups in the logs of GitHub and GitLab, and colours that are forced."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from novita_infra.views.formats.text.log_groups import has_log_groups, log_group
from novita_infra.views.formats.text.terminal import coloured
from tests.cli.conftest import Invoke, project, run

__all__ = ["project", "run"]

NAMES = ("GITHUB_ACTIONS", "GITLAB_CI", "FORCE_COLOR", "NO_COLOR", "TERM")


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_github_folds_the_changes_of_a_plan_and_the_steps_of_a_run(
    run: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    result = run("apply", "--sim", "-y")
    head, _, rest = result.stdout.partition("::group::Changes of the plan\n")
    changes, _, end = rest.partition("::endgroup::\n")
    assert head.startswith("Plan for project small")
    assert "network_storage.data" in changes
    assert "1 to create" in end
    steps = result.stderr.partition("::group::Steps of the run\n")[2].partition("::endgroup::\n")[0]
    assert "network_storage.data" in steps


def test_gitlab_has_its_own_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITLAB_CI", "true")
    stream = io.StringIO()
    with log_group("Steps of the run", stream, now=lambda: 7.0):
        stream.write("work\n")
    assert stream.getvalue() == (
        "\x1b[0Ksection_start:7:steps_of_the_run\r\x1b[0KSteps of the run\nwork\n"
        "\x1b[0Ksection_end:7:steps_of_the_run\r\x1b[0K\n"
    )


def test_nothing_is_folded_elsewhere_and_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not has_log_groups(io.StringIO())
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert has_log_groups(io.StringIO())
    with (tmp_path / "plan.txt").open("w") as file:
        assert not has_log_groups(file)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True),
        ({"FORCE_COLOR": "0"}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colours_can_be_forced_but_not_against_no_color(
    environ: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert coloured(io.StringIO()) is expected


def test_a_forced_plan_has_colours_and_no_live_display(run: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    result = run("apply", "--sim", "-y")
    assert "\x1b[" in result.stdout
    assert "\x1b[?25l" not in result.stderr
    assert "\x1b[" not in run("plan", "--sim", "--no-color").stdout
