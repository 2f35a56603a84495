"""The job of a process, as its variables and its event describe it; none of them is believed beyond its form."""

from __future__ import annotations

from pathlib import Path

import pytest
from forges import SimulatedForge, job_environment

from novita_infra.forges.jobs import job_of_pipeline
from novita_infra.model.diagnostics import Problems

COMMIT = "a" * 40


@pytest.fixture(params=["github", "gitlab"])
def forge(request: pytest.FixtureRequest) -> SimulatedForge:
    return SimulatedForge(request.param, address="http://127.0.0.1:9")


def test_the_job_of_a_request_knows_its_number_and_its_last_commit(forge: SimulatedForge, tmp_path: Path) -> None:
    request = forge.open_request("b" * 40)
    commit = COMMIT if forge.system == "github" else request.head
    job = job_of_pipeline(job_environment(forge, {"commit": commit, "request": request}, tmp_path))
    assert (job.request, job.head, job.branch, job.is_foreign) == (request.number, request.head, "", False)


def test_the_job_of_a_push_knows_its_branch(forge: SimulatedForge, tmp_path: Path) -> None:
    job = job_of_pipeline(job_environment(forge, {"commit": COMMIT, "branch": "main"}, tmp_path))
    assert (job.request, job.commit, job.branch) == (None, COMMIT, "main")


def test_a_scheduled_job_has_neither(forge: SimulatedForge, tmp_path: Path) -> None:
    job = job_of_pipeline(job_environment(forge, {"commit": COMMIT}, tmp_path))
    assert (job.request, job.branch) == (None, "")


def test_a_request_from_a_fork_is_foreign(forge: SimulatedForge, tmp_path: Path) -> None:
    request = forge.open_request(COMMIT, is_foreign=True)
    assert job_of_pipeline(job_environment(forge, {"commit": COMMIT, "request": request}, tmp_path)).is_foreign


def test_outside_of_a_pipeline_there_is_no_job() -> None:
    with pytest.raises(Problems, match="this is no job of GitHub Actions or of GitLab CI"):
        job_of_pipeline({})


@pytest.mark.parametrize("token", ["", " ", "with space", "line\nfeed", "ä"])
def test_a_token_that_no_header_can_carry_is_refused_and_not_shown(
    forge: SimulatedForge, tmp_path: Path, token: str
) -> None:
    variables = job_environment(forge, {"commit": COMMIT}, tmp_path)
    name = next(name for name in variables if name.endswith("_TOKEN"))
    with pytest.raises(Problems) as problems:
        job_of_pipeline({**variables, name: token})
    assert name in str(problems.value)
    assert not token.strip() or token not in str(problems.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("GITHUB_API_URL", "file:///etc/passwd"),
        ("GITHUB_API_URL", "https://user:pass@host"),
        ("GITHUB_REPOSITORY", "team/fleet/../other"),
        ("GITHUB_SHA", "main"),
        ("GITHUB_EVENT_PATH", "/nowhere.json"),
        ("CI_API_V4_URL", "gitlab.com"),
        ("CI_COMMIT_SHA", "$(id)"),
    ],
)
def test_a_variable_of_another_form_is_refused(tmp_path: Path, name: str, text: str) -> None:
    forge = SimulatedForge("github" if name.startswith("GITHUB") else "gitlab", address="http://127.0.0.1:9")
    with pytest.raises(Problems, match=name):
        job_of_pipeline({**job_environment(forge, {"commit": COMMIT}, tmp_path), name: text})
