"""The text format: results and messages for a person."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TextIO, assert_never

from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.printable import printable
from novita_infra.model.values import Value
from novita_infra.planning.plan.review import Review
from novita_infra.views.content.diagnostics import ValidationContent, placed, sources
from novita_infra.views.content.explanation import ExplanationContent, KindsContent
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.listing import Facts, Listing
from novita_infra.views.content.plan import DriftContent, PlanContent, RunProject
from novita_infra.views.content.state import OutputContent, OutputsContent, RecordContent, StateContent
from novita_infra.views.content.values import inline
from novita_infra.views.content.why import Reasons
from novita_infra.views.formats.text.diagnostics import diagnostic_lines
from novita_infra.views.formats.text.log_groups import has_log_groups, log_group
from novita_infra.views.formats.text.saved import saved_lines
from novita_infra.views.formats.text.state import output_lines, record_lines, state_lines
from novita_infra.views.formats.text.terminal import coloured, write
from novita_infra.views.formats.text.why import why_lines
from novita_infra.views.plan_lines.estimate import estimate_lines
from novita_infra.views.plan_lines.plan import plan_lines, plan_parts
from novita_infra.views.renderer import Content, PlainContent, RenderSettings

if TYPE_CHECKING:
    from novita_infra.applying.events import Listener, Result
    from novita_infra.planning.cost.running import Outlook


def content_lines(content: PlainContent) -> Iterable[Line]:
    """The lines of a result that is nothing but lines."""
    match content:
        case Reasons():
            return why_lines(content)
        case StateContent(state=state):
            return state_lines(state)
        case RecordContent(record=record, imported=""):
            return record_lines(record)
        case RecordContent(record=record, imported=title):
            return [line((f"{title}: ", Tone.GOOD), f"{record.address} is {record.id}, declared in {record.source}.")]
        case OutputsContent(outputs=outputs):
            return output_lines(outputs)
        case OutputContent(value=value):
            return [line(inline(value))]
        case KindsContent(kinds=kinds):
            from novita_infra.views.formats.text.explained import kinds_lines  # noqa: PLC0415 -- needs all schemas

            return kinds_lines(kinds)
        case ExplanationContent(part=part, kind=kind):
            from novita_infra.views.formats.text.explained import explanation_lines  # noqa: PLC0415 -- likewise

            return explanation_lines(part, kind=kind)
        case Listing() | Facts():
            return content.lines()
        case _:
            assert_never(content)


class TextRenderer:
    """Writes lines; in colours where the stream is a terminal."""

    for_programs: Final = False

    def __init__(self, settings: RenderSettings) -> None:
        self._colours = settings.colours and not settings.plain
        self._plain = settings.plain
        self._root = settings.root
        self._now = settings.now

    def message(self, *lines: Line | str) -> None:
        self._write((item if isinstance(item, Line) else line(item) for item in lines), sys.stderr)

    def note(self, text: str) -> None:
        self.message(text)

    def diagnostics(self, diagnostics: Iterable[Diagnostic]) -> None:
        self._write(diagnostic_lines(placed(diagnostics, self._root), sources()), sys.stderr)

    def verbatim(self, text: str) -> None:
        """Writes the text as it is; on a terminal each line is escaped like any other."""
        sys.stdout.write("\n".join(map(printable, text.split("\n"))) if sys.stdout.isatty() else text)
        sys.stdout.flush()

    def show(self, lines: Iterable[Line], data: Any = None) -> None:  # noqa: ARG002 -- data is for programs
        self._write(lines, sys.stdout)

    def result(self, content: Content) -> None:
        match content:
            case PlanContent():
                self._plan(content)
            case DriftContent():
                self.diagnostics(content.warnings)
                self.show(plan_lines(content.review))
                self.diagnostics((*content.review.notes, *content.review.problems))
            case ValidationContent():
                self._validation(content)
            case OutputContent(value=str() as text, raw=True):
                self.verbatim(text)
            case _:
                self.show(content_lines(content))

    def _plan(self, content: PlanContent) -> None:
        self.diagnostics(content.warnings)
        if content.saved is not None:
            self.message(*saved_lines(content.saved, now=self._now()))
        now = self._now() if content.saved else None
        if has_log_groups(sys.stdout):
            head, changes, end = plan_parts(content.review, now=now)
            self.show(head)
            with log_group("Changes of the plan", sys.stdout, now=self._now):
                self.show(changes)
            self.show(end)
        else:
            self.show(plan_lines(content.review, now=now))
        if content.time is not None:
            self.show(estimate_lines(content.time))
        self.diagnostics(content.review.notes)
        self.diagnostics(content.review.problems)

    def _validation(self, content: ValidationContent) -> None:
        self.diagnostics(content.diagnostics)
        if (count := content.resources) is not None:
            chosen, *others = content.environments or ("",)
            where = f" in environment {chosen}" if chosen else ""
            too = f"; {', '.join(others)} {'are' if others[1:] else 'is'} valid, too" if others else ""
            self.show([line((f"Valid: {count} resource{'' if count == 1 else 's'}{where}{too}.", Tone.GOOD))])

    def run_begins(self, project: RunProject | None) -> None:
        """Writes nothing."""

    def run_plan(self, review: Review, *, warnings: Iterable[Diagnostic] = ()) -> None:
        self.result(PlanContent(review, warnings=tuple(warnings)))

    @contextmanager
    def progress(
        self, *, steps: int | None, now: Callable[[], float], outlook: Callable[[], Outlook] | None = None
    ) -> Iterator[Listener]:
        from novita_infra.views.formats.text.progress import (  # noqa: PLC0415 -- only a run has events
            listening_live,
            listening_plainly,
        )

        if steps is not None and self._coloured(sys.stderr) and sys.stderr.isatty():
            with listening_live(sys.stderr, now=now, total=steps, outlook=outlook and outlook()) as listener:
                yield listener
        else:
            with log_group("Steps of the run", sys.stderr, now=self._now):
                yield listening_plainly(sys.stderr)

    def run_result(self, result: Result, *, outputs: Mapping[str, Value], again: str, destroy: str) -> None:
        if result.succeeded and result.empty:
            return
        from novita_infra.views.formats.text.result import result_lines  # noqa: PLC0415 -- likewise

        self.message("", *result_lines(result, again=again, destroy=destroy))
        if result.succeeded and outputs and not result.destroys:
            self.show([line(), line(("Outputs", Tone.STRONG)), *output_lines(outputs)])

    def _write(self, lines: Iterable[Line], stream: TextIO) -> None:
        if self._plain:
            from novita_infra.views.formats.text.worded import worded  # noqa: PLC0415 -- only where it is asked for

            lines = worded(lines)
        write(lines, stream, colour=self._coloured(stream))

    def _coloured(self, stream: TextIO) -> bool:
        return self._colours and coloured(stream)
