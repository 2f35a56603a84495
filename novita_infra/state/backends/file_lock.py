"""A lock file that one process holds at a time.

The kernel's lock on the open file is the truth: it ends with the process, however that ends, and no reused process
number can be taken for the holder. What the file holds is only the explanation for the others.
"""

from __future__ import annotations

import fcntl
import json
import os
import pwd
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from novita_infra.model.clock import moment
from novita_infra.model.diagnostics import Problems, problem
from novita_infra.state.file_format import unreadable

_PAUSE: Final = 0.5
"""Seconds between two attempts."""
_TO_EXPLAIN: Final = 0.5
"""Seconds that a holder which has only just begun gets to say who it is."""


@contextmanager
def held(
    path: Path, operation: str, *, timeout: float, now: Callable[[], float], sleep: Callable[[float], None]
) -> Iterator[None]:
    """Holds the lock while the body runs; waits up to `timeout` seconds for it, else raises Problems."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = _take(path, timeout, sleep)
    except OSError as error:
        raise unreadable(path, error) from error
    try:
        with suppress(OSError):  # a full disk must not keep the lock, only its explanation
            _explain(file, operation, now())
        yield
    finally:
        if _is_at(path, file):
            path.unlink(missing_ok=True)
        os.close(file)


def this_process() -> str:
    """Who runs, for a person: `ada, process 12 on host`."""
    return f"{_user()}, process {os.getpid()} on {os.uname().nodename}"


def _take(path: Path, timeout: float, sleep: Callable[[float], None]) -> int:
    waited = 0.0
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if _lock(file):
            holder = _holder(file)
            if not _is_at(path, file):  # its holder removed it between our opening and our locking
                os.close(file)
                continue
            if _may_be_taken(holder):
                return file
            os.close(file)
            raise _left_elsewhere(path, holder)
        holder = _holder(file)
        os.close(file)
        limit = timeout if holder else timeout + _TO_EXPLAIN
        if waited >= limit:
            raise _busy(path, holder)
        pause = min(_PAUSE if holder else _TO_EXPLAIN / 10, limit - waited)
        sleep(pause)
        waited += pause


def _lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(path: Path, file: int) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(path.stat(), os.fstat(file))
    return False


def _explain(file: int, operation: str, now: float) -> None:
    holder = {
        "operation": operation,
        "user": _user(),
        "pid": os.getpid(),
        "host": os.uname().nodename,
        "boot": _boot(),
        "since": moment(now),
    }
    os.ftruncate(file, 0)
    os.pwrite(file, json.dumps(holder).encode(), 0)


def _holder(file: int) -> Mapping[str, Any]:
    """Empty where the holder has only just begun to write, or died while it did."""
    try:
        holder = json.loads(os.pread(file, 4096, 0))
    except ValueError:
        return {}
    return holder if isinstance(holder, dict) else {}


def _may_be_taken(holder: Mapping[str, Any]) -> bool:
    """Whether a holder whose lock is free is surely dead.

    A folder shared between machines may not share its locks: what another machine left might still be held there. The
    boot tells a container's machine, whose host name is new each time.
    """
    return not holder or holder.get("host") == os.uname().nodename or holder.get("boot") == _boot()


def _busy(path: Path, holder: Mapping[str, Any]) -> Problems:
    return problem(
        f"the state is locked by {_told(holder)} ({path})",
        "wait for its end, or give --lock-timeout; the lock ends with that process",
    )


def _left_elsewhere(path: Path, holder: Mapping[str, Any]) -> Problems:
    return problem(
        f"the state was locked on another machine by {_told(holder)}",
        f"make sure that it is not running any more, then remove {path}",
    )


def _told(holder: Mapping[str, Any]) -> str:
    if not holder:
        return "another process, which has only just begun"
    told = {name: holder.get(name, "?") for name in ("operation", "user", "pid", "host", "since")}
    return "`{operation}` of {user}, process {pid} on {host}, since {since}".format(**told)


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container often runs as a user without a name
        return str(os.getuid())


def _boot() -> str:
    """A random id of this start of the machine; empty where the system gives none."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return ""
