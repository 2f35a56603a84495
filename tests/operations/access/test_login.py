"""The login of a machine: what it waits for, and that no word of the API means anything else to ssh."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from novita_infra.kinds import KINDS
from novita_infra.kinds.machine import Login
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.resources import Live, Phase
from novita_infra.operations.access.login import MachineLogin, described_login
from novita_infra.operations.account.targets import ObjectTarget

OUTPUTS = MappingProxyType(
    {"sshHost": "proxy.example.com", "sshPort": 31234, "sshCommand": "ssh root@proxy.example.com"}
)
LIVE = Live("4b9c", "web", Phase.READY, "running", {}, outputs=OUTPUTS)


def _login(live: Live | None) -> MachineLogin | Diagnostic:
    return described_login(ObjectTarget(KINDS["instance"], live or LIVE, None, "instance.web"), live)


def test_a_running_machine_has_a_login() -> None:
    assert _login(LIVE) == MachineLogin("instance.web", "4b9c", Login("proxy.example.com", 31234, "root"))


@pytest.mark.parametrize(
    ("live", "message"),
    [
        (None, "instance.web does not exist any more; novita-infra plan shows what apply would do about it"),
        (
            replace(LIVE, phase=Phase.CHANGING, status="pulling"),
            "instance.web is not ready to log in: its status is pulling; add --wait to wait for it",
        ),
        (
            replace(LIVE, outputs={}),
            "instance.web runs, and the API shows no login by SSH for it; "
            "that of a new machine takes a moment: add --wait; an image without an SSH server has none",
        ),
        (
            replace(LIVE, phase=Phase.FAILED, trouble="no such image"),
            "instance.web has failed: no such image; look at its logs: novita-infra logs instance.web",
        ),
    ],
)
def test_a_machine_without_a_login_says_what_it_lacks(live: Live | None, message: str) -> None:
    assert str(_login(live)) == message


@pytest.mark.parametrize(
    "outputs",
    [
        {"sshHost": "-oProxyCommand=touch x", "sshPort": 22},
        {"sshHost": "a b", "sshPort": 22},
        {"sshHost": "$(x)", "sshPort": 22},
        {"sshHost": "proxy.example.com\nProxyCommand x", "sshPort": 22},
        {"sshHost": "proxy.example.com", "sshPort": 70_000},
        {"sshHost": "h", "sshPort": 22, "sshCommand": "ssh -lx$(y)@h"},
    ],
)
def test_a_login_that_means_more_is_refused(outputs: dict[str, str | int]) -> None:
    refused = _login(replace(LIVE, outputs=outputs))
    assert isinstance(refused, Diagnostic)
    assert str(refused).startswith("the API shows a login of instance.web that cannot be used: ")
    assert str(refused).isprintable()
