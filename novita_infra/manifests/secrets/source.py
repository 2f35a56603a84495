"""What a source of secrets is: it finds what to ask, asks it once in a run, and takes each secret from the answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Final

from novita_infra.model.frozen import dataclass

LONGEST: Final = 2**20
"""The most bytes of a file, an output or an answer that holds a secret."""


class Unreadable(Exception):
    """Why a source gives no secret. No word of it is one."""

    def __init__(self, summary: str, hint: str = "", *, unset: str = "") -> None:
        """`unset` names what does not exist, if that is the reason."""
        super().__init__(summary)
        self.summary, self.hint, self.unset = summary, hint, unset


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked once in a run, however many secrets are in the answer: a file, a path of a vault, a command."""

    key: str
    """The form of its pointers, such as `fromVault`."""
    words: tuple[str, ...]
    subject: str
    """What is asked, for a message."""


@dataclass(frozen=True, slots=True)
class Pointed:
    """What a pointer means."""

    question: Question
    part: str
    """The part of the answer that is the secret; empty for the whole."""
    name: str
    """What `plan` and a saved plan call the source: `env:NAME`, `vault:secret/training#token`."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Where the sources are asked."""

    root: Path
    """The project's folder."""
    environ: Mapping[str, str] = field(repr=False)
    secrets: Collection[str] = ()
    """What no message may show."""


@dataclass(frozen=True, slots=True)
class ManifestPlace:
    """Where a pointer stands."""

    root: Path
    """The project's folder, or that of a module from git."""
    folder: Path
    """The folder of the manifest."""
    is_checkout: bool = False
    """Whether the manifest is of a module from git, which reads no file outside of its folder."""


@dataclass(frozen=True, slots=True)
class PointedSource:
    """A source of secrets. Each function raises Unreadable."""

    pointed: Callable[[Any, ManifestPlace], Pointed]
    """Returns what the value of a pointer means. It fits the schema, or is None."""
    text: Callable[[Any, Pointed], str]
    """Returns the secret in an answer."""
    read: Callable[[Question, Asking], Any] | None = None
    """Returns the answer of a source that takes no time."""
    ask: Callable[[Question, Asking], Awaitable[Any]] | None = None
    """Returns the answer of a source that may take long, or ask a person."""
