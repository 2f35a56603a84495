"""Runs a program that gives secrets, such as `sops` and `op`, on a thread of its own."""

from __future__ import annotations

import errno
import shlex
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
from novita_infra.model.diagnostics import reason
from novita_infra.programs.environment import given_environment
from novita_infra.programs.processes import Exited, run_process

_TIMEOUT: Final = 120.0
"""Seconds after which a program is ended."""
_LAST_WORDS: Final = 300
"""Characters of the standard error that are shown when a program fails."""
_UNRUN: Final = {
    errno.ENOEXEC: "its first line names the program that runs it, such as #!/bin/sh",
    errno.ENOENT: "the program in its first line does not exist",
    errno.EACCES: "the program in its first line may not be run",
}
"""What is wrong with a program that exists, by the error."""


async def output_of_program(
    word: str, arguments: Sequence[str], asking: Asking, *, subject: str, install: str, chosen: bool = False
) -> str:
    """Returns the output of a program, which runs in the project's folder and ends with the task. Raises Unreadable.

    `word` is the name of a program on PATH, or of an executable file of the project; the manifest has it if `chosen`.
    """
    program = program_named(word, asking, install=install, chosen=chosen)
    work = partial(
        run_process,
        [program, *arguments],
        b"",
        folder=asking.root.resolve(),
        environ=given_environment(asking.environ),
        timeout=_TIMEOUT,
        off=(off := threading.Event()),
        most_output=LONGEST,
    )
    try:
        exited = await in_stoppable_thread(work, off)
    except OSError as error:
        raise Unreadable(f"{word} cannot be run: {reason(error)}", _UNRUN.get(error.errno or 0, install)) from None
    return output_of(exited, asking, subject=subject)


def program_named(word: str, asking: Asking, *, install: str, chosen: bool) -> str:
    """Returns the path of the program. Raises Unreadable."""
    own = asking.root.resolve() / word
    found = shutil.which(own) if "/" in word else shutil.which(word, path=asking.environ.get("PATH", ""))
    if found is not None and Path(found).is_absolute():  # a PATH with `.` finds what a manifest brings along
        return found
    if not chosen or not own.is_file():
        raise Unreadable(f"there is no {'file' if '/' in word else 'program'} {word}", install)
    if "/" not in word:
        raise Unreadable(f"there is no program {word} on PATH", f"for the file of the project, write ./{word}")
    raise Unreadable(f"{word} is not executable", f"make it so: chmod +x {shlex.quote(word)}")


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
