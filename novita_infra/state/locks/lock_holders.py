"""Who holds a lock: the note that a holder leaves for others, and the refusals that name it, for every backend."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from novita_infra.encoding.json_text import parse_foreign_json
from novita_infra.model.clock import moment
from novita_infra.state.process_identity import user_name
from novita_infra.state.store import LockHolder, LockRefused


def note_of_holder(operation: str, now: float) -> dict[str, Any]:
    """The note that this process leaves beside a lock that it holds since `now`, in Unix seconds."""
    return {
        "operation": operation,
        "user": user_name(),
        "pid": os.getpid(),
        "host": os.uname().nodename,
        "boot": _boot(),
        "namespace": _namespace(),
        "since": moment(now),
        **({"run": run} if (run := run_of_ci(os.environ)) else {}),
    }


def run_of_ci(environ: Mapping[str, str]) -> str:
    """The address of the run of the CI service in which this process runs; empty if it is none that is known."""
    server, repository, run = (environ.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    if server and repository and run:
        return f"{server}/{repository}/actions/runs/{run}"
    # GitLab; Jenkins and others; CircleCI; Buildkite
    names = ("CI_JOB_URL", "BUILD_URL", "CIRCLE_BUILD_URL", "BUILDKITE_BUILD_URL")
    return next((url for name in names if (url := environ.get(name, "")).startswith(("http://", "https://"))), "")


def read_note(content: bytes) -> Mapping[str, Any]:
    """The note that a holder left; empty if it has just begun to write it, or died while it did."""
    try:
        note = parse_foreign_json(content) if content else {}
    except (ValueError, RecursionError):
        return {}
    return note if isinstance(note, dict) else {}


def is_of_this_machine(note: Mapping[str, Any]) -> bool:
    """Whether the holder of that note runs, or ran, on this machine.

    The boot id recognises the machine of a container, whose host name is new each time.
    """
    return note.get("host") == os.uname().nodename or note.get("boot") == _boot()


def locked_by(note: Mapping[str, Any], place: str, *, hint: str) -> LockRefused:
    """The refusal of a lock that the process of that note holds; the note is empty if the process has just begun."""
    holder = holder_of(note)
    return LockRefused(
        holder, f"the state is locked by {holder or 'another process, which has only just begun'} ({place})", hint
    )


def locked_elsewhere(note: Mapping[str, Any], *, remedy: str) -> LockRefused:
    """The refusal of a lock whose holder may still run on another machine; `remedy` is what a person then does."""
    holder = holder_of(note)
    return LockRefused(
        holder,
        f"the state was locked on another machine by {holder}",
        f"make sure that it is not running any more, then {remedy}",
        final=True,
    )


def process_exists(note: Mapping[str, Any]) -> bool | None:
    """Whether a process has the holder's number; None if it ran where process numbers are not those of this process."""
    pid, here = note.get("pid"), (_boot(), _namespace())
    if not isinstance(pid, int) or pid <= 0 or not all(here) or (note.get("boot"), note.get("namespace")) != here:
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is another user's
        return True
    return True


def holder_of(note: Mapping[str, Any]) -> LockHolder | None:
    """The holder in a note; None where the note is empty."""
    if not note:
        return None
    names = ("operation", "user", "pid", "host", "since", "run")
    return LockHolder(**{name: str(note[name]) for name in names if name in note})


@functools.cache
def _boot() -> str:
    """A random id of this start of the machine; empty if the system has none (macOS)."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return ""


@functools.cache
def _namespace() -> str:
    """The name of the space of process numbers, which differs between containers; empty if it is not known."""
    with suppress(OSError):
        return str(Path("/proc/self/ns/pid").readlink())
    return ""
