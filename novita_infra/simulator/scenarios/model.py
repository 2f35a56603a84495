"""Scenarios as values, read from plain data (a YAML or JSON file). `builtin` has those with names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final

from novita_infra.simulator.errors import ApiRefusal, invalid
from novita_infra.simulator.faults.model import Fault
from novita_infra.simulator.faults.parsing import fault_of
from novita_infra.simulator.profiles import Quirks
from novita_infra.simulator.request_schema import (
    INT64,
    Anything,
    Fields,
    Flag,
    Items,
    Map,
    Number,
    Reading,
    Shape,
    Text,
    Whole,
    may,
    need,
)
from novita_infra.simulator.scenarios.events import ACTS, CALLS, check_operation
from novita_infra.simulator.world.engine.records import ScenarioEvent
from novita_infra.simulator.world.engine.settings import Limits, Timings
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.resources import RECORDS

_READING: Final = Reading(forgiving=False, closed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """The differences from a world without trouble."""

    name: str
    says: str
    """One sentence for a person."""
    limits: Mapping[str, Any] = field(default_factory=dict)
    timings: Mapping[str, Any] = field(default_factory=dict)
    quirks: Mapping[str, Any] = field(default_factory=dict)
    """Where the behaviour differs from the profile."""
    status_words: Mapping[str, str] = field(default_factory=dict)
    unpullable: Sequence[str] = ()
    faults: Sequence[Mapping[str, Any]] = ()
    events: Sequence[Mapping[str, Any]] = ()


class BadScenario(Exception):
    """The data is no scenario. The message has the reason; `field` is the wrong field, such as `events[0].perCent`."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


_KIND: Final = Text(one_of=tuple(RECORDS))
EACH: Final = Fields({"kind": need(_KIND), "name": may(Text(), "*")})
EVENT: Final = Fields(
    {
        "at": may(Number(0, 10**9), 0.0),
        "upon": may(Text(), ""),
        "nth": may(Whole(0), 0),
        "after": may(Number(0, 10**9), 0.0),
        "every": may(Number(0, 10**9), 0.0),
        "do": need(Text(one_of=ACTS)),
        "product": may(Text()),
        "cluster": may(Text()),
        "places": may(Whole()),
        "perCent": may(Items(Whole(1, 10_000), 1, single=True)),
        "kind": may(_KIND),
        "name": may(Text()),
        "status": may(Text()),
        "operation": may(Text(one_of=CALLS)),
        "each": may(EACH),
        "times": may(Whole(1, 100_000)),
        "body": may(Map()),
        "set": may(Map()),
        "left": may(Whole(-INT64, INT64)),
        "amount": may(Whole(1, INT64)),
        "fault": may(Anything()),
    }
)
NEEDED: Final = {
    "price": "perCent",
    "call": "operation",
    "limits": "set",
    "balance": "left",
    "topUp": "amount",
    "fault": "fault",
}
"""The field that an event requires besides `do`, by the value of `do`."""
_SHAPES: Final[Mapping[type, Shape]] = {bool: Flag(), float: Number(0, 10**6), tuple: Items(Text(1, 255))}
QUIRKS: Final = Fields(
    {one.name: may(_SHAPES[type(one.default)]) for one in fields(Quirks) if type(one.default) in _SHAPES}
)
"""The quirks that a scenario can choose: those that are on or off, the pause, and the agents."""
SCENARIO: Final = Fields(
    {
        "name": need(Text(1, 100)),
        "says": need(Text(1, 500)),
        "limits": may(Map(), {}),
        "timings": may(Map(), {}),
        "quirks": may(QUIRKS, {}),
        "statusWords": may(Map(Text(1, 63)), {}),
        "unpullable": may(Items(Text(1, 500)), []),
        "faults": may(Items(Anything()), []),
        "events": may(Items(EVENT), []),
    }
)


def scenario_of(data: Any) -> Scenario:
    """A scenario from plain data. Raises BadScenario."""
    try:
        values = SCENARIO.read(data, "", _READING)
        _known(values["limits"], Limits, "limits")
        _known(values["timings"], Timings, "timings")
        for index, fault in enumerate(values["faults"]):
            _check_fault(fault, f"faults[{index}]")
        for index, event in enumerate(values["events"]):
            _check_event(event, f"events[{index}]")
    except ApiRefusal as refusal:
        raise BadScenario(refusal.message, refusal.metadata.get("field", "")) from refusal
    words = values.pop("statusWords")
    chosen = {name: value for name, value in values.pop("quirks").items() if value is not None}
    return Scenario(**values, quirks=chosen, status_words=words)


def _known(values: Any, settings: type, at: str) -> None:
    names = {one.name: one.default for one in fields(settings)}
    if not isinstance(values, Mapping) or values.keys() - names.keys():
        raise invalid(at, f"must be a map of {', '.join(sorted(names))}")
    for name, value in values.items():
        many = len(default) if isinstance(default := names[name], tuple) else 0
        numbers = value if many and isinstance(value, list) else [value]
        right = len(numbers) == (many or 1)
        if not right or not all(isinstance(one, int | float) and not isinstance(one, bool) for one in numbers):
            raise invalid(f"{at}.{name}", f"must be a list of {many} numbers" if many else "must be a number")


def _check_event(event: Mapping[str, Any], at: str) -> None:
    needed = NEEDED.get(event["do"])
    if needed and event[needed] is None:
        raise invalid(f"{at}.{needed}", f"is required to {event['do']}")
    if event["do"] == "limits":
        _known(event["set"], Limits, f"{at}.set")
    if event["do"] == "fault":
        _check_fault(event["fault"], f"{at}.fault")


def _check_fault(fault: Any, at: str) -> None:
    try:
        fault = fault_of(fault)
        check_operation(fault)
    except ApiRefusal as refusal:
        field, _, what = refusal.message.removeprefix("invalid parameter ").partition(": ")
        raise invalid(at if field == "body" else f"{at}.{field}", what) from refusal


def start_scenario(world: World, scenario: Scenario) -> None:
    """Puts a scenario in force: settings and faults now, events from now on, unless they have begun in this account."""
    world.limits = replace(world.limits, **scenario.limits)
    world.timings = replace(world.timings, **_with_tuples(scenario.timings))
    words = {**world.quirks.status_words, **scenario.status_words}
    world.quirks = replace(world.quirks, **_with_tuples(scenario.quirks), status_words=words)
    world.unpullable = tuple(scenario.unpullable)
    for fault in scenario.faults:
        world.faults.add(_fault(fault))
    if any(happening.scenario == scenario.name for happening in world.scenario_events):
        return
    for event in scenario.events:
        _enter(world, scenario, event)


def _with_tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def _fault(values: Mapping[str, Any]) -> Fault:
    return fault_of(dict(values))


def _enter(world: World, scenario: Scenario, event: Mapping[str, Any]) -> None:
    timing = {"at", "upon", "nth", "after", "every"}
    happening = world.scenario_events.add(
        ScenarioEvent(
            id=world.new_id("happening"),
            created=world.moment,
            scenario=scenario.name,
            act={name: value for name, value in event.items() if name not in timing and value is not None},
            upon=event.get("upon", ""),
            nth=event.get("nth", 0),
            after=event.get("after", 0.0),
            every=event.get("every", 0.0),
        )
    )
    if not happening.upon:
        world.expect(world.scenario_events, happening, [(event.get("at", 0.0), "!do")])
