"""The note of a lock's holder: what it says, and whether its process still exists."""

from __future__ import annotations

import os

import pytest

from novita_infra.state.locks.lock_holders import holder_of, note_of_holder, process_exists, run_of_ci

GITHUB = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "team/fleet", "GITHUB_RUN_ID": "7"}


@pytest.mark.parametrize(
    ("environ", "run"),
    [
        (GITHUB, "https://github.com/team/fleet/actions/runs/7"),
        ({"CI_JOB_URL": "https://gitlab.com/team/fleet/-/jobs/7"}, "https://gitlab.com/team/fleet/-/jobs/7"),
        ({"BUILD_URL": "https://ci.example/job/7/"}, "https://ci.example/job/7/"),
        ({"BUILD_URL": "\x1b[31m"}, ""),
        ({"GITHUB_RUN_ID": "7"}, ""),
        ({}, ""),
    ],
)
def test_the_run_of_a_ci_service_is_named(environ: dict[str, str], run: str) -> None:
    assert run_of_ci(environ) == run


def test_a_holder_in_ci_is_told_with_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GITHUB.items():
        monkeypatch.setenv(name, value)
    text = str(holder_of(note_of_holder("apply", 1.0)))
    assert f" on {os.uname().nodename}, https://github.com/team/fleet/actions/runs/7, since 1970-01-01" in text


def test_a_process_is_known_only_where_its_number_means_something() -> None:
    note = note_of_holder("apply", 0.0)
    assert process_exists(note) is True
    assert process_exists({**note, "pid": 1}) is True
    assert process_exists({**note, "pid": 2**22 + 1}) is False
    for other in ({"boot": "b"}, {"namespace": "pid:[1]"}, {"pid": "12"}, {"pid": -1}):
        assert process_exists({**note, **other}) is None
    assert process_exists({}) is None
