"""What a command did and found, noted beside what its renderer shows. Nothing is written or sent here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from novita_infra.model.diagnostics import Diagnostic, Severity
from novita_infra.model.values import Value
from novita_infra.planning.plan.review import Review
from novita_infra.views.content.lines import Line
from novita_infra.views.content.plan import DriftContent, PlanContent, RunProject
from novita_infra.views.renderer import Content

if TYPE_CHECKING:
    from novita_infra.applying.events import Event, Listener, Result
    from novita_infra.planning.cost.running import Outlook


class CommandNotes:
    """A renderer that shows nothing, and keeps what a notification is about."""

    for_programs = True

    def __init__(self) -> None:
        self.project: RunProject | None = None
        self.review: Review | None = None
        self.run: Result | None = None
        self.found: Content | None = None
        """The result of a command that only reads."""
        self.errors: list[Diagnostic] = []
        """What it reported by itself, such as why a saved plan is refused."""
        self.failure: BaseException | None = None
        """What ended the command."""

    def message(self, *lines: Line | str) -> None:
        """Shows nothing."""

    def note(self, text: str) -> None:
        """Shows nothing."""

    def diagnostics(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.errors += [item for item in diagnostics if item.severity is Severity.ERROR]

    def verbatim(self, text: str) -> None:
        """Shows nothing."""

    def show(self, lines: Iterable[Line], data: Any = None) -> None:
        """Shows nothing."""

    def result(self, content: Content) -> None:
        self.found = content
        if isinstance(content, PlanContent | DriftContent):
            self.review = content.review

    def run_begins(self, project: RunProject | None) -> None:
        self.project = project

    def run_plan(self, review: Review, *, warnings: Iterable[Diagnostic] = ()) -> None:  # noqa: ARG002 -- the interface
        self.review = review

    @contextmanager
    def progress(
        self,
        *,
        steps: int | None,  # noqa: ARG002 -- likewise
        now: Callable[[], float],  # noqa: ARG002 -- likewise
        outlook: Callable[[], Outlook] | None = None,  # noqa: ARG002 -- likewise
    ) -> Iterator[Listener]:
        def listen(event: Event) -> None:
            """Shows nothing."""

        yield listen

    def run_result(self, result: Result, *, outputs: Mapping[str, Value], again: str, destroy: str) -> None:  # noqa: ARG002 -- likewise
        self.run = result
