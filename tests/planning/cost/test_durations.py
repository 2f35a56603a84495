"""How long a plan will take: the longest way through its steps."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from novita_infra.kinds import KINDS
from novita_infra.model.addresses import Address
from novita_infra.planning.cost.durations import Estimate, estimate
from novita_infra.planning.plan.plan import Basis, Plan
from novita_infra.planning.plan.steps import Step, StepKind, Update
from novita_infra.views.content.lines import plain
from novita_infra.views.formats.json.estimate import estimate_json
from novita_infra.views.plan_lines.estimate import estimate_lines

STORAGE, MACHINE, OTHER = Address("network_storage", "data"), Address("instance", "a"), Address("instance", "b")
STEPS = (
    Step("instance.b/upgrade", OTHER, Update("upgrade")),
    Step("network_storage.data/create", STORAGE, StepKind.CREATE),
    Step("instance.a/create", MACHINE, StepKind.CREATE, after=("network_storage.data/create",)),
    Step("instance.a/setAutoRenew", MACHINE, Update("setAutoRenew"), after=("instance.a/create",)),
    Step("instance.a/record", MACHINE, StepKind.RECORD, after=("instance.a/setAutoRenew",)),
)
PAST = {"instance.create": (300.0, 200.0, 230.0), "network_storage.create": (1.0,), "instance.upgrade": (90.0,)}


def plan_of(*steps: Step) -> Plan:
    return Plan("p", "dev", (), steps, Basis("l", 1))


def estimated(*steps: Step, past: dict[str, tuple[float, ...]] | None = None) -> Estimate:
    return estimate(plan_of(*steps), PAST if past is None else past, KINDS)


def test_the_critical_path_is_the_longest_way_through_the_steps() -> None:
    found = estimated(*STEPS)
    assert [leg.key for leg in found.path] == [step.key for step in STEPS[1:4]]
    assert found.seconds == 1 + 230 + KINDS["instance"].call("setAutoRenew").usual_seconds
    assert (found.steps, found.known) == (5, 3)


def test_the_median_of_past_runs_counts_or_the_figure_of_the_kind() -> None:
    (leg,) = estimated(Step("x", MACHINE, StepKind.CREATE)).path
    assert (leg.seconds, leg.runs) == (230.0, 3)
    (leg,) = estimated(Step("x", MACHINE, StepKind.CREATE), past={}).path
    assert (leg.seconds, leg.runs) == (KINDS["instance"].api.create.usual_seconds, 0)


def test_what_is_already_coming_up_takes_no_longer_than_the_whole() -> None:
    (leg,) = estimated(Step("x", MACHINE, StepKind.WAIT)).path
    assert leg.seconds == 230.0


def test_an_empty_plan_takes_no_time() -> None:
    found = estimated()
    assert (found.seconds, found.path) == (0.0, ())
    assert plain(estimate_lines(found)) == ""


def test_an_estimate_is_shown_in_words_and_in_seconds() -> None:
    found = estimated(*STEPS)
    assert plain(estimate_lines(found)) == (
        "Estimate: about 3 min 53 s (3 of 5 steps by past runs, the others by built-in figures)\n"
        "    critical path: network_storage.data create 1 s -> instance.a create 3 min 50 s "
        "-> instance.a setAutoRenew 2 s\n"
    )
    data = estimate_json(found)
    assert data["seconds"] == 233.0
    assert data["critical_path"][1] == {
        "key": "instance.a/create",
        "address": "instance.a",
        "call": "create",
        "seconds": 230.0,
        "runs": 3,
    }


@given(st.lists(st.tuples(st.integers(0, 50), st.sets(st.integers(0, 30), max_size=3)), max_size=30))
def test_no_chain_of_steps_takes_longer_than_the_estimate(rows: list[tuple[int, set[int]]]) -> None:
    steps, past = [], {}
    for index, (seconds, after) in enumerate(rows):
        address = Address(f"kind{index}", "a")
        past[f"kind{index}.create"] = (float(seconds),)
        steps.append(Step(str(index), address, StepKind.CREATE, after=tuple(str(one) for one in after if one < index)))
    found = estimate(plan_of(*steps), past, KINDS)
    ends: list[int] = []
    for seconds, after in rows:
        ends.append(seconds + max((ends[one] for one in after if one < len(ends)), default=0))
    assert found.seconds == max(ends, default=0)
    assert sum(leg.seconds for leg in found.path) == found.seconds
    assert all(
        earlier.key in steps[int(later.key)].after for earlier, later in zip(found.path, found.path[1:], strict=False)
    )
