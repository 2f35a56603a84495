"""Processes of Python that begin as a copy of one that has imported the package: each saves half a second of imports.

A test whose subject is the start of the command itself, or what it imports, starts a real one.

Each process that runs tests starts one original, which forks for each process that is asked for. What it forks becomes
a child of the process that asks (Linux hands an orphan to the nearest subreaper), so that it is waited for, signalled
and killed as any other. Elsewhere than on Linux, each process is started as usual.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import io
import json
import os
import pkgutil
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import novita_infra

COMMAND: Final = "from novita_infra.cli import main; main()"
"""The code of the command `novita-infra`."""
ROOTS: Final = (str(Path(novita_infra.__file__).parents[1]), str(Path(__file__).parent))
"""Where the processes find the package and the support of the tests."""
_SUBREAPER: Final = 36
"""PR_SET_CHILD_SUBREAPER of prctl(2)."""
_LENGTH: Final = struct.Struct("!I")


class Forked(subprocess.Popen[Any]):
    """Does what `python -c code words...` would. Of the options of Popen: streams, folder, environment and session."""

    def __init__(self, code: str, *words: str, **options: Any) -> None:
        super().__init__([sys.executable, "-c", code, *words], **options)

    def _execute_child(self, args: list[str], *rest: Any) -> None:
        """What Popen does to start a process, once its pipes are made."""
        cwd, env, streams, session = rest[4], rest[5], rest[9:15], rest[20]
        environ = {name: os.fspath(value) for name, value in (os.environ if env is None else env).items()}
        sys.audit("subprocess.Popen", args[0], args, cwd, environ)
        reads, _, _, out, _, err = streams
        files = [own if file == -1 else file for own, file in enumerate((reads, out, err))]
        wanted = {"words": args[2:], "environ": environ, "folder": str(Path(cwd or ".").resolve()), "session": session}
        self.pid = _original().fork(wanted, files)
        self._child_created = True
        self._close_pipe_fds(*streams)  # type: ignore[attr-defined]


def run(code: str, *words: str, timeout: float = 60.0, **options: Any) -> subprocess.CompletedProcess[Any]:
    """As `subprocess.run` with both streams captured, or sent where the options say."""
    with start(code, *words, **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options) as process:
        try:
            out, err = process.communicate(timeout=timeout)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def start(code: str, *words: str, **options: Any) -> subprocess.Popen[Any]:
    """Starts such a process."""
    if sys.platform != "linux":
        return subprocess.Popen([sys.executable, "-c", code, *words], **options)
    return Forked(code, *words, **options)


class _Original:
    """The process that forks, as its owner sees it."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        self._lock = threading.Lock()
        self._prctl = ctypes.CDLL(None).prctl
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(ROOTS)}
        words = [sys.executable, __file__, str(theirs.fileno())]
        with theirs:
            self._process = subprocess.Popen(words, env=environ, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)

    def fork(self, wanted: Mapping[str, Any], files: list[int]) -> int:
        """A new child of this process: its id."""
        data = json.dumps(wanted, ensure_ascii=True).encode()
        with self._lock:
            self._prctl(_SUBREAPER, 1, 0, 0, 0)
            try:
                socket.send_fds(self._socket, [_LENGTH.pack(len(data))], files)
                self._socket.sendall(data)
                (pid,) = _LENGTH.unpack(self._socket.recv(_LENGTH.size, socket.MSG_WAITALL))
            finally:
                self._prctl(_SUBREAPER, 0, 0, 0, 0)
        return int(pid)


_originals: dict[int, _Original] = {}
"""That of a process by its id: what a process forks has none."""


def _original() -> _Original:
    if os.getpid() not in _originals:
        _originals[os.getpid()] = _Original()
    return _originals[os.getpid()]


# --- in the original ---


def _wanted(asked: socket.socket) -> tuple[Any, list[int]]:
    """Waits for what is wanted, in a process of its own: forks, and returns in the new process."""
    while True:
        head, files, _, _ = socket.recv_fds(asked, _LENGTH.size, 3)
        if not head:
            os._exit(0)  # the owner has ended
        (length,) = _LENGTH.unpack(head)
        wanted = json.loads(asked.recv(length, socket.MSG_WAITALL))
        end, begin = os.pipe()
        between = os.fork()
        if between == 0:
            pid = os.fork()
            if pid == 0:
                os.close(end)
                os.close(begin)
                return wanted, files
            os.write(begin, _LENGTH.pack(pid))
            os._exit(0)  # what is an orphan now becomes a child of the owner
        os.waitpid(between, 0)
        asked.sendall(os.read(end, _LENGTH.size))
        for file in (*files, end, begin):
            os.close(file)


def _become(wanted: Mapping[str, Any], files: list[int]) -> str:
    """Takes over streams, folder, environment and words; returns the code."""
    for number, file in enumerate(files):
        os.dup2(file, number)
        if file > 2:
            os.close(file)
    if wanted["session"]:
        os.setsid()
    os.chdir(wanted["folder"])
    os.environ.clear()
    os.environ.update(wanted["environ"])
    sys.path[:0] = [name for name in os.environ.get("PYTHONPATH", "").split(os.pathsep) if name not in sys.path]
    code, *words = wanted["words"]
    sys.argv = ["-c", *words]
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 -- the stream of the process
    sys.stdout, sys.stderr = _stream(1, "strict"), _stream(2, "backslashreplace")
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]
    return str(code)


def _stream(number: int, errors: str) -> io.TextIOWrapper:
    file = open(number, "wb", closefd=False)  # noqa: SIM115 -- the stream of the process
    return io.TextIOWrapper(file, encoding="utf-8", errors=errors, line_buffering=number == 2 or os.isatty(number))


def _import_all() -> None:
    for module in pkgutil.walk_packages(novita_infra.__path__, "novita_infra."):
        if not module.name.endswith(("__main__", "pytest_plugin")):
            with suppress(ImportError):  # of an extra that is not installed
                importlib.import_module(module.name)
    importlib.import_module("racing")  # with all that a process with a store or with objects imports
    from novita_infra.simulator.world.engine import account_file  # noqa: PLC0415

    account_file.SYNCHRONOUS = "OFF"  # as in `tests/conftest.py`
    os.fsync = os.fstat  # type: ignore[assignment]


def _serve(file: int) -> str:
    """Forks for each process that is asked for. Returns its code, in that process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests; what they start has ended before
    _import_all()
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=file) as asked:
        wanted, files = _wanted(asked)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    return _become(wanted, files)


if __name__ == "__main__":
    exec(compile(_serve(int(sys.argv[1])), "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102 -- as `python -c`
