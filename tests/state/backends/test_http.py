"""The settings of the backend `http`, and the place for the conformance suite."""

from __future__ import annotations

import atexit
from collections.abc import Mapping
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from state_server import StateServer, state_server

from novita_infra.state.backend import SettingError
from novita_infra.state.registry import setting_errors

GITLAB: Final = "https://gitlab.example.com/api/v4/projects/7/terraform/state/infra-{environment}"


@cache
def served_states() -> StateServer:
    """The server of this process, which ends with it."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(state_server(StateServer(login="")))


def settings_in(folder: Path) -> Mapping[str, Any]:
    """The settings of an empty place for the conformance suite; another process finds the server by a file."""
    note = folder / "server"
    if not note.exists():
        note.write_text(f"{served_states().address}/{folder.parent.name}-{folder.name}")
    address = f"{note.read_text()}/{{environment}}"
    return {"address": address, "lockAddress": f"{address}/lock"}


def errors(**options: Any) -> list[SettingError]:
    return [*setting_errors({"backend": "http", "address": GITLAB, "lockAddress": f"{GITLAB}/lock", **options})]


def test_the_settings_of_gitlab_are_accepted() -> None:
    password = {"fromEnv": "CI_JOB_TOKEN"}
    methods = {"lockMethod": "POST", "unlockMethod": "DELETE"}
    assert errors(unlockAddress=f"{GITLAB}/lock", username="gitlab-ci-token", password=password, **methods) == []
    assert errors(address="http://localhost:8080/state", lockAddress="http://localhost:8080/state?lock=1") == []


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"address": "state/dev"}, SettingError("address", "is no address of a web server", "write it with https://")),
        (
            {"lockAddress": "ftp://x/"},
            SettingError("lockAddress", "is no address of a web server", "write it with https://"),
        ),
        (
            {"address": GITLAB.replace("{environment}", "{env}")},
            SettingError("address", "has {env}, and only {environment} stands for something"),
        ),
        (
            {"lockAddress": "https://x/lock"},
            SettingError("lockAddress", "and address must both have {environment}, or none of them"),
        ),
        (
            {"username": "ada", "bearerToken": {"fromEnv": "T"}},
            SettingError("bearerToken", "stands beside username and password", "give one of them"),
        ),
        (
            {"password": "hush"},
            SettingError("password", "stands in clear in the project file", "point at it: {fromEnv: NAME}"),
        ),
    ],
)
def test_settings_that_cannot_be_used_are_refused(options: Mapping[str, Any], error: SettingError) -> None:
    assert error in errors(**options)
