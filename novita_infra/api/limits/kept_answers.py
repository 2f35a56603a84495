"""Answers to reads that are kept for the next reader: what a lookup has listed is not listed again for the plan."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

from novita_infra.api.request import Request

NOT_KEPT: Final = object()
"""What `take` returns where there is no answer."""
_Key: TypeAlias = tuple[str, tuple[tuple[str, str | int], ...]]


class KeptAnswers:
    """The kept answers of a client. Each is given once: who reads the same list again wants to know what changed."""

    def __init__(self) -> None:
        self._answers: dict[_Key, Any] = {}
        self._keeps = False

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Keeps the answers to all reads that are made meanwhile."""
        self._keeps = True
        try:
            yield
        finally:
            self._keeps = False

    def add(self, request: Request, answer: Any) -> None:
        """Keeps the answer, if it is a read and answers are kept now."""
        if self._keeps and request.method == "GET":
            self._answers[_key(request)] = answer

    def take(self, request: Request) -> Any:
        """The kept answer to the request, which is not kept any more; NOT_KEPT without one."""
        if not self._answers or self._keeps or request.method != "GET":
            return NOT_KEPT
        return self._answers.pop(_key(request), NOT_KEPT)

    def clear(self, *, but: Collection[str] = ()) -> None:
        """Drops the answers, except those of some paths."""
        self._answers = {key: answer for key, answer in self._answers.items() if key[0] in but}


def _key(request: Request) -> _Key:
    return request.path, tuple(sorted(request.query.items()))
