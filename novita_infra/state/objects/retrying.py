"""Calls on objects that are tried again after a fault that may pass, without ever doing a write twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

from novita_infra.model.diagnostics import problem
from novita_infra.state.objects.objects import (
    ABSENT,
    AnswerLost,
    Conflict,
    Object,
    ObjectChange,
    ObjectReader,
    Objects,
    OutOfReach,
)

_FIRST_PAUSE: Final = 0.1
"""Seconds before the second attempt; the pauses double from there."""
_ATTEMPTS: Final = 8
"""The further attempts, which take half a minute."""
_T = TypeVar("_T")


class RetryingReader:
    """Implements ObjectReader on another one, whose calls are tried again for half a minute."""

    def __init__(self, reader: ObjectReader, *, sleep: Callable[[float], None] = time.sleep) -> None:
        """`sleep` is for tests."""
        self._reader = reader
        self._sleep = sleep

    def describe(self, key: str = "") -> str:
        return self._reader.describe(key)

    def read(self, key: str) -> Object | None:
        return self._until_done(lambda: self._reader.read(key))

    def read_all(self, prefix: str) -> Mapping[str, Object]:
        return self._until_done(lambda: self._reader.read_all(prefix))

    def keys(self, prefix: str) -> Sequence[str]:
        return self._until_done(lambda: self._reader.keys(prefix))

    def _until_done(self, call: Callable[[], _T]) -> _T:
        try:
            return call()
        except (OutOfReach, AnswerLost):
            import tenacity  # noqa: PLC0415 -- almost every call succeeds at once

            again = tenacity.Retrying(
                retry=tenacity.retry_if_exception_type((OutOfReach, AnswerLost)),
                wait=tenacity.wait_exponential(multiplier=0.2, max=8.0) + tenacity.wait_random(0, 0.2),
                stop=tenacity.stop_after_attempt(_ATTEMPTS),
                sleep=self._sleep,
                reraise=True,
            )
        self._sleep(_FIRST_PAUSE)
        try:
            return again(call)
        except (OutOfReach, AnswerLost) as error:
            raise problem(
                f"the state at {self.describe()} cannot be reached: {error}",
                "look at the network and at the server; then run the command again: it goes on where it stopped",
            ) from error


class RetryingObjects(RetryingReader):
    """Implements Objects on others, whose calls are tried again.

    After an answer that was lost, a write is first sought: an expected version that is not there may be our own.
    """

    def __init__(self, objects: Objects, *, sleep: Callable[[float], None] = time.sleep) -> None:
        """`sleep` is for tests."""
        super().__init__(objects, sleep=sleep)
        self._objects = objects

    def snapshot(self) -> RetryingReader:
        return RetryingReader(self._until_done(self._objects.snapshot), sleep=self._sleep)

    def write(self, changes: Sequence[ObjectChange]) -> Sequence[str]:
        made: list[str] = []
        doubtful = False

        def attempt() -> None:
            nonlocal doubtful
            if doubtful:
                made.extend(self._made(changes[len(made) :]))
            if len(made) == len(changes):
                return
            try:
                made.extend(self._objects.write(changes[len(made) :]))
            except (AnswerLost, OutOfReach):
                doubtful = True
                raise

        self._until_done(attempt)
        return made

    def _made(self, changes: Sequence[ObjectChange]) -> Iterator[str]:
        """The versions of those at the begin that are made already. Raises Conflict if another writer was there.

        Changes are made in order, so whatever follows the first that is not made is not made either.
        """
        for change in changes:
            present = self._objects.read(change.key)
            if (present.data if present else None) != change.data:
                if change.data is not None and change.expected not in {None, present.version if present else ABSENT}:
                    raise Conflict(change.key)
                return
            yield present.version if present else ABSENT
