"""Runs a program with a time limit and bounded output. Knows nothing of policies."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from novita_infra.model.frozen import dataclass

MOST_OUTPUT: Final = 4 << 20
"""Bytes of standard output that are read; a program that prints more is killed."""
MOST_COMPLAINTS: Final = 1 << 16
"""Bytes of standard error that are kept."""
_CHUNK: Final = 1 << 16
_LOOK: Final = 0.1
"""Seconds between two checks whether the run was cancelled."""


@dataclass(frozen=True, slots=True)
class Exited:
    """The end of a program."""

    code: int
    """The exit code; negative if a signal ended it."""
    output: bytes
    complaints: bytes
    """Its standard error."""
    trouble: str = ""
    """Why it was killed; empty if it was not."""


def run_process(
    argv: Sequence[str],
    given: bytes,
    *,
    folder: Path,
    environ: Mapping[str, str],
    timeout: float,
    off: threading.Event,
) -> Exited:
    """Runs the program with `given` on its standard input, in a process group that is killed at the end.

    Blocks for at most `timeout` seconds, or until `off` is set. Raises OSError if it cannot be started.
    """
    until = time.monotonic() + timeout
    with tempfile.TemporaryFile() as stdin:  # a pipe would block on a program that reads nothing
        stdin.write(given)
        stdin.seek(0)
        process = subprocess.Popen(  # noqa: S603 -- the project file names it; there is no shell
            list(argv),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=dict(environ),
            start_new_session=True,
        )
    with process:
        try:
            output, complaints, trouble = _read_output(process, until, off)
            if not trouble:
                trouble = _wait_for_exit(process, until, off)
        finally:
            # Its child processes are killed too, even if it has ended itself.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
    return Exited(process.returncode, output, complaints, trouble and trouble.format(timeout=timeout))


_LATE: Final = "it took more than {timeout:g} s"
_LOUD: Final = f"it printed more than {MOST_OUTPUT >> 20} MB"
_OFF: Final = "it was called off"


def _read_output(process: subprocess.Popen[bytes], until: float, off: threading.Event) -> tuple[bytes, bytes, str]:
    """The output and the errors until both streams are closed, and the reason to kill the program, if any."""
    output, complaints = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        for stream, buffer in ((process.stdout, output), (process.stderr, complaints)):
            assert stream is not None  # noqa: S101 -- both are pipes
            selector.register(stream, selectors.EVENT_READ, buffer)
        while selector.get_map():
            if off.is_set():
                return bytes(output), bytes(complaints), _OFF
            left = until - time.monotonic()
            if left <= 0:
                return bytes(output), bytes(complaints), _LATE
            for key, _ in selector.select(min(left, _LOOK)):
                data = os.read(key.fd, _CHUNK)
                if not data:
                    selector.unregister(key.fileobj)
                elif key.data is output:
                    output += data
                else:
                    complaints += data[: max(0, MOST_COMPLAINTS - len(complaints))]
            if len(output) > MOST_OUTPUT:
                return bytes(output), bytes(complaints), _LOUD
    return bytes(output), bytes(complaints), ""


def _wait_for_exit(process: subprocess.Popen[bytes], until: float, off: threading.Event) -> str:
    """Waits for the end of a program that has closed its streams; returns the reason to kill it, if any."""
    while not off.is_set():
        left = until - time.monotonic()
        if left <= 0:
            return _LATE
        with suppress(subprocess.TimeoutExpired):
            process.wait(min(left, _LOOK))
            return ""
    return _OFF
