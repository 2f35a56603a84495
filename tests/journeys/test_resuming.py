"""A call that was in progress when a run ended is waited for by the next run, not made again.

One case for each call of each kind whose end is waited for; death, and a move with a call, are in the crash matrix.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from crash_cases import Case, rows
from crashing import SECRETS
from kind_facts import FACTS
from rig import SHORT, Rig
from sights import operation

from novita_infra.applying.events import Ended, Event, Identified, Outcome, Progressed, Result
from novita_infra.planning.plan.steps import Step
from novita_infra.simulator import LIVE
from novita_infra.views.content.lines import plain
from novita_infra.views.formats.text.result import result_lines

CASES = tuple(case for case in rows() if case.waits and not case.was)
TIMINGS = replace(SHORT, network=1.5, endpoint_removing=1.5)
"""Long enough that a wait of a second ends before them."""
SLOW = {f"{kind_type} {title}" for kind_type, facts in FACTS.items() for title in facts.slow}


def is_own(case: Case, step: Step) -> bool:
    return operation(step.address.type, step.call_name) == case.operation


def cut(case: Case) -> Callable[[Event], bool]:
    """Whether the case's call is made and its end is waited for."""
    return lambda event: isinstance(event, Identified | Progressed) and is_own(case, event.step) and not noted(event)


def noted(event: Event) -> bool:
    return isinstance(event, Progressed) and bool(event.note)


def declare_after(rig: Rig, case: Case) -> None:
    """Declares what the run of the case is to reach."""
    head = {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "rig"}}
    moved = [{"from": case.was, "to": f"{case.kind}.it"}] if case.was else []
    rig.write("novita-infra.yaml", {**head, "moved": moved})
    rig.declare(*case.after)


def own_end(case: Case, result: Result) -> Ended:
    (end,) = (end for end in result.ends if is_own(case, end.step))
    return end


def before(case: Case, folder: Path) -> tuple[Rig, int]:
    """The case's world before the edit, and how often its operation was called."""
    quirks = replace(LIVE, cluster_rests=False, endpoint_pause=0.0)  # whose refusals would count as calls
    rig = Rig(folder, environ=SECRETS, quirks=quirks, timings=TIMINGS)
    rig.declare(*case.before)
    rig.apply()
    return rig, rig.world.calls.get(case.operation, 0)


def goes_on(rig: Rig, case: Case, calls: int) -> None:
    """The next run gets there without the call; to ask twice for a delete does no harm."""
    rig.apply()
    rig.assert_converged()
    assert calls < rig.world.calls[case.operation] <= calls + (2 if case.operation.endswith(".delete") else 1)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_interrupted_wait_is_resumed(case: Case, tmp_path: Path) -> None:
    rig, calls = before(case, tmp_path)
    declare_after(rig, case)
    result = rig.apply(stop_when=cut(case), expect_success=False)
    end = own_end(case, result)
    assert end.outcome is (Outcome.MOVING if str(case) in SLOW else Outcome.DONE), (
        f"{end.outcome.value} at the first look: is {case.title!r} in `slow` of tests/support/kind_facts/{case.kind}?"
    )
    if end.outcome is Outcome.MOVING:
        assert end.id
        assert f"{end.id} is still" in plain(result_lines(result, again="novita-infra apply"))
    goes_on(rig, case, calls)


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case in CASES if str(case) in SLOW and case.title != "delete"], ids=str)
def test_a_wait_that_outlasts_its_time_is_resumed(case: Case, tmp_path: Path) -> None:
    rig, calls = before(case, tmp_path)
    brief = ["delete"] if case.operation.endswith(".delete") else ["create", "update"]
    rig.declare(*case.after, it={"timeouts": dict.fromkeys(brief, "1s")})
    result = rig.apply(expect_success=False)
    end = own_end(case, result)
    assert end.outcome is Outcome.FAILED
    assert f"{end.id} is still " in end.reason
    assert "after 1 s; it is recorded in the state, and the next run waits for it again" in end.reason
    declare_after(rig, case)
    goes_on(rig, case, calls)


def test_the_slow_ones_are_all_there() -> None:
    assert {str(case) for case in CASES} >= SLOW
