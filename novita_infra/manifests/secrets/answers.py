"""What the sources of secrets have answered in a run: each question is asked once, those that take long together."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import Any, Final

from novita_infra.manifests.secrets.source import Asking, PointedSource, Question, Unreadable
from novita_infra.model.concurrency import together
from novita_infra.schema.secret_pointers import SECRET_POINTERS

_AT_ONCE: Final = 8
"""The most questions that are under way at the same time: each may be a process."""


@cache
def source_of(key: str) -> PointedSource:
    """Returns the source of the pointers with that key. It is imported when the first manifest uses it."""
    source: PointedSource = import_module(f"novita_infra.manifests.secrets.{SECRET_POINTERS[key].module}").SOURCE
    return source


class SecretAnswers:
    """The answers of a run."""

    def __init__(self) -> None:
        self._known: dict[Question, Any] = {}
        self._awaited: list[str] = []

    def __contains__(self, question: Question) -> bool:
        return question in self._known

    def get(self, question: Question, asking: Asking) -> Any:
        """Returns the answer; reads a source that takes no time. Raises Unreadable, and KeyError if none was asked."""
        if question not in self._known:
            read = source_of(question.key).read
            if read is None:
                raise KeyError(question)
            try:
                self._known[question] = read(question, asking)
            except Unreadable as error:
                self._known[question] = error
        answer = self._known[question]
        if isinstance(answer, Unreadable):
            raise Unreadable(answer.summary, answer.hint, unset=answer.unset)
        return answer

    def ask_now(self, questions: Iterable[Question], asking: Asking) -> None:
        """Asks the sources for a caller that cannot await: blocks until all have answered."""
        failures: list[BaseException] = []

        def run() -> None:
            try:
                asyncio.run(self.ask(questions, asking))
            except BaseException as error:  # noqa: BLE001 -- it is raised in the thread of the caller
                failures.append(error)

        thread = threading.Thread(target=run, daemon=True)  # a loop may run in this thread
        thread.start()
        thread.join()
        if failures:
            raise failures[0]

    def reason(self) -> str:
        """Returns what is being asked, on one line."""
        return ", ".join(self._awaited)

    def progress(self) -> str:
        """Returns nothing: there is no more to say than what is asked."""
        return ""

    def failing_since(self) -> None:
        """Returns nothing: a source that fails is not asked again."""

    async def ask(self, questions: Iterable[Question], asking: Asking) -> None:
        """Asks the sources, and keeps what they answer or why they do not."""
        free = asyncio.Semaphore(_AT_ONCE)

        async def one(question: Question) -> None:
            ask = source_of(question.key).ask
            assert ask is not None  # noqa: S101 -- other sources are read
            async with free:
                self._awaited.append(question.subject)
                try:
                    self._known[question] = await ask(question, asking)
                except Unreadable as error:
                    self._known[question] = error
                finally:
                    self._awaited.remove(question.subject)

        await together(*(one(question) for question in dict.fromkeys(questions) if question not in self._known))
