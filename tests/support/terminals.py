"""The command on a real pseudo-terminal, whose screen is kept as a terminal would show it."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import termios
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import forking
import pyte
from pexpect import EOF
from pexpect.fdpexpect import fdspawn  # type: ignore[import-untyped]
from processes import LIMIT, environment

_CODE: Final = f"import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); {forking.COMMAND}"
"""The command, with its terminal as the one from which Ctrl-C and hang-ups come."""
CTRL_C: Final = "\x03"
NO_SETTINGS: Final[Mapping[str, str]] = {}


class Terminal:
    """A terminal of so many columns and rows, and the command that runs on it."""

    def __init__(self, folder: Path, *words: str, columns: int, rows: int, settings: Mapping[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        self.screen = pyte.HistoryScreen(columns, rows, history=10_000, ratio=0.5)
        self._stream = pyte.Stream(self.screen)
        self.written = ""
        """All that was written on it, codes included."""
        _size(theirs, columns, rows)
        streams: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), theirs)
        env = {**environment(), "TERM": "xterm-256color", **settings}
        self.process = forking.start(_CODE, *words, cwd=folder, env=env, start_new_session=True, **streams)
        os.close(theirs)
        self._child = fdspawn(self._ours, encoding="utf-8", timeout=LIMIT)

    def until(self, text: str) -> None:
        """Returns when the screen shows the text; fails where the command ends before."""
        while text not in self.shown():
            assert self._read(), f"it ended without {text!r}:\n{self.text()}"

    def shown(self) -> str:
        """What the screen shows."""
        return "\n".join(row.rstrip() for row in self.screen.display)

    def text(self) -> str:
        """What the screen shows, and what has scrolled away above."""
        width = self.screen.columns
        above = ("".join(row[place].data for place in range(width)).rstrip() for row in self.screen.history.top)
        return "\n".join([*above, self.shown()])

    def press(self, keys: str) -> None:
        self._child.send(keys)

    def resize(self, columns: int, rows: int) -> None:
        """Gives the terminal another size, of which the command hears."""
        self.screen.resize(rows, columns)
        _size(self._ours, columns, rows)

    def hang_up(self) -> None:
        """Takes the terminal away."""
        self._child.close()

    def end(self) -> int:
        """Waits for the end of the command; the exit code."""
        while self._child.child_fd >= 0 and self._read():
            pass
        return int(self.process.wait(LIMIT))

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self._child.child_fd >= 0:
            self._child.close()

    def _read(self) -> bool:
        """Reads what comes next; False at the end."""
        with suppress(EOF, OSError):  # the terminal closes with its last process
            piece = self._child.read_nonblocking(65_536, timeout=LIMIT)
            self.written += piece
            self._stream.feed(piece)
            return True
        return False


@contextmanager
def terminal(
    folder: Path, *words: str, columns: int = 100, rows: int = 30, settings: Mapping[str, str] = NO_SETTINGS
) -> Iterator[Terminal]:
    """Runs the command in the folder on a terminal; the settings are variables of its environment."""
    opened = Terminal(folder, *words, columns=columns, rows=rows, settings=settings)
    try:
        yield opened
    finally:
        opened.close()


def _size(file: int, columns: int, rows: int) -> None:
    fcntl.ioctl(file, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
