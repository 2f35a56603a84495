"""The fields of an Instance about time: whether it runs, by a schedule or while it is used, and when it ends. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from novita_infra.api.json_values import int_of, object_of
from novita_infra.kinds.field import By, Cases, Default, Field, Local, Refusal
from novita_infra.kinds.instance.forms import is_cpu
from novita_infra.kinds.kind import SpecError
from novita_infra.kinds.machine import Due, Moment, TimeRules
from novita_infra.kinds.toolkit.field_schemas import closed
from novita_infra.kinds.toolkit.owner_marks import MOST_ENV
from novita_infra.kinds.toolkit.weekly_windows import EXAMPLE, WindowError, local_text, window_state, windows_of
from novita_infra.model.clock import LAST_MOMENT, moment
from novita_infra.model.durations import in_words, parse_duration
from novita_infra.model.identity import MarkMoments, moments_of
from novita_infra.model.values import Spec, Value, is_known

_DURATION: Final = {"type": "string", "pattern": "^[1-9][0-9]{0,8}[smhd]$", "examples": ["2h", "3d"]}
_WINDOW: Final = {"type": "string", "minLength": 1, "maxLength": 255, "examples": [EXAMPLE]}
_LEAST_IDLE: Final = 30 * 60
"""Seconds: the figures of the use are a quarter of an hour apart."""

TIME_FIELDS: Final = (
    Field(
        name="power",
        schema={"enum": ["running", "stopped"]},
        doc="Whether it runs; a stopped instance keeps its disk, charged beyond its free size, and may find no GPU.",
        api="status (gpu-instance-start-instance, gpu-instance-stop-instance)",
        change=Cases(
            {("running", "stopped"): By("stop"), ("stopped", "running"): By("start")},
            otherwise=Refusal("whether the instance runs is not known"),
        ),
        absent=Default("running", watched=True),
        created=False,
    ),
    Field(
        name="schedule",
        schema=closed(running={"anyOf": [_WINDOW, {"type": "array", "items": _WINDOW, "minItems": 1, "maxItems": 50}]}),
        doc=f"When it runs: {{running: {EXAMPLE}}}, or a list; each apply starts or stops it by that.",
        api="nothing: apply starts and stops it",
        change=Local(),
    ),
    Field(
        name="ttl",
        schema={
            "anyOf": [
                _DURATION,
                {
                    "type": "object",
                    "properties": {"after": _DURATION, "hard": {"type": "boolean"}},
                    "minProperties": 1,
                    "additionalProperties": False,
                },
            ]
        },
        doc="How long it exists, from its creation: `3d`; then an apply deletes it. With {after: 3d, hard: true} "
        "`sweep` does that, too.",
        api="nothing: apply deletes it; a hard one stands in the owner mark in envs (gpu-instance-create-instance)",
        change=Local(),
    ),
    Field(
        name="idle",
        schema={
            "type": "object",
            "properties": {"after": _DURATION, "do": {"enum": ["stop"]}},
            "required": ["after", "do"],
            "additionalProperties": False,
        },
        doc="What an apply does when its GPUs have rested so long: {after: 2h, do: stop}.",
        api="nothing: apply stops it (gpu-instance-get-metrics shows the use)",
        change=Local(),
    ),
)
"""Of `spec`, beside one another."""


def time_errors(spec: Spec) -> Iterator[SpecError]:
    """The errors of the fields about time."""
    yield from _window_errors(spec)
    for name in ("schedule", "idle"):
        if isinstance(spec.get(name), Mapping) and isinstance(spec.get("power"), str):
            yield SpecError(("power",), f"{name} is declared too, and decides it", "leave one of them out")
    if isinstance(spec.get("idle"), Mapping) and isinstance(spec.get("schedule"), Mapping):
        hint = "leave one of them out"
        yield SpecError(("idle",), "schedule is declared too, and would start what rests", hint)
    after = object_of(spec.get("idle")).get("after")
    if isinstance(after, str) and 0 < _seconds(after) < _LEAST_IDLE:
        yield SpecError(("idle", "after"), f"{after} is too short: the use is measured every 15 min", "at least 30m")
    if isinstance(spec.get("idle"), Mapping) and is_cpu(spec):
        yield SpecError(("idle",), "a CPU instance has no GPU whose use is measured", "leave it out")
    ttl = spec.get("ttl")
    if isinstance(ttl, Mapping) and "after" not in ttl:
        yield SpecError(("ttl",), "it does not say after how long", "add `after: 3d`")
    if _ttl_seconds(spec) and spec.get("billingMode") == "monthly":
        hint = "leave ttl out: it ends by itself at its endTime"
        yield SpecError(("ttl",), "a monthly instance cannot be deleted before its subscription ends", hint)
    if hard_seconds(spec) and len(object_of(spec.get("env"))) >= MOST_ENV:
        summary = f"a hard ttl needs an entry of env, and {MOST_ENV} are declared, which is the most"
        yield SpecError(("ttl",), summary, "leave one of them out")


def _window_errors(spec: Spec) -> Iterator[SpecError]:
    declared = object_of(spec.get("schedule")).get("running")
    for index, text in enumerate(declared if isinstance(declared, list) else [declared]):
        if isinstance(text, str):
            try:
                windows_of(text)
            except WindowError as error:
                path = ("schedule", "running", index) if isinstance(declared, list) else ("schedule", "running")
                yield SpecError(path, error.summary, error.hint)


def hard_seconds(spec: Spec) -> float:
    """After how many seconds `sweep` may end an instance of the spec; 0 for never."""
    ttl = spec.get("ttl")
    return _ttl_seconds(spec) if isinstance(ttl, Mapping) and ttl.get("hard") is True else 0.0


def _ttl_seconds(spec: Spec) -> float:
    """The ttl of the spec; 0 where it has none that is known."""
    ttl = spec.get("ttl")
    return _seconds(ttl.get("after") if isinstance(ttl, Mapping) else ttl)


def _seconds(text: Value) -> float:
    try:
        return parse_duration(text) if isinstance(text, str) else 0.0
    except ValueError:
        return 0.0


def due(spec: Spec, seen: Moment) -> Due | None:
    """What the fields ask for at the moment; None where no field is about time."""
    if not {"schedule", "ttl", "idle"} & spec.keys():
        return None
    found = Due(spec=spec)
    if is_known(spec.get("schedule")) and "schedule" in spec:
        found = _scheduled(found, object_of(spec["schedule"]).get("running"), seen)
    elif "idle" in spec:
        found = _idle(found, object_of(spec["idle"]).get("after"), seen)
    return _limited(found, seen)


def _scheduled(found: Due, running: Value, seen: Moment) -> Due:
    try:
        state = window_state(windows_of(running), seen.now)
    except WindowError as error:  # a time zone that this system does not know: the manifests were read on another one
        return replace(found, warnings=(*found.warnings, f"{error.summary}; {error.hint}"))
    when = f"until {local_text(state.until, state.zone)}" if state.until else "for ever"
    power, says = ("running", "runs it") if state.is_open else ("stopped", "stops it")
    spec = {**found.spec, "power": power}
    return replace(found, spec=spec, says=(*found.says, f"the schedule {says} {when}"), next=state.until or 0.0)


def _idle(found: Due, after: Value, seen: Moment) -> Due:
    """An instance that rests is stopped. One that is stopped stays so: nothing here starts it."""
    limit, live = _seconds(after), seen.live
    power = live.values.get("power", "running") if live else "running"
    says, ends = f"it is stopped when its GPUs rest for {in_words(limit)}", 0.0
    if power == "stopped":
        says = "it is stopped, and idle does not start it"
    elif seen.use is not None:
        since = max(seen.use.last or 0.0, seen.use.resumed)
        rested, ends = seen.now - since, since + limit
        says = f"its GPUs rest for {in_words(rested)}; at {in_words(limit)} it is stopped"
        if rested >= limit:
            power, says, ends = "stopped", f"its GPUs rest for {in_words(rested)}: it is stopped", 0.0
    decided = power == "stopped" or (seen.record is not None and "power" in seen.record.spec)
    spec = {**found.spec, "power": power} if decided else found.spec
    return replace(found, spec=spec, says=(*found.says, says), next=ends)


def _limited(found: Due, seen: Moment) -> Due:
    """What is due with the ttl, and with the deadline in the owner mark."""
    seconds, hard = _ttl_seconds(found.spec), hard_seconds(found.spec)
    mark = moments_of(seen.live.mark) if seen.live else MarkMoments()
    created, words = _created(seen, mark), in_words(seconds)
    ends = created + seconds if created and seconds else 0.0
    warnings = (*found.warnings, *_deadline_warnings(mark, hard, ends)) if seen.live else found.warnings
    found = replace(found, warnings=warnings)
    if not seconds:
        return found
    if not ends:
        if seen.live:
            unknown = "its age is not known: the ttl is not acted on"
            return replace(found, warnings=(*found.warnings, unknown))
        return replace(found, says=(*found.says, f"the ttl ends it {words} after its creation"))
    over = ends <= seen.now
    says = f"the ttl of {words} {'ended' if over else 'ends it'} at {moment(ends)}"
    change = min(filter(None, (found.next, ends)), default=0.0) if not over else 0.0
    return replace(found, says=(*found.says, says), next=change, over=over, why=says if over else "")


def _created(seen: Moment, mark: MarkMoments) -> float:
    """When the instance was created, in Unix seconds; 0 where that is not known. The record of a deleted one has it."""
    if seen.live is not None:
        return mark.created or seen.live.created or _moment_of(seen.live.outputs)
    return _moment_of(seen.record.outputs) if seen.record and seen.record.id else 0.0


def _moment_of(outputs: Mapping[str, Value]) -> float:
    """The creation in the attributes; 0 where it is not known, and for a number that is no moment."""
    at = int_of(outputs.get("createdAt")) or 0
    return float(at) if 0 <= at <= LAST_MOMENT else 0.0


def _deadline_warnings(mark: MarkMoments, hard: float, ends: float) -> Iterator[str]:
    fixed = "it was fixed when the instance was created; `--replace` makes another one"
    if hard and not mark.deadline:
        yield f"sweep does not end it: there is no deadline in its owner mark; {fixed}"
    elif mark.deadline and (not hard or ends != mark.deadline):
        yield f"sweep ends it at {moment(mark.deadline)}, as its owner mark says, whatever ttl is now; {fixed}"


TIMES: Final = TimeRules(
    due=due,
    needs_use=lambda spec: "idle" in spec,
    needs_age=lambda spec: "ttl" in spec,
    decided={"power": ("schedule", "idle")},
    hard_seconds=hard_seconds,
    running=lambda spec: {**spec, "power": "running"},
    endable=lambda spec: spec.get("billingMode") != "monthly",
    shows_mark=lambda live: "env" in live.values,
    stop="stop",
)
"""The rules of time of an instance."""
