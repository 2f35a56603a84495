"""Complaints of git and of hosts: the fault that each one shows."""

from __future__ import annotations

import pytest

from novita_infra.programs.git_faults import ADVICE, GitFault, git_fault_in


@pytest.mark.parametrize(
    ("complaints", "fault"),
    [
        ("fatal: could not read Username for 'https://host': terminal prompts disabled", GitFault.ACCESS),
        ("remote: Permission to team/fleet.git denied to bot.", GitFault.ACCESS),
        ("fatal: unable to access 'https://host/': The requested URL returned error: 403", GitFault.ACCESS),
        ("fatal: repository 'https://host/x.git/' not found", GitFault.ABSENT),
        ("fatal: unable to access 'https://host/': SSL certificate problem: unable to get", GitFault.CERTIFICATE),
        ("fatal: transport 'ext' not allowed", GitFault.TRANSPORT),
        ("fatal: mismatched algorithms: client sha1; server sha256", GitFault.FORMAT),
        ("fatal: write error: No space left on device", GitFault.FULL),
        ("unable to create temporary object directory", GitFault.UNWRITABLE),
        ("error: cannot run ssh: No such file or directory", GitFault.UNSTARTED),
        ("fatal: unable to access 'https://host/': Could not resolve host: host", None),
        ("fatal: the remote end hung up unexpectedly", None),
    ],
)
def test_a_complaint_shows_its_fault(complaints: str, fault: GitFault | None) -> None:
    assert git_fault_in(complaints) is fault


def test_every_fault_has_advice_but_for_those_that_depend_on_the_remote() -> None:
    assert set(GitFault) - ADVICE.keys() == {GitFault.ACCESS, GitFault.ABSENT}
