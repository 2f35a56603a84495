"""Results as documents: a text of a result in a format, in a file beside what the renderer shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from novita_infra.model.diagnostics import Diagnostic, naming_file, problem
from novita_infra.model.values import Value
from novita_infra.planning.plan.review import Review
from novita_infra.views.content.diagnostics import FailureContent, ValidationContent
from novita_infra.views.content.graph import DependencyGraph
from novita_infra.views.content.lines import Line
from novita_infra.views.content.listing import Facts, Listing
from novita_infra.views.content.plan import DriftContent, PlanContent, RunProject
from novita_infra.views.content.state import StateContent
from novita_infra.views.content.why import Reasons
from novita_infra.views.output_formats import FAILURE, DocumentFormat, output_formats, part_of_format
from novita_infra.views.renderer import Content, Renderer

if TYPE_CHECKING:
    from novita_infra.applying.events import Event, Listener, Result
    from novita_infra.planning.cost.running import Outlook


_NAMES: Final[Mapping[type, str]] = {
    PlanContent: "plan",
    DriftContent: "drift",
    ValidationContent: "validation",
    FailureContent: FAILURE,
    DependencyGraph: "graph",
    Reasons: "why",
    StateContent: "state",
}
"""The names of results that do not declare one."""


def document_text(format_name: str, content: Any, folder: Path = Path()) -> str:
    """The text of a result in a document format. The project is in the folder, or above it.

    Raises Problems for a result that the format does not show.
    """
    form = output_formats()[format_name]
    assert isinstance(form, DocumentFormat)  # noqa: S101 -- callers choose from those
    result = result_name(content)
    if result not in form.documents:
        raise problem(f"--{format_name} does not show this", f"it shows: {', '.join(form.documents)}")
    if form.reports:
        from novita_infra.views.reports.found import report_of  # noqa: PLC0415 -- only for these formats
        from novita_infra.views.reports.repository import RepositoryPaths  # noqa: PLC0415

        content = report_of(content, RepositoryPaths(folder))
    text: str = part_of_format(format_name, form.documents[result])(content)
    return text


def write_failure(failure: FailureContent, files: Mapping[str, Path], folder: Path) -> None:
    """Writes the errors into the files of those formats, given by name, that show findings. Raises OSError."""
    for name, file in files.items():
        form = output_formats()[name]
        if isinstance(form, DocumentFormat) and FAILURE in form.documents:
            with naming_file(file):
                file.write_text(document_text(name, failure, folder), encoding="utf-8")


def result_name(content: Any) -> str:
    """The name of the result for document formats; empty for one that no format shows as a document."""
    if isinstance(content, (Facts, Listing)):
        return content.name
    return _NAMES.get(type(content), "")


class BesideOther:
    """A renderer whose results another one shows as well, such as JSON in a file beside text on stdout."""

    def __init__(self, renderer: Renderer, other: Renderer) -> None:
        self._renderer = renderer
        self._other = other

    @property
    def for_programs(self) -> bool:
        return self._renderer.for_programs

    def message(self, *lines: Line | str) -> None:
        self._renderer.message(*lines)

    def note(self, text: str) -> None:
        self._renderer.note(text)
        self._other.note(text)

    def diagnostics(self, diagnostics: Iterable[Diagnostic]) -> None:
        items = tuple(diagnostics)
        self._renderer.diagnostics(items)
        self._other.diagnostics(items)

    def verbatim(self, text: str) -> None:
        self._renderer.verbatim(text)

    def show(self, lines: Iterable[Line], data: Any = None) -> None:
        self._renderer.show(lines, data)
        self._other.show((), data)

    def result(self, content: Content) -> None:
        self._renderer.result(content)
        self._other.result(content)

    def run_begins(self, project: RunProject | None) -> None:
        self._renderer.run_begins(project)
        self._other.run_begins(project)

    def run_plan(self, review: Review, *, warnings: Iterable[Diagnostic] = ()) -> None:
        items = tuple(warnings)
        self._renderer.run_plan(review, warnings=items)
        self._other.run_plan(review, warnings=items)

    @contextmanager
    def progress(
        self, *, steps: int | None, now: Callable[[], float], outlook: Callable[[], Outlook] | None = None
    ) -> Iterator[Listener]:
        with (
            self._renderer.progress(steps=steps, now=now, outlook=outlook) as shown,
            self._other.progress(steps=steps, now=now, outlook=outlook) as other,
        ):

            def listen(event: Event) -> None:
                shown(event)
                other(event)

            yield listen

    def run_result(self, result: Result, *, outputs: Mapping[str, Value], again: str, destroy: str) -> None:
        self._renderer.run_result(result, outputs=outputs, again=again, destroy=destroy)
        self._other.run_result(result, outputs=outputs, again=again, destroy=destroy)


class WithDocuments:
    """A renderer that also writes each result into files, given by the names of their formats."""

    def __init__(self, renderer: Renderer, files: Mapping[str, Path], folder: Path = Path()) -> None:
        """The project is in the folder, or above it."""
        self._renderer = renderer
        self._files = files
        self._folder = folder

    @property
    def for_programs(self) -> bool:
        return self._renderer.for_programs

    def message(self, *lines: Line | str) -> None:
        self._renderer.message(*lines)

    def note(self, text: str) -> None:
        self._renderer.note(text)

    def diagnostics(self, diagnostics: Iterable[Diagnostic]) -> None:
        self._renderer.diagnostics(diagnostics)

    def verbatim(self, text: str) -> None:
        self._renderer.verbatim(text)

    def show(self, lines: Iterable[Line], data: Any = None) -> None:
        self._renderer.show(lines, data)

    def result(self, content: Content) -> None:
        self._renderer.result(content)
        for name, file in self._files.items():
            with naming_file(file):
                file.write_text(document_text(name, content, self._folder), encoding="utf-8")

    def run_begins(self, project: RunProject | None) -> None:
        self._renderer.run_begins(project)

    def run_plan(self, review: Review, *, warnings: Iterable[Diagnostic] = ()) -> None:
        self._renderer.run_plan(review, warnings=warnings)

    def progress(
        self, *, steps: int | None, now: Callable[[], float], outlook: Callable[[], Outlook] | None = None
    ) -> AbstractContextManager[Listener]:
        return self._renderer.progress(steps=steps, now=now, outlook=outlook)

    def run_result(self, result: Result, *, outputs: Mapping[str, Value], again: str, destroy: str) -> None:
        self._renderer.run_result(result, outputs=outputs, again=again, destroy=destroy)
