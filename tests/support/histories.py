"""Histories: what people, the service and bad luck do to a project in the course of time. Plain data, drawn at random.

A history says what happens; `playing` lets it happen and checks what must hold at its end.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from fleets import Resource, fleets
from hypothesis import strategies as st
from kind_facts import FACTS

from novita_infra.model.clock import ANSWER
from novita_infra.simulator import PROFILES, SCENARIOS

DOINGS: Final = ("create", "edit", "delete")
KINDS: Final = tuple(facts.kind for facts in FACTS.values() if facts.outsiders is not None)
RARE: Final = frozenset({"populated"})
"""Scenarios that take much longer than the others: drawn now and then."""
WEIGHTY: Final = ("lost-answers", "stale-reads", "chaos", "flaky", "calm")
"""Scenarios that are drawn more often: those in which something can be lost or bought twice."""


@dataclass(frozen=True, kw_only=True)
class Act:
    """Something that another person does in the account, behind our back."""

    do: str
    kind: str
    pick: int
    """Which of the resources it is about, and how."""


@dataclass(frozen=True, kw_only=True)
class End:
    """How a run ends."""

    how: str
    """`done`, `interrupt`, `kill before` (the request goes out) or `kill after` (it has had its effect)."""
    at: int = 0
    """At which event, or at which request."""
    writes: bool = False
    """Whether only requests that change something are counted."""


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """The manifests are edited, others do something, and one run follows."""

    fleet: tuple[Resource, ...]
    before: tuple[Act, ...] = ()
    during: tuple[tuple[int, Act], ...] = ()
    """What others do while the run is under way: before which request."""
    faults: tuple[Mapping[str, Any], ...] = ()
    """As the simulator's `/_sim/faults` takes them; over when the run is."""
    parallelism: int = 10
    target: int | None = None
    """Which declared resource alone is applied."""
    destroys: bool = False
    pause: float = 0.0
    """Seconds that pass before the run."""
    lifecycles: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    """By name, how resources are made and replaced, whatever their kind."""
    end: End = End(how="done")


@dataclass(frozen=True, kw_only=True)
class History:
    """What happens until all faults are healed; then the last chapter's fleet is applied until it is done."""

    seed: int
    scenario: str
    chapters: tuple[Chapter, ...]
    profile: str = "live"
    short: bool = False
    """Whether the service needs as little time as in the journeys, so that runs and waits are brief."""

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")


def history_in(path: Path) -> History:
    """The history that `save` wrote."""
    data = json.loads(path.read_text(encoding="utf-8"))
    return History(**(data | {"chapters": tuple(map(_chapter, data["chapters"]))}))


def _chapter(data: dict[str, Any]) -> Chapter:
    more = {
        "fleet": tuple((kind, name, spec) for kind, name, spec in data["fleet"]),
        "before": tuple(Act(**act) for act in data["before"]),
        "during": tuple((at, Act(**act)) for at, act in data["during"]),
        "faults": tuple(data["faults"]),
        "end": End(**data["end"]),
    }
    return Chapter(**(data | more))


_ACTS: Final = st.builds(
    Act, do=st.sampled_from(DOINGS), kind=st.sampled_from(KINDS), pick=st.integers(min_value=0, max_value=5)
)
_ENDS: Final = st.one_of(
    st.just(End(how="done")),
    st.builds(End, how=st.just("interrupt"), at=st.integers(0, 60)),
    st.builds(End, how=st.sampled_from(["kill before", "kill after"]), at=st.integers(0, 20), writes=st.just(True)),
    st.builds(End, how=st.sampled_from(["kill before", "kill after"]), at=st.integers(0, 90)),
)


def _faults(kinds: list[str], positions: list[str], statuses: list[int]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "kind": st.sampled_from(kinds),
            "method": st.just("POST"),
            "position": st.sampled_from(positions),
            "status": st.sampled_from(statuses),
            "skip": st.integers(0, 15),
            "count": st.integers(1, 3),
        }
    )


_LATE: Final = st.fixed_dictionaries(
    {
        "kind": st.just("late"),
        "operation": st.sampled_from(["*.create", "registry_auths.save", "instances.renew"]),
        "seconds": st.integers(1, int(ANSWER) - 1),
        "skip": st.integers(0, 5),
        "count": st.integers(1, 3),
    }
)
_FAULTS: Final = st.one_of(
    _faults(["lost", "status", "truncated"], ["before", "after"], [500, 502, 503]),
    _faults(["status"], ["before"], [429]),  # a service that throttles has done nothing
    _LATE,
)
_SCENARIOS: Final = st.one_of(
    st.sampled_from(WEIGHTY),
    st.sampled_from(sorted(SCENARIOS.keys() - RARE)),
    st.sampled_from(sorted(SCENARIOS)),
)
_NO_ACTS: Final[tuple[Any, ...]] = ()


def _few(items: st.SearchStrategy[Any], most: int) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.one_of(st.just(_NO_ACTS), st.lists(items, max_size=most).map(tuple))


_LIFECYCLES: Final = st.dictionaries(
    st.sampled_from("abc"),
    st.sampled_from(
        [
            {"createBeforeDestroy": True},
            {"group": "g"},
            {"group": "g", "createBeforeDestroy": True},
            {"waitForCapacity": "1m"},
        ]
    ),
    max_size=2,
)
_CHAPTERS: Final = st.builds(
    Chapter,
    fleet=fleets().map(tuple),
    before=_few(_ACTS, 3),
    during=_few(st.tuples(st.integers(0, 60), _ACTS), 3),
    faults=_few(_FAULTS, 2),
    parallelism=st.sampled_from([10, 1, 3]),
    target=st.one_of(st.none(), st.none(), st.integers(0, 5)),
    destroys=st.sampled_from([False, False, False, False, True]),
    pause=st.sampled_from([0.0, 0.0, 5.0, 60.0, 900.0]),
    lifecycles=_LIFECYCLES,
    end=_ENDS,
)


def histories() -> st.SearchStrategy[History]:
    """Histories of one to three runs."""
    return st.builds(
        History,
        seed=st.integers(0, 1000),
        scenario=_SCENARIOS,
        chapters=st.lists(_CHAPTERS, min_size=1, max_size=3).map(tuple),
        profile=st.sampled_from(["live", *sorted(PROFILES.keys() - {"live"})]),
        short=st.sampled_from([True, True, True, False]),
    )
