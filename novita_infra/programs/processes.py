"""Runs a program with a time limit and bounded output.

On Linux a process between this one and the program (`supervisor`) ends everything that the program started, also what
left its group. Elsewhere its process group is ended.
"""

from __future__ import annotations

import os
import select
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from novita_infra.model.frozen import dataclass

MOST_OUTPUT: Final = 4 << 20
"""Bytes of standard output that are read unless the caller gives a limit; a program that prints more is killed."""
MOST_COMPLAINTS: Final = 1 << 16
"""Bytes of standard error that are kept."""
_CHUNK: Final = 1 << 16
_LOOK: Final = 0.1
"""Seconds between two checks whether the run was cancelled."""
_GRACE: Final = 5.0
"""Seconds for the end of everything that a program started."""
_SUPERVISED: Final = sys.platform == "linux"
_SUPERVISOR: Final = Path(__file__).with_name("supervisor.py")


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
    most_output: int = MOST_OUTPUT,
) -> Exited:
    """Runs the program with `given` on its standard input; ends it with all that it started.

    Blocks for at most `timeout` seconds, or until `off` is set, and for the time that the end takes. Raises OSError if
    it cannot be started.
    """
    until = time.monotonic() + timeout
    with tempfile.TemporaryFile() as stdin, _Reports() as reports:  # a pipe would block on a program that reads nothing
        stdin.write(given)
        stdin.seek(0)
        process = subprocess.Popen(  # noqa: S603 -- the user allowed it; there is no shell
            reports.command(argv),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=dict(environ),
            start_new_session=True,
            pass_fds=reports.given,
        )
        with process:
            reports.close_given()
            try:
                output, complaints, trouble = _read_output(process, until, off, most=most_output)
                if not trouble:
                    trouble = _wait_for_exit(lambda: reports.ended(process), until, off)
            finally:
                _end(process, reports)
        reports.read()
    if "error" in reports.values:
        raise OSError(reports.values["error"], os.strerror(reports.values["error"]), argv[0])
    code = reports.values.get("code", process.returncode)
    return Exited(code, output, complaints, trouble and trouble.format(timeout=timeout))


class _Reports:
    """The reports of a supervisor. Without one (not on Linux) there are none, and the program is started directly."""

    def __init__(self) -> None:
        self.values: dict[str, int] = {}
        """The latest of each: `pid` of the program, `code` of its exit, `error` (an errno) of its start."""
        self._reads, self._writes = os.pipe() if _SUPERVISED else (-1, -1)
        self._text = b""

    def __enter__(self) -> _Reports:
        return self

    def __exit__(self, *_: object) -> None:
        self.close_given()
        if self._reads >= 0:
            os.close(self._reads)

    @property
    def given(self) -> tuple[int, ...]:
        """The file descriptors that the supervisor gets."""
        return (self._writes,) if _SUPERVISED else ()

    def command(self, argv: Sequence[str]) -> list[str]:
        """The program with what stands before it."""
        if not _SUPERVISED:
            return list(argv)
        return [sys.executable, "-I", "-S", str(_SUPERVISOR), str(self._writes), str(os.getpid()), *argv]

    def close_given(self) -> None:
        """Closes this side of what the supervisor got, so that its end is noticed."""
        if self._writes >= 0:
            os.close(self._writes)
            self._writes = -1

    def ended(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether the program has ended; waits a moment for it."""
        if _SUPERVISED:
            return self.read(_LOOK) or "code" in self.values
        with suppress(subprocess.TimeoutExpired):
            process.wait(_LOOK)
        return process.returncode is not None

    def read(self, patience: float = 0.0) -> bool:
        """Reads the reports that have come. Returns whether no more can come."""
        while self._reads >= 0 and select.select([self._reads], [], [], patience)[0]:
            data = os.read(self._reads, _CHUNK)
            if not data:
                return True
            self._text += data
            for line in self._text.split(b"\n")[:-1]:
                name, _, value = line.decode("ascii").partition(" ")
                self.values[name] = int(value)
            self._text = self._text.rpartition(b"\n")[2]
            if "code" in self.values:
                return False
        return self._reads < 0


def _end(process: subprocess.Popen[bytes], reports: _Reports) -> None:
    """Ends the program with all that it started, even if it has ended itself."""
    groups = [process.pid]
    if _SUPERVISED and process.poll() is None:
        with suppress(ProcessLookupError, subprocess.TimeoutExpired):
            process.terminate()
            process.wait(_GRACE)
    if _SUPERVISED and process.poll() != 0:  # the supervisor itself was killed
        reports.read()
        groups += [reports.values["pid"]] if "pid" in reports.values and "code" not in reports.values else []
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


_LATE: Final = "it took more than {timeout:g} s"
_OFF: Final = "it was called off"


def _read_output(
    process: subprocess.Popen[bytes], until: float, off: threading.Event, *, most: int
) -> tuple[bytes, bytes, str]:
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
            if len(output) > most:
                return bytes(output), bytes(complaints), f"it printed more than {most >> 20} MB"
    return bytes(output), bytes(complaints), ""


def _wait_for_exit(ended: Callable[[], bool], until: float, off: threading.Event) -> str:
    """Waits for the end of a program that has closed its streams; returns the reason to kill it, if any."""
    while not off.is_set():
        if ended():
            return ""
        if time.monotonic() >= until:
            return _LATE
    return _OFF
