"""The remote of a branch: its URL and the settings of git that say how to reach it, as they hold in the project.

`git config` is asked in the project's folder, so settings count that only this repository has, such as the token that
`actions/checkout` writes. Of all settings only those are taken that say how to reach a server.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from novita_infra.model.diagnostics import Problems, nearest, problem, reason
from novita_infra.model.frozen import dataclass
from novita_infra.programs.environment import git_environment
from novita_infra.state.backends.git.urls import NAME, without_login
from novita_infra.state.process_identity import user_name

_OLDEST: Final = (2, 32)
"""The first version that can leave out the settings of the user (GIT_CONFIG_GLOBAL), of June 2021."""
_TIMEOUT: Final = 20.0
"""Seconds for a command that talks to nobody."""
_OF_CONFIG: Final = re.compile(r"GIT_CONFIG\w*")
_REACHES: Final = re.compile(
    r"(?:url\..*\.(?:insteadof|pushinsteadof)|http\..+|credential\..+|core\.(?:sshcommand|askpass|gitproxy)"
    r"|ssh\.variant|user\.(?:name|email))",
    re.DOTALL,
)
_OURS: Final = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "push.gpgSign": "false",
    "push.followTags": "false",
    "protocol.version": "2",
    "protocol.allow": "never",
    **{f"protocol.{name}.allow": "always" for name in ("file", "git", "http", "https", "ssh")},
}
"""Settings of every command, whatever others say."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A repository elsewhere, and how git reaches it."""

    name: str
    """The name or the URL in the settings of the project, without credentials."""
    program: str
    """The path of git."""
    folder: Path
    """Where git runs: a relative URL starts there."""
    environ: Mapping[str, str]
    """The environment of every command. It names the remote `state`, and holds credentials."""
    author: str
    """The name and the address of the user, as git writes them."""

    def in_repository(self, folder: Path) -> dict[str, str]:
        """The environment of a command in a repository of our own."""
        return {**self.environ, "GIT_DIR": str(folder)}


def find_remote(named: str, root: Path) -> Remote:
    """The remote of that name in the repository of the project's folder, or at that URL. Raises Problems."""
    program = shutil.which("git")
    if program is None or not Path(program).is_absolute():  # a PATH with `.` finds what a manifest brings along
        raise problem(
            "the state backend git needs the program git, and there is none on PATH",
            "install git, or choose another backend under state: in novita-infra.yaml",
        )
    _check_version(program)
    environ = git_environment(os.environ)
    folder, entries = root.resolve(), [*_config(program, root.resolve(), environ)]
    url = named
    if NAME.fullmatch(named):
        found = {
            name: [text for key, text in entries if key == f"remote.{named}.{name}"] for name in ("pushurl", "url")
        }
        urls = found["pushurl"] or found["url"]
        if not urls:
            raise _no_remote(program, named, folder, environ, entries)
        url, folder = urls[0], Path(_output([program, "rev-parse", "--show-toplevel"], folder, environ) or folder)
        entries += [
            (key.replace(f".{named}.", ".state.", 1), text)
            for key, text in entries
            if key in {f"remote.{named}.proxy", f"remote.{named}.proxyauthmethod"}
        ]
    settings = [pair for pair in entries if _REACHES.fullmatch(pair[0]) or pair[0].startswith("remote.state.proxy")]
    settings += [("remote.state.url", url), *_OURS.items()]
    return Remote(
        name=without_login(named),
        program=program,
        folder=folder,
        environ={name: text for name, text in environ.items() if not _OF_CONFIG.fullmatch(name)} | _given(settings),
        author=_author(entries),
    )


def _given(settings: list[tuple[str, str]]) -> dict[str, str]:
    """The variables that give these settings to git, and no others."""
    given = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, text) in enumerate(settings):
        given |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": text}
    return given


def _config(program: str, folder: Path, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """All settings of git in the folder: of the system, the user, the repository and the environment, in this order."""
    text = _output([program, "config", "--list", "--null", "--includes"], folder, environ)
    for entry in text.split("\0"):
        key, separator, value = entry.partition("\n")
        if key:
            yield key, value if separator else "true"


def _author(entries: list[tuple[str, str]]) -> str:
    known = dict(entries)
    name = known.get("user.name") or user_name()
    address = known.get("user.email") or f"{user_name()}@{os.uname().nodename}"
    plain = re.compile(r"[<>\n\r\0]")
    return f"{plain.sub('', name).strip() or 'novita-infra'} <{plain.sub('', address).strip()}>"


@cache
def _check_version(program: str) -> None:
    """Raises Problems if git is too old."""
    text = _output([program, "version"], Path("/"), {"LC_ALL": "C"}).strip()
    match = re.search(r"(\d{1,4})\.(\d{1,4})", text)
    if match is None or (int(match[1]), int(match[2])) < _OLDEST:
        raise problem(
            f"the state backend git needs git {_OLDEST[0]}.{_OLDEST[1]} or newer, and {program} is {text or 'unknown'}",
            "install a newer git, or choose another backend under state: in novita-infra.yaml",
        )


def _no_remote(
    program: str, named: str, folder: Path, environ: Mapping[str, str], entries: list[tuple[str, str]]
) -> Problems:
    """The problem of a remote that git does not know, with the reason that git has."""
    known = sorted(
        {key.split(".", 1)[1].rpartition(".")[0] for key, _ in entries if re.fullmatch(r"remote\..+\.url", key)}
    )
    if known:
        return problem(f"the repository of the project has no remote {named}", nearest(named, known))
    done = _run([program, "rev-parse", "--git-dir"], folder, environ)
    words = done.stderr.decode("utf-8", "replace").strip().split("\n")[0].removeprefix("fatal: ")
    if done.returncode and "not a git repository" not in words:
        return problem(f"git does not open the repository of the project: {words}", "git status shows the same")
    summary = f"{folder} is in no git repository" if done.returncode else "the repository of the project has no remote"
    hint = "" if done.returncode else f"git remote add {named} URL, or "
    return problem(f"{summary}, so there is no remote {named}", f"{hint}name a URL under state.remote")


def _output(argv: list[str], folder: Path, environ: Mapping[str, str]) -> str:
    """The output of git; empty if it fails."""
    done = _run(argv, folder, environ)
    return "" if done.returncode else done.stdout.decode("utf-8", "surrogateescape").removesuffix("\n")


def _run(argv: list[str], folder: Path, environ: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603 -- git, found by its name on PATH
            argv, stdin=subprocess.DEVNULL, capture_output=True, cwd=folder, env=environ, timeout=_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        words = reason(error) if isinstance(error, OSError) else f"it took more than {_TIMEOUT:g} s"
        raise problem(f"git cannot be run: {words}", "git version must work in the folder of the project") from error
