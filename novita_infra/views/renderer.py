"""The interface of an output format. A command calls it and does not know the format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from novita_infra.applying.events import Listener, Result
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.records import Record
from novita_infra.model.values import Value
from novita_infra.planning.cost.durations import Estimate
from novita_infra.planning.plan.review import Review
from novita_infra.planning.saved.plan_file import SavedPlan
from novita_infra.schema.explain_frame import PartExplained
from novita_infra.schema.explain_kinds import FieldExplained, KindExplained
from novita_infra.state.state import State
from novita_infra.views.content.lines import Line
from novita_infra.views.content.why import Reasons


class Renderer(Protocol):
    """Results on stdout, messages on stderr, in one format.

    A result that every format shows in its own way has a method. `show` takes any other result.
    """

    @property
    def for_programs(self) -> bool:
        """Whether a program reads the output, so that no question can be asked."""

    def message(self, *lines: Line | str) -> None:
        """Writes a message for a person; programs get none."""

    def diagnostics(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Reports errors and warnings."""

    def verbatim(self, text: str) -> None:
        """Writes a result that has its own format, such as a schema or a graph."""

    def show(self, lines: Iterable[Line], data: Any = None) -> None:
        """Shows a result that has no method: `lines` for a person, the same as JSON `data` for a program."""

    def plan(
        self,
        review: Review,
        *,
        digest: str = "",
        saved: SavedPlan | None = None,
        time: Estimate | None = None,
        warnings: Iterable[Diagnostic] = (),
    ) -> None:
        """Shows a plan with its problems. `saved` is the file of the plan, `warnings` are those of the manifests."""

    def drift(self, review: Review, *, warnings: Iterable[Diagnostic]) -> None:
        """Shows the drift of a plan and the changes that would follow."""

    def why(self, reasons: Reasons) -> None:
        """Shows the reasons of a change."""

    def state(self, state: State) -> None:
        """Shows all records and outputs."""

    def record(self, record: Record) -> None:
        """Shows one record."""

    def imported(self, record: Record, *, title: str) -> None:
        """Shows the record of an object that was just imported. `title` is `Imported` or `Adopted`."""

    def outputs(self, outputs: Mapping[str, Value]) -> None:
        """Shows the outputs of the project."""

    def output(self, value: Value, *, raw: bool) -> None:
        """Shows the value of one output; with `raw`, a text without quotes and line end."""

    def kinds(self, kinds: Sequence[KindExplained]) -> None:
        """Lists the kinds of resources."""

    def explanation(self, part: KindExplained | FieldExplained | PartExplained, *, kind: str) -> None:
        """Shows what a kind, a field or a part of a manifest takes."""

    def validation(self, diagnostics: tuple[Diagnostic, ...], *, resources: int | None) -> None:
        """Shows the outcome of `validate`. `resources` is the number of resources, None for invalid manifests."""

    def run_begins(self) -> None:
        """Opens the output of a run."""

    def run_plan(self, review: Review, *, warnings: Iterable[Diagnostic] = ()) -> None:
        """Shows the plan that a run is about to carry out."""

    def progress(self, *, steps: int | None, now: Callable[[], float]) -> AbstractContextManager[Listener]:
        """A listener that shows the events of a run; with the number of `steps`, on a live display if possible.

        `now` gives the seconds of the clock that the run uses.
        """

    def run_result(self, result: Result, *, outputs: Mapping[str, Value], again: str, destroy: str) -> None:
        """Shows the end of a run. `again` is the command that continues, `destroy` the one that deletes."""
