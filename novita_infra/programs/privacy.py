"""Keeps the environment of this process from programs that it starts, as far as the system allows."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Final

_PR_SET_DUMPABLE: Final = 4
_ENV_START: Final = 47
"""The place of `env_start` among the fields of /proc/self/stat behind the name of the program; `env_end` follows."""


def hide_environment(shown: Collection[str]) -> None:
    """Makes variables of this process unreadable from outside, but those in `shown`. On Linux only.

    Other processes of the user see /proc/PID/environ: the memory with the environment as the process began. The values
    there are overwritten; `os.environ` and the environment of later programs keep them. Memory and /proc of a process
    that is not dumpable are closed to processes of the same user, but not to root.
    """
    if sys.platform != "linux":
        return
    with suppress(OSError, ValueError, IndexError):
        _overwrite(shown)
    import ctypes  # noqa: PLC0415 -- only runs with policies pay for it

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _overwrite(shown: Collection[str]) -> None:
    fields = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
    start, end = int(fields[_ENV_START]), int(fields[_ENV_START + 1])
    if not 0 < start < end:
        return
    with open("/proc/self/mem", "r+b", buffering=0) as memory:  # noqa: PTH123 -- the memory has no path of its own
        memory.seek(start)
        block = memory.read(end - start)
        at = start
        for entry in block.split(b"\0"):
            name, _, value = entry.partition(b"=")
            if value and os.fsdecode(name) not in shown:
                if os.fsdecode(name) in os.environ:
                    os.environ[os.fsdecode(name)] = os.environ[os.fsdecode(name)]  # a copy, for programs that follow
                memory.seek(at + len(name) + 1)
                memory.write(bytes(len(value)))
            at += len(entry) + 1
