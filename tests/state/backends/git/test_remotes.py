"""The remote of the state as git knows it in the project: names, URLs, credentials, and settings that do not count."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from git_repositories import GIT_ENVIRON
from git_server import GitServer, bare_repository, git, git_server, hook

from novita_infra.model.diagnostics import Problems
from novita_infra.state.backends.git.git_objects import GitObjects
from novita_infra.state.backends.git.remotes import find_remote
from novita_infra.state.objects.objects import ABSENT, ObjectChange

LOGIN = "x-access-token:ghs_thetokenofthejob"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    """A git server that asks for a password."""
    with git_server(tmp_path / "served") as served:
        served.login = LOGIN
        yield served


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without settings of git, in which a test may put some."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith(("GIT_", "XDG_CONFIG"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return folder


def checkout(folder: Path, url: str, name: str = "origin") -> Path:
    """A clone of a project that has this remote."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet", "--initial-branch=main", ".")
    git(folder, "remote", "add", name, url)
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "project")
    return folder


def writes(root: Path, remote: str = "origin") -> bool:
    """Whether the state can be written and read again there."""
    objects = GitObjects(remote, "state", root)
    objects.write([ObjectChange("dev/head", b"1", ABSENT)])
    return GitObjects(remote, "state", root).read("dev/head") is not None


def refused(root: Path, remote: str = "origin") -> str:
    """The message why the state cannot be written there."""
    with pytest.raises(Problems) as caught:
        writes(root, remote)
    assert "ghs_thetoken" not in str(caught.value)
    return str(caught.value)


def in_the_settings_of_the_repository(root: Path, header: str) -> None:
    git(root, "config", "http.extraheader", header)


def in_a_file_that_the_repository_includes(root: Path, header: str) -> None:
    """As newer versions of actions/checkout do."""
    beside = root.parent / "credentials.config"
    git(root, "config", "--file", str(beside), "http.extraheader", header)
    git(root, "config", f"includeIf.gitdir:{root / '.git'}.path", str(beside))


def in_the_settings_of_the_user_for_this_folder(root: Path, header: str) -> None:
    beside = root.parent / "work.config"
    git(root, "config", "--file", str(beside), "http.extraheader", header)
    git(root, "config", "--file", f"{os.environ['HOME']}/.gitconfig", f"includeIf.gitdir:{root}/.path", str(beside))


@pytest.mark.parametrize(
    "place",
    [
        in_the_settings_of_the_repository,
        in_a_file_that_the_repository_includes,
        in_the_settings_of_the_user_for_this_folder,
    ],
)
def test_credentials_of_the_checkout_are_used(
    server: GitServer, tmp_path: Path, place: Callable[[Path, str], None]
) -> None:
    root = checkout(tmp_path / "project", server.url("team.git"))
    place(root, f"Authorization: Basic {base64.b64encode(LOGIN.encode()).decode()}")
    assert writes(root)


def test_a_credential_helper_and_a_rewritten_url_are_used(server: GitServer, tmp_path: Path) -> None:
    root = checkout(tmp_path / "project", "team:team.git")
    server.url("team.git")
    git(root, "config", f"url.{server.address}/.insteadOf", "team:")
    user, _, password = LOGIN.partition(":")
    git(root, "config", "credential.helper", f"!echo username={user}; echo password={password}; true")
    assert writes(root)


def test_a_login_in_the_url_of_the_remote_is_used_and_never_shown(server: GitServer, tmp_path: Path) -> None:
    url = server.url("team.git").replace("http://", f"http://{LOGIN}@")
    root = checkout(tmp_path / "project", url)
    assert writes(root)
    server.login = "someone:else"
    assert refused(root) == (
        f"git cannot reach origin state: Authentication failed for '{server.url('team.git')}/'; `git push` to it must "
        "work without a question, with a key or a token that may write; in GitHub Actions: permissions: "
        "{contents: write}"
    )
    assert "ghs_" not in repr(GitObjects(url, "state", root).describe("dev/head"))


def test_missing_credentials_are_no_question_to_a_person(server: GitServer, tmp_path: Path) -> None:
    root = checkout(tmp_path / "project", server.url("team.git"))
    message = refused(root)
    assert message.startswith("git cannot reach origin state: could not read Username for 'http://127.0.0.1:")
    assert "terminal prompts disabled" in message


def test_a_url_needs_no_repository_around_the_project(tmp_path: Path) -> None:
    remote = bare_repository(tmp_path / "remote.git")
    root = tmp_path / "project"
    root.mkdir()
    assert writes(root, f"file://{remote}")
    assert GitObjects("../remote.git", "state", root).read("dev/head") is not None
    assert refused(root) == (
        f"{root} is in no git repository, so there is no remote origin; name a URL under state.remote"
    )


def test_a_relative_url_of_a_remote_starts_at_the_repository(tmp_path: Path) -> None:
    bare_repository(tmp_path / "remote.git")
    root = checkout(tmp_path / "mono", "../remote.git")
    (root / "infra" / "gpu").mkdir(parents=True)
    assert writes(root / "infra" / "gpu")


def test_an_unknown_remote_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    root = checkout(tmp_path / "project", "x", name="upstream")
    assert refused(root, "upstraem") == 'the repository of the project has no remote upstraem; did you mean "upstream"?'
    git(root, "remote", "remove", "upstream")
    assert refused(root) == (
        "the repository of the project has no remote, so there is no remote origin; git remote add origin URL, or name "
        "a URL under state.remote"
    )


def test_a_repository_that_does_not_exist_is_named(server: GitServer, tmp_path: Path) -> None:
    server.login = ""
    root = checkout(tmp_path / "project", f"{server.address}/nothing.git")
    assert refused(root) == (
        f"git cannot reach origin state: repository '{server.address}/nothing.git/' not found; check state.remote, and "
        "whether this machine may read the repository"
    )
    assert "does not appear to be a git repository" in refused(root, f"file://{tmp_path}/nothing.git")


def test_a_shallow_checkout_is_enough_and_is_not_changed(tmp_path: Path) -> None:
    remote = bare_repository(tmp_path / "remote.git")
    author = checkout(tmp_path / "author", str(remote))
    for _ in range(3):
        git(author, "commit", "--quiet", "--allow-empty", "-m", "more")
    git(author, "push", "--quiet", "origin", "main")
    job = tmp_path / "job"
    git(tmp_path, "clone", "--quiet", "--depth=1", "--single-branch", f"file://{remote}", str(job))

    def everything() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in sorted(job.rglob("*")) if path.is_file()}

    before = everything()
    assert writes(job)
    assert everything() == before
    assert git(remote, "rev-list", "--count", "state") == "1"


def test_a_push_url_is_where_states_are_read_too(tmp_path: Path) -> None:
    """A mirror to fetch from may be behind."""
    mirror, remote = bare_repository(tmp_path / "mirror.git"), bare_repository(tmp_path / "remote.git")
    root = checkout(tmp_path / "project", str(mirror))
    git(root, "remote", "set-url", "--push", "origin", str(remote))
    assert writes(root)
    assert git(mirror, "for-each-ref") == ""


def test_hooks_settings_and_variables_of_the_user_change_nothing(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = bare_repository(tmp_path / "remote.git")
    root = checkout(tmp_path / "project", str(remote))
    for name in ("pre-push", "post-commit", "reference-transaction"):
        hook(root / ".git", name, f"touch {tmp_path}/ran; exit 1")
        hook(home, name, f"touch {tmp_path}/ran; exit 1")
    for name, value in {
        "core.hooksPath": str(home / "hooks"),
        "init.templateDir": str(home),
        "commit.gpgSign": "true",
        "push.gpgSign": "true",
        "push.followTags": "true",
        "push.default": "matching",
        "push.pushOption": "no-such-option",
        "fetch.prune": "true",
        "transfer.hideRefs": "refs",
        "remote.origin.mirror": "true",
        "remote.origin.push": "refs/heads/*:refs/heads/*",
        "remote.origin.fetch": "+refs/heads/none:refs/heads/main",
        "remote.origin.receivepack": "false",
        "core.fsmonitor": "false",
        "protocol.version": "0",
        "core.compression": "0",
    }.items():
        git(root, "config", name, value)
        git(root, "config", "--file", str(home / ".gitconfig"), name, value)
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_TRACE"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    assert writes(root)
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "elsewhere").exists()
    assert git(remote, "for-each-ref", "--format=%(refname)") == "refs/heads/state"


def test_no_program_of_ours_reads_the_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NOVITA_API_KEY", "sk_test")
    environ = find_remote("file:///x", tmp_path).environ
    assert "NOVITA_API_KEY" not in environ
    assert environ["GIT_TERMINAL_PROMPT"] == "0"


def test_the_author_is_the_user_of_git_or_of_the_machine(tmp_path: Path) -> None:
    root = checkout(tmp_path / "project", "x")
    assert find_remote("origin", root).author.endswith(f"@{os.uname().nodename}>")
    git(root, "config", "user.name", "Ada <Lovelace>")
    git(root, "config", "user.email", "ada@example.com")
    assert find_remote("origin", root).author == "Ada Lovelace <ada@example.com>"


def test_a_machine_without_git_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert refused(tmp_path) == (
        "the state backend git needs the program git, and there is none on PATH; install git, or choose another "
        "backend under state: in novita-infra.yaml"
    )


def test_a_git_that_is_too_old_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "git"
    program.write_text("#!/bin/sh\necho git version 2.25.1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert refused(tmp_path) == (
        f"the state backend git needs git 2.32 or newer, and {program} is git version 2.25.1; install a newer git, or "
        "choose another backend under state: in novita-infra.yaml"
    )


def test_a_remote_that_runs_a_program_is_refused(tmp_path: Path) -> None:
    root = checkout(tmp_path / "project", f"ext::touch {tmp_path}/ran")
    git(root, "config", "protocol.ext.allow", "always")
    assert "transport 'ext' not allowed" in refused(root)
    assert not (tmp_path / "ran").exists()


def test_a_repository_of_sha256_is_refused(tmp_path: Path) -> None:
    remote = tmp_path / "remote.git"
    git(tmp_path, "init", "--quiet", "--bare", "--object-format=sha256", str(remote))
    assert refused(tmp_path, f"file://{remote}").endswith("use a repository with SHA-1, as git makes by default")


def test_the_temporary_repository_needs_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert shutil.which("git", path=GIT_ENVIRON["PATH"])
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nothing"))
    message = refused(tmp_path, f"file://{bare_repository(tmp_path / 'remote.git')}")
    assert message == "there is no temporary folder for git: No such file or directory; set TMPDIR to another"
