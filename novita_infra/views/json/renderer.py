"""The JSON format: one document for a result, one object a line for a run and for diagnostics."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from novita_infra import __version__
from novita_infra.applying.events import Listener, Result
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.records import Record
from novita_infra.model.values import Value
from novita_infra.planning.cost.durations import Estimate
from novita_infra.planning.plan.review import Review
from novita_infra.planning.saved.plan_file import SavedPlan, digest_of
from novita_infra.schema.explain_frame import PartExplained
from novita_infra.schema.explain_kinds import FieldExplained, KindExplained
from novita_infra.state.state import State
from novita_infra.views.content.diagnostics import placed, sources
from novita_infra.views.content.lines import Line
from novita_infra.views.content.why import Reasons
from novita_infra.views.json.diagnostics import validation_json
from novita_infra.views.json.drift import drift_report
from novita_infra.views.json.plan import plan_json
from novita_infra.views.json.state import outputs_json, record_json, state_json
from novita_infra.views.json.ui import Messages
from novita_infra.views.json.values import shown_json
from novita_infra.views.json.why import why_json


class JsonRenderer:
    """Writes JSON to stdout and nothing to stderr. `now` gives Unix seconds."""

    for_programs: Final = True

    def __init__(self, *, root: Path, now: Callable[[], float]) -> None:
        self._root = root
        self._now = now

    def message(self, *lines: Line | str) -> None:
        """Writes nothing."""

    def diagnostics(self, diagnostics: Iterable[Diagnostic]) -> None:
        self._messages.diagnostics(placed(diagnostics, self._root), sources())

    def verbatim(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    def show(self, lines: Iterable[Line], data: Any = None) -> None:  # noqa: ARG002 -- lines are for persons
        self.verbatim(json.dumps(data, indent=2) + "\n")

    def plan(
        self,
        review: Review,
        *,
        digest: str = "",
        saved: SavedPlan | None = None,
        time: Estimate | None = None,
        warnings: Iterable[Diagnostic] = (),
    ) -> None:
        warnings = placed(warnings, self._root)
        self._document(plan_json(review, digest=digest or digest_of(review), saved=saved, time=time, warnings=warnings))

    def drift(self, review: Review, *, warnings: Iterable[Diagnostic]) -> None:
        self._document(drift_report(plan_json(review, warnings=placed(warnings, self._root))))

    def why(self, reasons: Reasons) -> None:
        self._document(why_json(reasons))

    def state(self, state: State) -> None:
        self._document(state_json(state))

    def record(self, record: Record) -> None:
        self._document(record_json(record))

    def imported(self, record: Record, *, title: str) -> None:  # noqa: ARG002 -- the title is for persons
        self._document(record_json(record))

    def outputs(self, outputs: Mapping[str, Value]) -> None:
        self._document(outputs_json(outputs))

    def output(self, value: Value, *, raw: bool) -> None:  # noqa: ARG002 -- JSON has its quotes
        self.verbatim(json.dumps(shown_json(value)) + "\n")

    def kinds(self, kinds: Sequence[KindExplained]) -> None:
        rows = [{"name": kind.name, "prefix": kind.type, "summary": kind.summary} for kind in kinds]
        self._document(rows)

    def explanation(self, part: KindExplained | FieldExplained | PartExplained, *, kind: str) -> None:  # noqa: ARG002
        self._document(asdict(part))

    def validation(self, diagnostics: tuple[Diagnostic, ...], *, resources: int | None) -> None:  # noqa: ARG002
        self._document(validation_json(placed(diagnostics, self._root), sources()))

    def run_begins(self) -> None:
        self._messages.version(__version__)

    def run_plan(self, review: Review, *, warnings: Iterable[Diagnostic] = ()) -> None:
        self.diagnostics(warnings)
        self._messages.plan(review.plan)
        self.diagnostics((*review.notes, *review.problems))

    @contextmanager
    def progress(self, *, steps: int | None, now: Callable[[], float]) -> Iterator[Listener]:  # noqa: ARG002 -- every event is one line
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

    def _document(self, data: Any) -> None:
        self.show((), data)

    @property
    def _messages(self) -> Messages:
        return Messages(sys.stdout, now=self._now)
