"""Reads the `lookups:` of a project: each is asked when an expression reads it, `${lookup.name.id}`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from novita_infra.lookups.answers import LookupAnswers, LookupQuestion
from novita_infra.lookups.found import FoundLookup, NoAnswer
from novita_infra.manifests.language.interpolation import Interpolation, are_unasked
from novita_infra.manifests.language.scope import Reported, Scope
from novita_infra.manifests.resources.expanding import early_scope
from novita_infra.manifests.resources.reading_path import ReadingPath
from novita_infra.manifests.validation.documents import part_errors
from novita_infra.manifests.yaml.composing import Document
from novita_infra.manifests.yaml.positions import Position, inside, key_origin
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.model.computing.effort import Uncomputable
from novita_infra.model.diagnostics import Diagnostic, nearest
from novita_infra.model.values import Computation, Digest, Ref, Secret, leaves

LOOKUPS: Final = "lookups"
LOOKUP: Final = "lookup"
_OPAQUE: Final = (Computation, Digest, Ref, Secret)


class LookupValues:
    """The lookups of a project in one load."""

    def __init__(
        self, document: Document, sources: Sources, path: ReadingPath, answers: LookupAnswers | None = None
    ) -> None:
        """`document` is the project file. Without `answers` nothing is looked up, and nothing waits for it."""
        written = document.data.get(LOOKUPS) if isinstance(document.data, dict) else None
        self._written: Mapping[str, Any] = written if isinstance(written, dict) else {}
        self._document = document
        self._sources = sources
        self._path = path
        self._answers = answers
        self._read: dict[str, FoundLookup | None] = {}
        """None for one with an error."""
        self._errors: list[Diagnostic] = []
        self.wanted: dict[str, LookupQuestion] = {}
        """What was read and must be looked up first, by name."""

    @property
    def found(self) -> tuple[FoundLookup, ...]:
        """The lookups that something has read, with what they found, by name."""
        return tuple(item for _, item in sorted(self._read.items()) if item is not None)

    def read(self, name: str, scope: Scope) -> FoundLookup:
        """Returns what a lookup found.

        Raises Uncomputable where none has the name, and `unasked` where it must be looked up first; Reported for what
        `errors` gives.
        """
        if name not in self._written:
            hint = nearest(name, tuple(self._written)) or "declare it under lookups: in novita-infra.yaml"
            unknown = Uncomputable(f'there is no lookup "{name}"', hint)
            unknown.cause = f"{LOOKUP}.{name}"
            raise unknown
        if name not in self._read:
            if (LOOKUP, name) in self._path:
                self._tell(name, f"values need each other in a circle: {self._path.circle((LOOKUP, name))}")
                raise Reported
            with self._path.reading((LOOKUP, name)):
                question = self._question(name, scope)
            self._read[name] = self._answer(name, question)
        found = self._read[name]
        if found is None:
            raise Reported
        return found

    def errors(self) -> Iterator[Diagnostic]:
        """Yields the errors of the lookups that were read."""
        yield from self._errors

    def _question(self, name: str, scope: Scope) -> LookupQuestion | None:
        """Returns the question of a lookup; None where there is an error. Raises Uncomputable for what is unasked."""
        position = self._position(name)
        diagnostics: list[Diagnostic] = []
        found = Interpolation(early_scope(scope.within(None)), self._sources, diagnostics).of(
            self._written[name], position
        )
        if are_unasked(diagnostics):
            raise _unasked(name)
        if diagnostics or found.unusable:
            self._errors += diagnostics
            return None
        if any(isinstance(leaf, _OPAQUE) for leaf in leaves(found.values)):
            self._tell(name, "a lookup is made before the plan", "no criterion may be secret or known only after apply")
            return None
        if errors := part_errors(self._document, LOOKUPS, {name: found.checked}, self._sources):
            self._errors += errors
            return None
        ((type_, criteria),) = found.values.items()
        return LookupQuestion(type_, criteria)

    def _answer(self, name: str, question: LookupQuestion | None) -> FoundLookup | None:
        """Returns the answer; None where there is an error. Raises Uncomputable where it must be looked up first."""
        if question is None:
            return None
        answer = self._answers.get(name, question) if self._answers is not None else None
        match answer:
            case FoundLookup():
                return answer
            case NoAnswer(summary=summary, hint=hint):
                self._tell(name, summary, hint)
                return None
        if self._answers is None:
            raise _unasked(name)
        if self._answers.are_saved:
            self._tell(name, "this is not what the plan has looked up", "make a new plan")
            return None
        self.wanted[name] = question
        raise _unasked(name)

    def _tell(self, name: str, summary: str, hint: str = "") -> None:
        place = key_origin(self._position(name))
        self._errors.append(Diagnostic(f"{LOOKUP}.{name}: {summary}", hint, origin=place))

    def _position(self, name: str) -> Position:
        return inside(inside(self._document.position, LOOKUPS), name)


def _unasked(name: str) -> Uncomputable:
    """Returns the error that a lookup is not made here."""
    error = Uncomputable(f"lookup.{name} is not looked up here", "`plan` and `apply` do that")
    error.unset, error.unasked = f"{LOOKUP}.{name}", True
    return error
