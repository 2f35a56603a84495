"""The interface of a format that writes to the streams. A command calls it and does not know the format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.values import Value
from novita_infra.planning.plan.review import Review
from novita_infra.views.content.diagnostics import ValidationContent
from novita_infra.views.content.explanation import ExplanationContent, KindsContent
from novita_infra.views.content.lines import Line
from novita_infra.views.content.listing import Facts, Listing
from novita_infra.views.content.plan import DriftContent, PlanContent, RunProject
from novita_infra.views.content.state import OutputContent, OutputsContent, RecordContent, StateContent
from novita_infra.views.content.why import Reasons

if TYPE_CHECKING:
    from novita_infra.applying.events import Listener, Result
    from novita_infra.planning.cost.running import Outlook


PlainContent: TypeAlias = (
    Reasons
    | StateContent
    | RecordContent
    | OutputsContent
    | OutputContent
    | KindsContent
    | ExplanationContent
    | Listing
    | Facts
)
"""A result without diagnostics. `Listing` and `Facts` are shown by every format without knowing them."""

Content: TypeAlias = PlanContent | DriftContent | ValidationContent | PlainContent
"""The result of a command without a format."""


class Query(NamedTuple):
    """What `--query` selects of the JSON."""

    expression: str
    """In JMESPath; it can be compiled."""
    plain: bool
    """Whether a text stands without quotes and a list of texts is one a line: the query came without `--json`."""


class RenderSettings(NamedTuple):
    """What a renderer is made from."""

    root: Path
    """The folder of the project."""
    now: Callable[[], float]
    """Unix seconds."""
    colours: bool = True
    """Whether colours are allowed."""
    query: Query | None = None
    """What is selected of the result; only for JSON."""
    into: Path | None = None
    """The file to which the results go in the place of stdout, beside those of another renderer; only for JSON."""
    plain: bool = False
    """Whether words stand in place of symbols, and nothing moves; only for text."""


class Renderer(Protocol):
    """Results on stdout, messages on stderr, in one format."""

    @property
    def for_programs(self) -> bool:
        """Whether a program reads the output, so that no question can be asked."""

    def message(self, *lines: Line | str) -> None:
        """Writes a message for a person; programs get none."""

    def note(self, text: str) -> None:
        """Writes what a command waits for, or which setting it uses: to a person and to a program."""

    def diagnostics(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Reports errors and warnings."""

    def verbatim(self, text: str) -> None:
        """Writes a result that has its own format, such as a schema or a graph."""

    def show(self, lines: Iterable[Line], data: Any = None) -> None:
        """Shows a small result as it is: `lines` for a person, the same as JSON `data` for a program."""

    def result(self, content: Content) -> None:
        """Shows the result of a command."""

    def run_begins(self, project: RunProject | None) -> None:
        """Opens the output of a run. `project` is None if it cannot be found, which the run reports."""

    def run_plan(self, review: Review, *, warnings: Iterable[Diagnostic] = ()) -> None:
        """Shows the plan that a run is about to carry out."""

    def progress(
        self, *, steps: int | None, now: Callable[[], float], outlook: Callable[[], Outlook] | None = None
    ) -> AbstractContextManager[Listener]:
        """A listener that shows the events of a run; with the number of `steps`, on a live display if possible.

        `now` gives the seconds of the clock that the run uses; `outlook`, which only such a display asks for, what is
        known before.
        """

    def run_result(self, result: Result, *, outputs: Mapping[str, Value], again: str, destroy: str) -> None:
        """Shows the end of a run. `again` is the command that continues, `destroy` the one that deletes."""
