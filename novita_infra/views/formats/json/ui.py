"""A run as Terraform's machine-readable UI: one JSON object a line, each with its level, message, module and time.

What Terraform does not have (the step, its call, the phase) is under `novita` of a hook.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, assert_never

from novita_infra.applying.events import Ended, Event, Identified, Listener, Outcome, Progressed, Result, Started
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic, Severity
from novita_infra.model.values import Value
from novita_infra.planning.plan.changes import Action, Change
from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.plan.steps import Step, StepKind
from novita_infra.views.content.diagnostics import Sources
from novita_infra.views.content.drift import drifted
from novita_infra.views.content.events import address_and_call, event_line, reason_lines
from novita_infra.views.content.plan import RunProject
from novita_infra.views.formats.json.diagnostics import diagnostic_json
from novita_infra.views.formats.json.output import WriteJson
from novita_infra.views.formats.json.state import outputs_json
from novita_infra.views.formats.json.values import PROVIDER, Json

UI_VERSION: Final = "1.2"
"""The version of Terraform's machine-readable UI that this follows."""

_PLANNED: Final[Mapping[Action, str]] = {
    Action.CREATE: "create",
    Action.UPDATE: "update",
    Action.REPLACE: "replace",
    Action.DELETE: "delete",
    Action.ADOPT: "import",
    Action.RESUME: "noop",
    Action.FORGET: "forget",
    Action.REFUSED: "noop",
}


class Messages:
    """Writes the messages of one run. `now` gives Unix seconds."""

    def __init__(self, write: WriteJson, *, now: Callable[[], float]) -> None:
        self._write_json = write
        self._now = now

    def version(self, version: str, project: RunProject | None) -> None:
        """The first message, with the project that the run is about."""
        named = project and {"project": project.name, "root": project.folder, "environment": project.environment}
        rest: dict[str, Any] = {"novita": named} if named else {}
        self._write(f"novita-infra {version}", "version", novita_infra=version, ui=UI_VERSION, **rest)

    def log(self, text: str) -> None:
        """A message outside of a step: what the run waits for."""
        self._write(" ".join(text.split()), "log")

    def plan(self, plan: Plan) -> None:
        """The drift, every planned change, then the summary."""
        for address, drift in drifted(plan):
            action = "delete" if drift[0].gone else "update"
            message = f"{address}: Drift detected ({action})"
            self._write(message, "resource_drift", change={"resource": _resource(address), "action": action})
        detours, previous = plan.detours, plan.edits.previous
        imported = {record.address: record.id for record in plan.edits.imported}
        for change in plan.changes:
            address = change.address
            if change.action is Action.NONE and address in previous:
                edit = {"resource": _resource(address), "previous_resource": _resource(previous[address])}
                message = f"{address}: Plan to move from {previous[address]}"
                self._write(message, "planned_change", change={**edit, "action": "move"})
            if change.action is Action.NONE and address in imported:
                edit = {"resource": _resource(address), "importing": {"id": imported[address]}}
                self._write(f"{address}: Plan to import", "planned_change", change={**edit, "action": "import"})
            if change.action is not Action.NONE:
                message = f"{change.address}: Plan to {change.action.value}"
                planned = _planned(change, detours.get(change.address, ()))
                self._write(message, "planned_change", change=planned)
        counts = _plan_counts(plan)
        message = f"Plan: {counts['add']} to add, {counts['change']} to change, {counts['remove']} to destroy."
        self._write(message, "change_summary", changes={**counts, "operation": "plan"})

    def listener(self) -> Listener:
        """A listener that writes every event of the run."""
        return self._event

    def result(self, result: Result, *, outputs: Mapping[str, Value]) -> None:
        """The summary of the run, then the outputs if every step is done."""
        counts = _result_counts(result)
        word = result.name
        how = "complete" if result.succeeded else "incomplete"
        message = (
            f"{word} {how}! Resources: {counts['add']} added, {counts['change']} changed, {counts['remove']} destroyed."
        )
        operation = "destroy" if result.destroys else "apply"
        audit: dict[str, Any] = {}
        if result.audit.count:
            audit = {"audit": {"entries": result.audit.count, "digest": result.audit.digest}}
        self._write(message, "change_summary", changes={**counts, "operation": operation}, **audit)
        if result.succeeded:
            self._write(f"Outputs: {len(outputs)}", "outputs", outputs=outputs_json(outputs))

    def diagnostics(self, diagnostics: Iterable[Diagnostic], sources: Sources) -> None:
        """Each diagnostic as one message."""
        for item in diagnostics:
            level = "warn" if item.severity is Severity.WARNING else "error"
            message = f"{item.severity.value.capitalize()}: {item.summary}"
            self._write(message, "diagnostic", level=level, diagnostic=diagnostic_json(item, sources))

    def _event(self, event: Event) -> None:
        message = " ".join(str(event_line(event)).split())
        match event:
            case Started(step=step):
                self._write(message, "apply_start", hook=_hook(step, step.id))
            case Identified(step=step, id=id_):
                self._write(message, "apply_progress", hook=_hook(step, id_, elapsed=0.0))
            case Progressed(step=step, id=id_):
                hook = _hook(step, id_, elapsed=event.elapsed, phase=event.phase.value, status=event.status)
                self._write(message, "apply_progress", hook=hook)
            case Ended(step=step, outcome=Outcome.SKIPPED):
                warning = Diagnostic(message, address=str(step.address), severity=Severity.WARNING)
                self.diagnostics([warning], lambda _: None)
            case Ended(step=step, outcome=outcome):
                hook = _hook(step, event.id, elapsed=event.elapsed, outcome=outcome.value)
                if event.errors:
                    hook["novita"]["errors"] = list(event.errors)
                if event.log:
                    hook["novita"]["log"] = list(event.log)
                done = outcome is Outcome.DONE
                self._write(message, "apply_complete" if done else "apply_errored", hook=hook, level=_level(outcome))
                if outcome is Outcome.FAILED:
                    summary = f"{address_and_call(step.address, step.call_name)} failed"
                    detail = "\n".join(reason_lines(event))
                    self.diagnostics([Diagnostic(summary, detail, address=str(step.address))], lambda _: None)
            case _:
                assert_never(event)

    def _write(self, message: str, kind: str, *, level: str = "info", **rest: Any) -> None:
        at = datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        head = {"@level": level, "@message": message, "@module": "novita-infra.ui", "@timestamp": at, "type": kind}
        self._write_json({**head, **rest}, None)


def _level(outcome: Outcome) -> str:
    return {Outcome.DONE: "info", Outcome.FAILED: "error"}.get(outcome, "warn")


def _resource(address: Address) -> Json:
    return {
        "addr": str(address),
        "module": address.module,
        "resource": str(address),
        "implied_provider": PROVIDER,
        "resource_type": address.type,
        "resource_name": address.name,
        "resource_key": address.key or None,
    }


def _planned(change: Change, detours: tuple[Step, ...]) -> Json:
    data: Json = {"resource": _resource(change.address), "action": _PLANNED[change.action]}
    if any(item.replaces for item in change.fields):
        data["reason"] = "cannot_update"
    if change.action is Action.ADOPT:
        data["importing"] = {"id": change.id}
    data["novita"] = {"action": change.action.value, "why": change.why, "loses": [str(loss) for loss in change.loses]}
    if detours:
        data["novita"]["detours"] = [step.call_name for step in detours]
    return data


def _hook(step: Step, id_: str, *, elapsed: float | None = None, **ours: str) -> Json:
    action = step.call_name if step.action in {StepKind.CREATE, StepKind.DELETE} else "update"
    hook: Json = {"resource": _resource(step.address), "action": action}
    if id_:
        hook |= {"id_key": "id", "id_value": id_}
    if elapsed is not None:
        hook["elapsed_seconds"] = round(elapsed, 3)
    return {**hook, "novita": {"step": step.key, "call": step.call_name, **ours}}


def _plan_counts(plan: Plan) -> dict[str, int]:
    return _terraform_counts(Counter(change.action for change in plan.changes))


def _result_counts(result: Result) -> dict[str, int]:
    """Counts the changes with all steps done."""
    unfinished = {end.step.address for end in result.ends if end.outcome is not Outcome.DONE}
    return _terraform_counts(Counter(item.action for item in result.changes if item.address not in unfinished))


def _terraform_counts(counts: Counter[Action]) -> dict[str, int]:
    return {
        "add": counts[Action.CREATE] + counts[Action.REPLACE],
        "change": counts[Action.UPDATE],
        "import": counts[Action.ADOPT],
        "remove": counts[Action.DELETE] + counts[Action.REPLACE],
    }
