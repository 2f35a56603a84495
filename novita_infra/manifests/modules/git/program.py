"""Runs the program `git` with bounds: no prompts, no hooks, no submodules, only https, ssh and file.

Its credentials are its own: credential helpers, ssh keys, the settings of the user.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Final

from novita_infra.api.credentials import without_credentials
from novita_infra.manifests.modules.no_module import NoModule
from novita_infra.model.diagnostics import reason
from novita_infra.model.frozen import dataclass
from novita_infra.model.printable import printable
from novita_infra.programs.environment import git_environment
from novita_infra.programs.processes import Exited, run_process

_TIMEOUT: Final = 120.0
"""Seconds after which git is ended."""
_BLOCK: Final = 512
"""Bytes of a unit of `ulimit -f`."""
_PROTOCOLS: Final = {"GIT_ALLOW_PROTOCOL": "https:ssh:file"}
_SETTINGS: Final = (
    *("-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0", "-c", "maintenance.auto=false"),
    *("-c", "core.fsmonitor=false", "-c", "protocol.version=2", "-c", "core.bigFileThreshold=1m"),
    *("-c", "fetch.recurseSubmodules=false", "-c", "fetch.negotiationAlgorithm=noop"),
)
_WORDS: Final = 300
"""The most characters of git's own words in a message."""


@dataclass(frozen=True, slots=True)
class GitProgram:
    """The program `git`, for one folder without a repository of the user."""

    program: str
    environ: Mapping[str, str] = field(repr=False)
    folder: Path
    """Where its repository is made."""
    timeout: float = _TIMEOUT
    """Seconds for each call."""
    most_bytes: int = 256 * 2**20
    """The most bytes of a file that it writes, such as all that it fetches."""

    def run(self, *words: str, given: bytes = b"", most_output: int = 2**20) -> Exited:
        """Returns the end of a call. Raises NoModule if it cannot be run, takes too long or prints too much."""
        command = [self.program, "--git-dir", str(self.folder), *_SETTINGS, *words]
        limited = ["/bin/sh", "-c", 'ulimit -f "$0" && exec "$@"', str(self.most_bytes // _BLOCK), *command]
        try:
            exited = run_process(
                limited,
                given,
                folder=self.folder.parent,
                environ=git_environment(self.environ) | _PROTOCOLS,
                timeout=self.timeout,
                off=threading.Event(),
                most_output=most_output,
            )
        except OSError as error:
            raise NoModule(f"git cannot be run: {reason(error)}") from None
        if exited.trouble:
            raise NoModule(f"git {words[0]}: {exited.trouble}", "try again; a module is a small folder of manifests")
        return exited


def git_program(environ: Mapping[str, str], folder: Path) -> GitProgram:
    """Returns the program on PATH. Raises NoModule without one."""
    found = shutil.which("git", path=environ.get("PATH", ""))
    if found is None or not Path(found).is_absolute():
        raise NoModule("there is no program git", "install git, or look at PATH: it fetches the modules")
    return GitProgram(found, environ, folder)


def is_full(git: GitProgram) -> bool:
    """Returns whether git ended because it wrote as much as it may."""
    sizes = [file.stat().st_size for file in git.folder.glob("objects/pack/*")]
    return max(sizes, default=0) >= git.most_bytes // _BLOCK * _BLOCK


def words_of(exited: Exited) -> str:
    """Returns what git says of a failure, on one line and without credentials."""
    text = without_credentials(exited.complaints.decode("utf-8", "replace"))
    lines = [line for line in text.split("\n") if line.startswith(("fatal: ", "error: ", "remote: ", "ssh: "))]
    found = "; ".join(lines or text.split("\n")).strip("; ")
    how = f"exit code {exited.code}" if exited.code > 0 else f"signal {-exited.code}"
    return printable(found)[:_WORDS] or how
