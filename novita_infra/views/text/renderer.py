"""The text format: results and messages for a person."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TextIO

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
from novita_infra.views.content.diagnostics import placed, sources
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.values import inline
from novita_infra.views.content.why import Reasons
from novita_infra.views.text.diagnostics import diagnostic_lines
from novita_infra.views.text.estimate import estimate_lines
from novita_infra.views.text.explained import explanation_lines, kinds_lines
from novita_infra.views.text.plan import plan_lines
from novita_infra.views.text.progress import listening_live, listening_plainly
from novita_infra.views.text.result import result_lines
from novita_infra.views.text.saved import saved_lines
from novita_infra.views.text.state import output_lines, record_lines, state_lines
from novita_infra.views.text.terminal import coloured, write
from novita_infra.views.text.why import why_lines


class TextRenderer:
    """Writes lines; in colours where the stream is a terminal. `now` gives Unix seconds."""

    for_programs: Final = False

    def __init__(self, *, colours: bool, root: Path, now: Callable[[], float]) -> None:
        self._colours = colours
        self._root = root
        self._now = now

    def message(self, *lines: Line | str) -> None:
        self._write((item if isinstance(item, Line) else line(item) for item in lines), sys.stderr)

    def diagnostics(self, diagnostics: Iterable[Diagnostic]) -> None:
        self._write(diagnostic_lines(placed(diagnostics, self._root), sources()), sys.stderr)

    def verbatim(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    def show(self, lines: Iterable[Line], data: Any = None) -> None:  # noqa: ARG002 -- data is for programs
        self._write(lines, sys.stdout)

    def plan(
        self,
        review: Review,
        *,
        digest: str = "",  # noqa: ARG002 -- `plan --out` reports it in a message
        saved: SavedPlan | None = None,
        time: Estimate | None = None,
        warnings: Iterable[Diagnostic] = (),
    ) -> None:
        self.diagnostics(warnings)
        if saved is not None:
            self.message(*saved_lines(saved, now=self._now()))
        self.show(plan_lines(review, now=self._now() if saved else None))
        if time is not None:
            self.show(estimate_lines(time))
        self.diagnostics(review.notes)
        self.diagnostics(review.problems)

    def drift(self, review: Review, *, warnings: Iterable[Diagnostic]) -> None:
        self.diagnostics(warnings)
        self.show(plan_lines(review))
        self.diagnostics((*review.notes, *review.problems))

    def why(self, reasons: Reasons) -> None:
        self.show(why_lines(reasons))

    def state(self, state: State) -> None:
        self.show(state_lines(state))

    def record(self, record: Record) -> None:
        self.show(record_lines(record))

    def imported(self, record: Record, *, title: str) -> None:
        self.show([line((f"{title}: ", Tone.GOOD), f"{record.address} is {record.id}, declared in {record.source}.")])

    def outputs(self, outputs: Mapping[str, Value]) -> None:
        self.show(output_lines(outputs))

    def output(self, value: Value, *, raw: bool) -> None:
        if raw and isinstance(value, str):
            self.verbatim(value)
        else:
            self.show([line(inline(value))])

    def kinds(self, kinds: Sequence[KindExplained]) -> None:
        self.show(kinds_lines(kinds))

    def explanation(self, part: KindExplained | FieldExplained | PartExplained, *, kind: str) -> None:
        self.show(explanation_lines(part, kind=kind))

    def validation(self, diagnostics: tuple[Diagnostic, ...], *, resources: int | None) -> None:
        self.diagnostics(diagnostics)
        if resources is not None:
            self.show([line((f"Valid: {resources} resource{'' if resources == 1 else 's'}.", Tone.GOOD))])

    def run_begins(self) -> None:
        """Writes nothing."""

    def run_plan(self, review: Review, *, warnings: Iterable[Diagnostic] = ()) -> None:
        self.plan(review, warnings=warnings)

    @contextmanager
    def progress(self, *, steps: int | None, now: Callable[[], float]) -> Iterator[Listener]:
        if steps is not None and self._coloured(sys.stderr):
            with listening_live(sys.stderr, now=now, total=steps) as listener:
                yield listener
        else:
            yield listening_plainly(sys.stderr)

    def run_result(self, result: Result, *, outputs: Mapping[str, Value], again: str, destroy: str) -> None:
        if result.succeeded and result.empty:
            return
        self.message("", *result_lines(result, again=again, destroy=destroy))
        if result.succeeded and outputs and not result.destroys:
            self.show([line(), line(("Outputs", Tone.STRONG)), *output_lines(outputs)])

    def _write(self, lines: Iterable[Line], stream: TextIO) -> None:
        write(lines, stream, colour=self._coloured(stream))

    def _coloured(self, stream: TextIO) -> bool:
        return self._colours and coloured(stream)
