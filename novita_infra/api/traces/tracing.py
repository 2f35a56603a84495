"""Spans: what takes time in a command, one inside of the other. Without a tracer they cost next to nothing.

A fact of a span goes to a collector of others: no fact holds a secret, a value of a manifest, or the text of an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Protocol, Self, TypeAlias

Fact: TypeAlias = str | int | float | bool


class TraceSpan(Protocol):
    """A span under way."""

    def note(self, name: str, fact: Fact) -> None:
        """Adds a fact."""

    def fail(self, reason: str) -> None:
        """Says that it failed. The reason is a word such as the name of an error."""


Tracer: TypeAlias = Callable[[str, Mapping[str, Fact]], AbstractContextManager[TraceSpan]]
"""Begins a span of that name with these facts."""


class _NoSpan:
    """What stands for a span without a tracer."""

    def note(self, name: str, fact: Fact) -> None:
        """Does nothing."""

    def fail(self, reason: str) -> None:
        """Does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Does nothing."""


_NO_SPAN = _NoSpan()
_tracers: list[Tracer] = []
"""The tracer of this process; none is there unless a command is traced."""


def span(name: str, **facts: Fact) -> AbstractContextManager[TraceSpan]:
    """A span around a block. One that an exception leaves has failed, with the name of that exception."""
    return _tracers[-1](name, {f"novita.{key}": fact for key, fact in facts.items()}) if _tracers else _NO_SPAN


def is_traced() -> bool:
    """Whether spans go anywhere."""
    return bool(_tracers)


@contextmanager
def tracing(tracer: Tracer) -> Iterator[None]:
    """Sends the spans of a block to the tracer."""
    _tracers.append(tracer)
    try:
        yield
    finally:
        _tracers.remove(tracer)
