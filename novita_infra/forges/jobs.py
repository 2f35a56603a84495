"""The job of a pipeline that this process runs in, as its environment and its event describe it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from novita_infra.api.json_values import int_of
from novita_infra.encoding.files import read_file
from novita_infra.encoding.json_text import parse_foreign_json
from novita_infra.forges.forge import Forge
from novita_infra.forges.github import HEADERS, GitHub, is_from_fork
from novita_infra.forges.gitlab import GitLab
from novita_infra.forges.sending import ForgeAccess, ForgeClient, text_below
from novita_infra.model.diagnostics import problem, reason
from novita_infra.model.frozen import dataclass

GITHUB_TOKEN: Final = "GITHUB_TOKEN"  # noqa: S105 -- the name of a variable
GITLAB_TOKEN: Final = "NOVITA_INFRA_GITLAB_TOKEN"  # noqa: S105 -- as above
_REPOSITORY: Final = re.compile(r"[\w.-]+/[\w.-]+")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_ADDRESS: Final = re.compile(r"https?://[\w.-]+(:\d+)?(/[\w./-]*)?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineJob:
    """A job of a pipeline on a forge."""

    forge: Forge
    commit: str
    """The commit that is checked out."""
    branch: str
    """The branch that was pushed to; empty for the pipeline of a request."""
    url: str
    """The page of the job, or of its pipeline."""
    request: int | None = None
    """The number of the request whose pipeline it is; None for another pipeline."""
    head: str = ""
    """The last commit of that request when the pipeline began."""
    is_foreign: bool = False
    """Whether the branch of the request is in a fork, so that no secret is there."""
    has_base: bool = True
    """Whether the commit has what is on the base: a pipeline of GitLab may see the branch alone."""
    token: str = ""
    """The token of the job, which no message may show."""


def job_of_pipeline(environ: Mapping[str, str], *, sleep: Callable[[float], None] = time.sleep) -> PipelineJob:
    """The job of this process. Raises Problems outside of a pipeline, or without a token. `sleep` is for tests."""
    if environ.get("GITHUB_ACTIONS") == "true":
        return _github_job(environ, sleep)
    if environ.get("GITLAB_CI") == "true":
        return _gitlab_job(environ, sleep)
    raise problem(
        "this is no job of GitHub Actions or of GitLab CI (GITHUB_ACTIONS, GITLAB_CI)",
        "`novita-infra ci init github` or `ci init gitlab` writes a pipeline; here, use plan, apply and drift",
    )


def _github_job(environ: Mapping[str, str], sleep: Callable[[float], None]) -> PipelineJob:
    repository = environ.get("GITHUB_REPOSITORY", "")
    if not _REPOSITORY.fullmatch(repository):
        raise problem("GITHUB_REPOSITORY names no repository", "run this in a step of a workflow")
    token = _token(environ, GITHUB_TOKEN, "give the step `env: {GITHUB_TOKEN: ${{ github.token }}}`")
    access = ForgeAccess(
        subject="GitHub",
        address=_address(environ, "GITHUB_API_URL", "https://api.github.com"),
        headers={**HEADERS, "Authorization": f"Bearer {token}"},
        token=token,
        variable=GITHUB_TOKEN,
    )
    workflow = environ.get("GITHUB_WORKFLOW_REF", "").partition("@")[0].removeprefix(f"{repository}/")
    event = _event(environ.get("GITHUB_EVENT_PATH", ""))
    pull = event.get("pull_request")
    server = environ.get("GITHUB_SERVER_URL", "https://github.com")
    return PipelineJob(
        forge=GitHub(ForgeClient(access, sleep=sleep), repository, workflow=workflow),
        commit=_commit(environ, "GITHUB_SHA"),
        branch=environ.get("GITHUB_REF_NAME", "") if environ.get("GITHUB_EVENT_NAME") == "push" else "",
        url=f"{server}/{repository}/actions/runs/{environ.get('GITHUB_RUN_ID', '')}",
        request=int_of(pull.get("number")) if isinstance(pull, dict) else None,
        head=text_below(pull, "head", "sha"),
        is_foreign=isinstance(pull, dict) and is_from_fork(pull),
        token=token,
    )


def _gitlab_job(environ: Mapping[str, str], sleep: Callable[[float], None]) -> PipelineJob:
    project, target = environ.get("CI_PROJECT_ID", ""), environ.get("CI_MERGE_REQUEST_PROJECT_ID", "")
    source = environ.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "")
    foreign = bool(target) and not (project == target == source)
    how = f"make a project access token (role Developer, scope api), and a masked CI/CD variable {GITLAB_TOKEN} of it"
    token = environ.get(GITLAB_TOKEN, "") if foreign else _token(environ, GITLAB_TOKEN, how)
    access = ForgeAccess(
        subject="GitLab",
        address=_address(environ, "CI_API_V4_URL", "https://gitlab.com/api/v4"),
        headers={"PRIVATE-TOKEN": token},
        token=token,
        variable=GITLAB_TOKEN,
    )
    commit = _commit(environ, "CI_COMMIT_SHA")
    return PipelineJob(
        forge=GitLab(ForgeClient(access, sleep=sleep), project),
        commit=commit,
        branch=environ.get("CI_COMMIT_BRANCH", "") if environ.get("CI_PIPELINE_SOURCE") == "push" else "",
        url=environ.get("CI_JOB_URL", ""),
        request=int_of(environ.get("CI_MERGE_REQUEST_IID", "")) if target else None,
        head=environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or commit,
        is_foreign=foreign,
        has_base=environ.get("CI_MERGE_REQUEST_EVENT_TYPE", "") in {"merged_result", "merge_train"},
        token=token,
    )


def _token(environ: Mapping[str, str], name: str, how: str) -> str:
    """The token. Raises Problems for one that no header can carry: an error of HTTP would show it."""
    token = environ.get(name, "").strip()
    if not token:
        raise problem(f"there is no token: {name} is not set", how)
    if not all("!" <= mark <= "~" for mark in token):
        raise problem(f"the token in {name} holds a character that no token has", how)
    return token


def _address(environ: Mapping[str, str], name: str, default: str) -> str:
    address = environ.get(name, "") or default
    if not _ADDRESS.fullmatch(address):
        raise problem(f"{name} is no address of an API", "run this in a job of a pipeline, which sets it")
    return address.rstrip("/")


def _commit(environ: Mapping[str, str], name: str) -> str:
    commit = environ.get(name, "")
    if not _COMMIT.fullmatch(commit):
        raise problem(f"{name} names no commit", "run this in a job of a pipeline, which sets it")
    return commit


def _event(path: str) -> Mapping[str, Any]:
    if not path:
        return {}
    try:
        event = parse_foreign_json(read_file(Path(path)))
    except (OSError, ValueError, RecursionError) as error:
        why = reason(error) if isinstance(error, (OSError, ValueError)) else "nested beyond all measure"
        raise problem(f"the event in GITHUB_EVENT_PATH cannot be read: {why}", "run the job again") from None
    return event if isinstance(event, dict) else {}
