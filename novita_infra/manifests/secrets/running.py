"""Runs a program that gives secrets, such as `sops` and `op`, on a thread of its own."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from novita_infra.api.credentials import without_credentials
from novita_infra.api.redaction import redact
from novita_infra.manifests.secrets.source import LONGEST, Asking, Unreadable
from novita_infra.model.concurrency import in_stoppable_thread
from novita_infra.programs.environment import given_environment
from novita_infra.programs.processes import Exited, run_process

_TIMEOUT: Final = 120.0
"""Seconds after which a program is ended."""
_LAST_WORDS: Final = 300
"""Characters of the standard error that are shown when a program fails."""


def program_named(word: str, asking: Asking, *, hint: str) -> str:
    """Returns the path of a program on PATH, or of an executable file of the project. Raises Unreadable."""
    own = asking.root.resolve() / word
    found = shutil.which(own) if "/" in word else shutil.which(word, path=asking.environ.get("PATH", ""))
    if found is None or not Path(found).is_absolute():  # a PATH with `.` finds what a manifest brings along
        raise Unreadable(f"there is no program {word}", hint)
    return found


async def run_source(argv: Sequence[str], asking: Asking) -> Exited:
    """Returns the end of the program, which runs in the project's folder. It ends with the task. Raises OSError."""
    off = threading.Event()
    work = partial(
        run_process,
        argv,
        b"",
        folder=asking.root.resolve(),
        environ=given_environment(asking.environ),
        timeout=_TIMEOUT,
        off=off,
        most_output=LONGEST,
    )
    return await in_stoppable_thread(work, off)


def output_of(exited: Exited, asking: Asking, *, subject: str) -> str:
    """Returns the output of a program that succeeded. Raises Unreadable."""
    if exited.trouble:
        raise Unreadable(f"{subject}: {exited.trouble}")
    if exited.code:
        known = {*asking.secrets, *exited.output.decode("utf-8", "replace").split("\n")}
        words = redact(without_credentials(exited.complaints.decode("utf-8", "replace")), known)[-_LAST_WORDS:].strip()
        how = f"exit code {exited.code}" if exited.code > 0 else f"signal {-exited.code}"
        raise Unreadable(f"{subject} ended with {how}{f': {words}' if words else ''}")
    try:
        return exited.output.decode("utf-8")
    except UnicodeDecodeError:
        raise Unreadable(f"{subject} printed something else than UTF-8 text") from None
