"""The command and the simulator in processes of their own. Nothing here sleeps but until something is the case."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import forking
import httpx
import leaks

import novita_infra

HERE: Final = Path(novita_infra.__file__).parents[1]
COMMAND: Final = (sys.executable, "-m", "novita_infra")
OURS: Final = (
    "NOVITA_API_KEY",
    "NOVITA_API_URL",
    "NOVITA_INFRA_SIM",
    "NOVITA_INFRA_DEBUG",
    "NOVITA_INFRA_LOG",
    "NO_COLOR",
    "NOVITA_INFRA_PLAIN",
)
LIMIT: Final = 60.0
"""Seconds that anything here may take."""
HTTP: Final = httpx.Client(
    verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
)
"""Talks to served simulators. `httpx.get` reads the certificates of all authorities for each call: 15 ms."""


def environment() -> dict[str, str]:
    """This process's environment without our own settings."""
    others = {name: value for name, value in os.environ.items() if name not in OURS}
    return {**others, "PYTHONPATH": str(HERE)}


@contextmanager
def serving(*options: str, time_scale: float) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`sim serve` in a process of its own: its first line, which is its address, and the process."""
    process = forking.start(
        forking.COMMAND,
        *("sim", "serve", "--port", "0", "--time-scale", str(time_scale), *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(),
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().rstrip("\n"), process
    finally:
        process.terminate()
        process.wait(timeout=20)
        process.stdout.close()


class Cloud:
    """A served simulator, looked into and bent from outside."""

    def __init__(self, address: str) -> None:
        self.address = address

    def live(self, table: str, name: str) -> list[str]:
        """The ids of the objects of that name."""
        return [item["id"] for item in self._state()["objects"][table] if item["name"] == name]

    def calls(self, operation: str) -> int:
        """How often the operation was called so far."""
        return int(self._state()["calls"].get(operation, 0))

    def advance(self, seconds: float) -> None:
        HTTP.post(f"{self.address}/_sim/advance", json={"seconds": seconds}).raise_for_status()

    def add_fault(self, **fault: Any) -> None:
        HTTP.post(f"{self.address}/_sim/faults", json=fault).raise_for_status()

    def clear_faults(self) -> None:
        HTTP.delete(f"{self.address}/_sim/faults").raise_for_status()

    def _state(self) -> Mapping[str, Any]:
        state: Mapping[str, Any] = HTTP.get(f"{self.address}/_sim/state").raise_for_status().json()
        return state


class Run:
    """One command in a process of its own; what it tells is read as it comes."""

    def __init__(self, *words: str, folder: Path, server: str, **settings: str) -> None:
        self._process = forking.start(
            forking.COMMAND,
            *words,
            cwd=folder,
            env={**environment(), "NOVITA_API_URL": server, "NOVITA_API_KEY": "sk_test", **settings},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.stderr = ""
        """What it has written on stderr, as far as it was read."""

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_over(self) -> bool:
        return self._process.poll() is not None

    def until(self, text: str) -> None:
        """Returns when the command has written the text on stderr; fails where it ends before."""
        assert self._process.stderr is not None
        while text not in self.stderr:
            line = self._process.stderr.readline()
            assert line, f"it ended without {text!r}:\n{self.stderr}"
            self.stderr += line

    def interrupt(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def end(self) -> int:
        """Waits for its end; the exit code."""
        try:
            self.stderr += self._process.communicate(timeout=LIMIT)[1]
        finally:
            self.close()
        leaks.observe(self.stderr)
        return int(self._process.returncode)

    def close(self) -> None:
        """Makes sure that the process is gone."""
        if not self.is_over:
            self._process.kill()
        self._process.wait()
        if self._process.stderr is not None:
            self._process.stderr.close()


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Looks again and again until it holds."""
    over = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < over, f"it never came about that {what}"
        time.sleep(0.02)
