"""The JSON format: one document for a result, one object a line for a run and for diagnostics."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, assert_never

from novita_infra import __version__
from novita_infra.applying.events import Listener, Result
from novita_infra.model.diagnostics import Diagnostic, Severity
from novita_infra.model.values import Value
from novita_infra.planning.plan.review import Review
from novita_infra.planning.saved.plan_file import digest_of
from novita_infra.views.content.diagnostics import ValidationContent, placed, sources
from novita_infra.views.content.explanation import ExplanationContent, KindsContent
from novita_infra.views.content.lines import Line, line, plain
from novita_infra.views.content.listing import Facts, Listing
from novita_infra.views.content.plan import DriftContent, PlanContent, RunProject
from novita_infra.views.content.state import OutputContent, OutputsContent, RecordContent, StateContent
from novita_infra.views.content.why import Reasons
from novita_infra.views.formats.json.diagnostics import validation_json
from novita_infra.views.formats.json.drift import drift_report
from novita_infra.views.formats.json.output import FileOutput, WriteJson, queried_output, whole_output
from novita_infra.views.formats.json.plan import plan_json
from novita_infra.views.formats.json.state import outputs_json, record_json, state_json
from novita_infra.views.formats.json.ui import Messages
from novita_infra.views.formats.json.values import shown_json
from novita_infra.views.formats.json.why import why_json
from novita_infra.views.renderer import Content, PlainContent, RenderSettings

if TYPE_CHECKING:
    from novita_infra.planning.cost.running import Outlook


def content_data(content: PlainContent) -> Any:
    """The JSON of a result that needs no file."""
    match content:
        case Reasons():
            return why_json(content)
        case StateContent(state=state):
            return state_json(state)
        case RecordContent(record=record):
            return record_json(record)
        case OutputsContent(outputs=outputs):
            return outputs_json(outputs)
        case OutputContent(value=value):
            return shown_json(value)
        case KindsContent(kinds=kinds):
            return [{"name": kind.name, "prefix": kind.type, "summary": kind.summary} for kind in kinds]
        case ExplanationContent(part=part):
            return asdict(part)
        case Listing() | Facts():
            return content.data()
        case _:
            assert_never(content)


class JsonRenderer:
    """Writes JSON to stdout, and to stderr only the notes of a command that is no run."""

    for_programs: Final = True

    def __init__(self, settings: RenderSettings) -> None:
        self._root = settings.root
        self._now = settings.now
        self._query = settings.query
        self._file = FileOutput(settings.into) if settings.into else None
        self._is_run = False
        self._has_lines = False
        self._errors: list[Diagnostic] = []

    def message(self, *lines: Line | str) -> None:
        """Writes nothing."""

    def note(self, text: str) -> None:
        if self._is_run:
            self._messages.log(text)
        elif not self._file:  # the renderer beside it shows the note
            _to_stderr(text)

    def diagnostics(self, diagnostics: Iterable[Diagnostic]) -> None:
        if self._query:
            self._to_stderr(diagnostics)
        if self._file and not (self._is_run or self._has_lines):
            self._write_errors(self._file, diagnostics)
            return
        self._messages.diagnostics(placed(diagnostics, self._root), sources())

    def _write_errors(self, file: FileOutput, diagnostics: Iterable[Diagnostic]) -> None:
        """The errors that end a command take the place of a result; the renderer beside this one shows warnings."""
        items = tuple(diagnostics)
        if self._errors or any(item.severity is Severity.ERROR for item in items):
            self._errors += placed(items, self._root)
            file.replace_by_errors(validation_json(tuple(self._errors), sources()))

    def verbatim(self, text: str) -> None:
        if self._file:  # it is no JSON
            return
        sys.stdout.write(text)
        sys.stdout.flush()

    def show(self, lines: Iterable[Line], data: Any = None) -> None:  # noqa: ARG002 -- lines are for persons
        self._write(data, 2)

    def result(self, content: Content) -> None:
        if self._query:
            self._to_stderr(_problems(content))
        is_line = isinstance(content, Facts) and content.is_line
        self._has_lines = self._has_lines or is_line
        if is_line or isinstance(content, OutputContent | PlanContent):  # programs for Terraform's plans read one line
            self._write(self._data(content), None)
        else:
            self.show((), self._data(content))

    def run_begins(self, project: RunProject | None) -> None:
        self._is_run = True
        self._messages.version(__version__, project)

    def run_plan(self, review: Review, *, warnings: Iterable[Diagnostic] = ()) -> None:
        self.diagnostics(warnings)
        self._messages.plan(review.plan)
        self.diagnostics((*review.notes, *review.problems))

    @contextmanager
    def progress(
        self,
        *,
        steps: int | None,  # noqa: ARG002 -- every event is one line
        now: Callable[[], float],  # noqa: ARG002 -- the same
        outlook: Callable[[], Outlook] | None = None,  # noqa: ARG002 -- the same
    ) -> Iterator[Listener]:
        yield self._messages.listener()

    def run_result(
        self,
        result: Result,
        *,
        outputs: Mapping[str, Value],
        again: str,  # noqa: ARG002 -- commands are for persons
        destroy: str,  # noqa: ARG002
    ) -> None:
        self._messages.result(result, outputs=outputs)

    def _data(self, content: Content) -> Any:
        match content:
            case PlanContent(review=review, digest=digest):
                return plan_json(
                    review,
                    digest=digest or digest_of(review),
                    saved=content.saved,
                    time=content.time,
                    warnings=placed(content.warnings, self._root),
                    configuration=content.configuration() if content.configuration else None,
                )
            case DriftContent(review=review, warnings=warnings):
                return drift_report(plan_json(review, warnings=placed(warnings, self._root)))
            case ValidationContent(diagnostics=diagnostics):
                return validation_json(placed(diagnostics, self._root), sources())
            case _:
                return content_data(content)

    def _to_stderr(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Reports what the query may not select."""
        for item in placed(diagnostics, self._root):
            _to_stderr(f"{item.severity.value}: {item}")

    def _write(self, data: Any, indent: int | None) -> None:
        self._output(lines=False)(data, indent)

    def _output(self, *, lines: bool) -> WriteJson:
        if self._file:
            return self._file.write_message if lines else self._file.write
        return queried_output(sys.stdout, self._query, lines=lines) if self._query else whole_output(sys.stdout)

    @property
    def _messages(self) -> Messages:
        return Messages(self._output(lines=True), now=self._now)


def _problems(content: Content) -> tuple[Diagnostic, ...]:
    """The diagnostics inside of a result."""
    match content:
        case PlanContent(review=review) | DriftContent(review=review):
            return review.problems
        case ValidationContent(diagnostics=diagnostics):
            return diagnostics
        case _:
            return ()


def _to_stderr(text: str) -> None:
    sys.stderr.write(plain([line(text)]))
    sys.stderr.flush()
