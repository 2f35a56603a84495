"""The output streams of the process. A write to them never fails: no full disk and no dead terminal ends a run.

The first failure of a stream is kept, and the command reports it when it has ended.
"""

from __future__ import annotations

import io
import os
import select
import sys
from typing import Any, Final, TextIO

_NAMES: Final = ("stdout", "stderr")


class _Output(io.FileIO):
    """A file descriptor that accepts every write. After the first failure it drops what it gets."""

    failure: OSError | None = None

    def write(self, data: Any, /) -> int:
        while self.failure is None:
            try:
                written = super().write(data)
                if written is not None:
                    return written
                select.select([], [self], [])  # another program made the descriptor non-blocking, and it is full
            except OSError as failure:
                self.failure = failure
        return memoryview(data).nbytes


def protect_streams() -> None:
    """Replaces stdout and stderr by streams whose writes do not fail. No character of a name fails in a poor locale."""
    for name in _NAMES:
        setattr(sys, name, _protected(getattr(sys, name)))


def _protected(stream: TextIO | None) -> TextIO:
    if stream is None:  # closed; the next file that is opened would take its place
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 -- for the whole process
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    try:
        raw = _Output(stream.fileno(), "wb", closefd=False)
    except OSError:  # no file descriptor
        return stream
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors="backslashreplace",
        newline="\n",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def output_is_lost() -> bool:
    """Whether nobody gets what is written to stdout from now on: its reader has left, or it cannot be written."""
    return getattr(getattr(getattr(sys.stdout, "buffer", None), "raw", None), "failure", None) is not None


def output_failure() -> OSError | None:
    """Why the output of the command is lost, as far as it was written; None for a reader that left early."""
    sys.stdout.flush()
    failure = getattr(getattr(getattr(sys.stdout, "buffer", None), "raw", None), "failure", None)
    return failure if isinstance(failure, OSError) and not isinstance(failure, ConnectionError) else None


def exit_code_with_output(code: str | int | None) -> str | int | None:
    """The exit code of a command that has ended with `code`. Reports an output that is lost."""
    failure = output_failure()
    if failure is None:
        return code
    sys.stderr.write(
        f"error: the output cannot be written: {failure.strerror}\n"
        "    the command itself has ended; write its output to another place, or make room\n"
    )
    sys.stderr.flush()
    return 1
