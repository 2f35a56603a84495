"""The pages about sharing the state are followed, with a real server in the place of the one that they name."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from git_server import bare_repository, git
from servers import address_of, make_bucket, s3_environment
from state_server import StateServer, state_server
from transcripts import Reader, hold

pytestmark = [pytest.mark.docs, pytest.mark.process]

DOCS = Path(__file__).parents[3] / "docs"


def check(page: str, folder: Path, **environ: str) -> None:
    reader = Reader(folder)
    reader.environ.update(environ)
    hold(DOCS / page, reader)


def test_the_state_is_shared_in_s3(tmp_path: Path) -> None:
    address = address_of("seaweedfs")
    make_bucket(address, "team-states")
    check("share-state-s3.md", tmp_path, AWS_ENDPOINT_URL_S3=address, **s3_environment())


def test_the_state_is_shared_in_postgres(tmp_path: Path) -> None:
    url = urlsplit(address_of("postgres"))
    check("share-state-postgres.md", tmp_path, STATE_URL=url.geturl())


def test_the_state_is_shared_in_the_git_repository(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    git(project, "init", "--quiet")
    git(project, "remote", "add", "origin", str(bare_repository(tmp_path / "remote.git")))
    check("share-state-git.md", project)


def test_the_state_is_shared_on_gitlab(tmp_path: Path) -> None:
    with state_server(StateServer(login="gitlab-ci-token:the-token-of-the-job")) as server:
        variables = {"CI_API_V4_URL": f"{server.address}/api/v4", "CI_PROJECT_ID": "7"}
        check("share-state-gitlab.md", tmp_path, CI_JOB_TOKEN="the-token-of-the-job", **variables)
