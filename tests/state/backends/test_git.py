"""The settings of the backend `git`, and what a team does with it: two clones, and a job on another machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from git_server import bare_repository
from object_places import served_repositories

from novita_infra.state.backend import SettingError
from novita_infra.state.registry import setting_errors


def settings_in(folder: Path, counterpart: str = "file") -> Mapping[str, Any]:
    """The settings of an empty place for the conformance suite; another process finds the server by a file."""
    if counterpart == "file":
        return {"remote": f"file://{bare_repository(folder / 'remote.git')}"}
    note = folder / "repository"
    if not note.exists():
        note.write_text(served_repositories().url(f"{folder.parent.name}-{folder.name}.git"))
    return {"remote": note.read_text()}


@pytest.mark.parametrize(
    "remote",
    ["origin", "my-fork", "https://host/x.git", "ssh://git@host:22/x", "git@host:team/x.git", "../x.git", "/srv/x"],
)
@pytest.mark.parametrize("branch", ["novita-infra-state", "infra/state", "v1.2"])
def test_remotes_and_branches_of_git_are_accepted(remote: str, branch: str) -> None:
    assert not setting_errors({"backend": "git", "remote": remote, "branch": branch})


@pytest.mark.parametrize(
    ("remote", "summary"),
    [
        ("--upload-pack=touch x", "is neither the name of a remote nor a URL"),
        ("-o", "is neither the name of a remote nor a URL"),
        ("ext::sh -c x", "is neither the name of a remote nor a URL"),
        ("ext::sh", 'begins with "ext::"'),
        ("ftp://host/x", 'begins with "ftp://"'),
        ("s3://bucket/x", 'begins with "s3://"'),
        ("https://ada:pw@host/x.git", "holds a secret in clear"),
    ],
)
def test_what_git_would_take_as_an_option_or_a_program_is_refused(remote: str, summary: str) -> None:
    (error,) = setting_errors({"backend": "git", "remote": remote})
    assert (error.name, error.summary) == ("remote", summary)
    assert "pw" not in f"{error.summary}{error.hint}"


@pytest.mark.parametrize(
    "branch", ["-b", "a b", "a..b", "a.lock", ".a", "a/", "/a", "a//b", "a@{1}", "a:b", "a~1", "a."]
)
def test_what_is_no_name_of_a_branch_is_refused(branch: str) -> None:
    assert [*setting_errors({"backend": "git", "branch": branch})] == [
        SettingError("branch", f'cannot be "{branch}"', "name a branch as git does, such as novita-infra-state")
    ]
