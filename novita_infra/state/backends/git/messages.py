"""The message of a commit: which environment changed, what happened, and who did it; the files below.

Of what is encrypted, it says how much changed, and which serial.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Final

from novita_infra import __version__
from novita_infra.encoding.json_text import parse_foreign_json
from novita_infra.model.diagnostics import Problems
from novita_infra.state.objects.layout import environment_of, read_segment
from novita_infra.state.objects.objects import ObjectChange
from novita_infra.state.process_identity import this_process, user_name

_MOST: Final = 100
"""The most characters of what happened in one environment."""
_ENDS: Final = 4096
"""Bytes at the begin and at the end of a state that hold its serial and its last run."""
_SERIAL: Final = re.compile(rb'\n  "serial": (\d{1,18}),\n')
_OPERATION: Final = re.compile(rb'\n  "last_run": \{\n    "operation": "([\w :.-]{1,40})",\n')


def commit_message(changes: Sequence[ObjectChange]) -> str:
    """`default: serial 12, apply by anna@host`, with the keys and the process below."""
    of: dict[str, list[ObjectChange]] = {}
    for change in changes:
        of.setdefault(environment_of(change.key) or change.key, []).append(change)
    whole = "; ".join(f"{name}: {_event(part)}" if environment_of(part[0].key) else name for name, part in of.items())
    keys = "\n".join(f"{'-' if change.data is None else '+'} {change.key}" for change in changes)
    # The random part makes the commits of two writers differ: the push of an equal one would succeed for both.
    process = f"novita-infra {__version__}, {this_process()}, {secrets.token_hex(8)}"
    return f"{whole} by {user_name()}@{os.uname().nodename}\n\n{keys}\n\n{process}\n"


def _event(changes: Sequence[ObjectChange]) -> str:
    """What happened in one environment, on one line."""
    words = ", ".join(dict.fromkeys(_words(changes)))
    plain = "".join(letter if letter.isprintable() else " " for letter in words)
    return plain if len(plain) <= _MOST else f"{plain[: _MOST - 1]}…"


def _words(changes: Sequence[ObjectChange]) -> Iterator[str]:
    added = [change for change in changes if change.data is not None]
    states = [change.data or b"" for change in added if "/states/" in change.key]
    journals = [change.data or b"" for change in added if "/journal/" in change.key]
    for state in states:
        yield from _of_state(state)
    yield from _of_journals(journals, has_state=bool(states))
    if added and not states and not journals:
        yield "state"
    if len(added) < len(changes):
        yield "earlier states removed"


def _of_state(state: bytes) -> Iterator[str]:
    """The serial of a state and the command that made it."""
    serial, operation = _SERIAL.search(state, 0, _ENDS), _OPERATION.search(state, max(0, len(state) - _ENDS))
    yield f"serial {serial[1].decode()}" if serial else "state"
    if operation:
        yield operation[1].decode("utf-8", "replace")


def _of_journals(journals: Iterable[bytes], *, has_state: bool) -> Iterator[str]:
    """The changes of a run. The end of a journal tells what the state beside it tells."""
    for data in journals:
        with suppress(Problems):
            segment = read_segment(data, "", hint="")
            if segment.kind == "begin":
                yield "a run begins"
            elif segment.kind == "fence":
                yield "the lock was taken over"
            elif segment.kind == "lines":
                yield _of_lines(segment.lines.split(b"\n")[:-1])
            continue
        if not has_state:
            yield "journal"


def _of_lines(lines: Sequence[bytes]) -> str:
    """The last change of those that came together, and how many others there are."""
    for line in reversed(lines):
        with suppress(ValueError, RecursionError):
            match parse_foreign_json(line):
                case {"put": {"address": str(address)}, "event": str(event)} | {
                    "drop": str(address),
                    "event": str(event),
                }:
                    others = f", and {len(lines) - 1} more" if len(lines) > 1 else ""
                    return f"{address} {event}{others}"
    return f"{len(lines)} changes" if len(lines) > 1 else "1 change"
