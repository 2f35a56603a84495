"""Runs one program and ends everything that it started. A script for a process of its own, on Linux.

Processes that leave their group or their parent become children of this one (PR_SET_CHILD_SUBREAPER), so SIGTERM ends
them too, and so does the end of the process that started this one. It knows nothing but its arguments: a file
descriptor for its reports, the process that started it, and the program with its arguments.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_ROUNDS = 1000
"""Rounds of killing, for programs that start new processes meanwhile."""


def supervise(report: int, parent: int, command: list[str]) -> None:
    """Reports `pid N`, then `code N` or `error N` (an errno), one on each line, and remains until SIGTERM."""
    os.set_inheritable(report, False)
    waited = {signal.SIGTERM, signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, waited)
    prctl = ctypes.CDLL(None).prctl
    prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        return
    try:
        child = os.posix_spawn(
            command[0],
            command,
            os.environ,
            setpgroup=0,
            setsigmask=[],
            setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],
        )
    except OSError as error:
        os.write(report, f"error {error.errno}\n".encode())
        return
    os.write(report, f"pid {child}\n".encode())
    for stream in (0, 1, 2):  # only the program and its children hold them open
        os.close(stream)
    while signal.sigwait(waited) is not signal.SIGTERM:
        _reap(report, child)
    for _ in range(_ROUNDS):
        own = _children()
        for pid in own:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if not own and not _reap(report, child):
            return
        signal.sigtimedwait({signal.SIGCHLD}, 0.01)
        _reap(report, child)


def _reap(report: int, child: int) -> bool:
    """Takes the exit codes of children that have ended; reports that of the program. Returns whether more live."""
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return True
            if pid == child:
                with suppress(OSError):
                    os.write(report, f"code {os.waitstatus_to_exitcode(status)}\n".encode())
    return False


def _children() -> list[int]:
    """The children of this process, those that came to it included."""
    own = os.getpid()
    numbers = [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 -- as below
    return [pid for pid in numbers if _parent_of(pid) == own]


def _parent_of(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 -- pathlib takes longer to import than this runs
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, IndexError):
        return 0


if __name__ == "__main__":
    supervise(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
