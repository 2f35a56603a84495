"""The answers to the lookups of a run, and those that a plan file holds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from novita_infra.encoding import compact, encode
from novita_infra.lookups.found import Answer, Criteria, FoundLookup, NoAnswer
from novita_infra.model.diagnostics import Diagnostic, Problems
from novita_infra.model.frozen import dataclass

LookUp: TypeAlias = "Callable[[Sequence[LookupQuestion], Path], Awaitable[Mapping[bytes, Answer | NoAnswer]]]"
"""Returns the answers by the keys of the questions, for the project in the folder. Raises ApiError and Problems."""


@dataclass(frozen=True, slots=True)
class LookupQuestion:
    """What is looked up: the same question has one answer in a run."""

    type: str
    criteria: Criteria

    @property
    def key(self) -> bytes:
        """What tells it from other questions."""
        return compact(encode([self.type, dict(self.criteria)]))


class LookupAnswers:
    """The answers so far. Those of a plan file are all that there will be."""

    def __init__(self, saved: Iterable[FoundLookup] | None = None) -> None:
        self._saved = None if saved is None else {item.name: item for item in saved}
        self._known: dict[bytes, Answer | NoAnswer] = {}

    @property
    def are_saved(self) -> bool:
        """Whether they come from a plan file, so that nothing is looked up."""
        return self._saved is not None

    def add(self, answers: Mapping[bytes, Answer | NoAnswer]) -> None:
        """Adds what was looked up, by the keys of the questions."""
        self._known |= answers

    def get(self, name: str, question: LookupQuestion) -> FoundLookup | NoAnswer | None:
        """The answer to the question of the lookup of that name; None where there is none."""
        if self._saved is not None:
            saved = self._saved.get(name)
            asked = LookupQuestion(saved.type, saved.criteria) if saved else None
            return saved if asked and asked.key == question.key else None
        answer = self._known.get(question.key)
        if answer is None or isinstance(answer, NoAnswer):
            return answer
        return FoundLookup(
            name,
            question.type,
            question.criteria,
            answer.value,
            answer.chosen,
            answer.others,
            answer.withheld,
        )


class LookupsWanted(Problems):
    """Nothing is wrong, and something must be looked up before the project can be loaded."""

    def __init__(self, diagnostics: Iterable[Diagnostic], questions: Sequence[LookupQuestion], root: Path) -> None:
        super().__init__(diagnostics)
        self.questions, self.root = questions, root
