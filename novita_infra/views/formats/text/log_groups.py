"""The groups of GitHub and GitLab, which fold what a job writes between two marks. Elsewhere nothing is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from stat import S_ISREG
from typing import Final, TextIO

_CLEAR: Final = "\x1b[0K"


def has_log_groups(stream: TextIO) -> bool:
    """Whether the stream is the log of such a job: no terminal, and no file that a later step reads."""
    if not (_is_set("GITHUB_ACTIONS") or _is_set("GITLAB_CI")) or stream.isatty():
        return False
    try:
        return not S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):  # a stream of this process alone
        return True


@contextmanager
def log_group(title: str, stream: TextIO, *, now: Callable[[], float]) -> Iterator[None]:
    """Folds what the block writes to the stream, under a title of ours. `now` gives Unix seconds."""
    if not has_log_groups(stream):
        yield
        return
    github = _is_set("GITHUB_ACTIONS")
    section = title.lower().replace(" ", "_")
    stream.write(f"::group::{title}\n" if github else f"{_CLEAR}section_start:{now():.0f}:{section}\r{_CLEAR}{title}\n")
    stream.flush()
    try:
        yield
    finally:
        stream.write("::endgroup::\n" if github else f"{_CLEAR}section_end:{now():.0f}:{section}\r{_CLEAR}\n")
        stream.flush()


def _is_set(name: str) -> bool:
    return os.environ.get(name, "").lower() == "true"
