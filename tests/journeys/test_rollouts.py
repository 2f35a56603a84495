"""Rolling changes: members of a fleet are taken down a few at a time."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from draws import draws
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plan_shapes import checked_json
from rig import Rig

from novita_infra.applying.events import Ended, Event, Identified, Outcome, Progressed, Started
from novita_infra.model.diagnostics import EXIT_BLOCKED
from novita_infra.planning.options import RunLimits
from novita_infra.planning.plan.steps import StepKind
from novita_infra.simulator import Fault, Trouble
from novita_infra.views.content.lines import plain
from novita_infra.views.content.plan import PlanContent
from novita_infra.views.formats.markdown.plan import plan_markdown
from novita_infra.views.plan_lines.plan import plan_lines

MACHINE: dict[str, Any] = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04"}
RESTARTED = {**MACHINE, "image": "ubuntu:24.04"}
REPLACED = {**MACHINE, "product": {"gpu": "L40S"}}
BROKEN = {**MACHINE, "image": "does-not-exist:1"}
KEYS = ["z", "b", "a", "c"]
ONE_BY_ONE = {"inOrder": True}


class Fleet(Rig):
    """A rig that counts the members of a fleet that are down, at every request."""

    watched: ClassVar[tuple[str, ...]] = ()

    def __init__(self, folder: Path, **rest: Any) -> None:
        super().__init__(folder, environ={}, **rest)
        self.members: tuple[str, ...] = ()
        """The names of the members that were up."""
        self.most_down = 0

    def roll(
        self, spec: dict[str, Any], rollout: dict[str, Any], *, keys: list[str] | None = None, **rest: Any
    ) -> None:
        """Declares the fleet."""
        document = {
            "apiVersion": "novita-infra/v1",
            "kind": "Instance",
            "metadata": {"name": "worker"},
            "forEach": KEYS if keys is None else keys,
            "lifecycle": {"rollout": rollout, **rest},
            "spec": spec,
        }
        project = {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "rig"}}
        self.write("novita-infra.yaml", project)
        self.write("fleet.yaml", document)

    def begin(self, spec: dict[str, Any], rollout: dict[str, Any], **rest: Any) -> None:
        """Creates the fleet, and counts from now on."""
        self.roll(spec, rollout, **rest)
        self.apply()
        self.world.advance()
        self.members = tuple(machine.name for machine in self.world.instances)
        self.events.clear()

    def down(self) -> list[str]:
        """The members of which no machine runs."""
        self.world.advance()
        up = {machine.name for machine in self.world.instances if machine.status == "running"}
        return [name for name in self.members if name not in up]

    def transport(self) -> httpx.AsyncBaseTransport:
        return _Watched(super().transport(), self)

    def started(self) -> list[str]:
        """The keys of the members in the order in which they were taken down."""
        keys = (event.step.address.key for event in self.events if isinstance(event, Started))
        return list(dict.fromkeys(keys))


class _Watched(httpx.AsyncBaseTransport):
    def __init__(self, inner: httpx.AsyncBaseTransport, fleet: Fleet) -> None:
        self._inner, self._fleet = inner, fleet

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._inner.handle_async_request(request)
        finally:
            self._fleet.most_down = max(self._fleet.most_down, len(self._fleet.down()))


@pytest.fixture
def rig(tmp_path: Path) -> Fleet:
    """A fleet of four machines."""
    fleet = Fleet(tmp_path)
    fleet.begin(MACHINE, ONE_BY_ONE)
    return fleet


def one_refusal(rig: Rig, operation: str, *, skip: int) -> None:
    """The create or upgrade after so many others is refused."""
    refused: dict[str, Any] = {"status": 400, "reason": "INSUFFICIENT_RESOURCE", "message": "none is free"}
    rig.world.faults.add(Fault(kind=Trouble.STATUS, operation=operation, skip=skip, **refused))


@pytest.mark.parametrize("wanted", [RESTARTED, REPLACED])
def test_members_of_a_rollout_follow_one_another_as_the_manifest_lists_them(rig: Fleet, wanted: dict[str, Any]) -> None:
    rig.roll(wanted, ONE_BY_ONE)
    rig.apply()
    assert (rig.most_down, rig.started()) == (1, KEYS)
    assert rig.state().rolling == {}
    rig.assert_converged()


@pytest.mark.parametrize(("most", "down"), [(1, 1), (2, 2), ("25%", 1), ("60%", 2), ("100%", 4), (9, 4)])
def test_a_rollout_takes_down_a_number_or_a_part_of_the_members(rig: Fleet, most: int | str, down: int) -> None:
    rig.roll(REPLACED, {"maxUnavailable": most})
    rig.apply()
    assert rig.most_down == down
    rig.assert_converged()


def test_a_rollout_holds_back_neither_first_creates_nor_deletes_nor_changes_that_take_nothing_down(
    rig: Fleet,
) -> None:
    edited = {**MACHINE, "ports": ["80/http"]}
    rig.roll(edited, {**ONE_BY_ONE, "pause": "1h"}, keys=["z", "b", "d", "e"])
    assert rig.plan().plan.rollouts == ()
    since = rig.clock.now()
    rig.apply()
    assert rig.clock.now() - since < 600
    rig.assert_converged()


def test_the_pause_of_a_rollout_follows_each_member_but_the_last(rig: Fleet) -> None:
    rig.roll(RESTARTED, {**ONE_BY_ONE, "pause": "10m"})
    since = rig.clock.now()
    rig.apply()
    assert 1800 <= rig.clock.now() - since < 2400
    notes = {event.step.address.key: event.note for event in rig.events if isinstance(event, Progressed) and event.note}
    assert notes == dict.fromkeys(KEYS[1:], "the rollout of instance.worker goes on in 10 min")


def test_an_interrupted_pause_of_a_rollout_goes_on_in_the_next_run(rig: Fleet) -> None:
    rig.roll(RESTARTED, {**ONE_BY_ONE, "pause": "10m"})
    result = rig.apply(
        expect_success=False,
        stop_when=lambda event: isinstance(event, Progressed) and "goes on" in event.note,
    )
    assert [end.outcome for end in result.ends] == [Outcome.DONE, *[Outcome.SKIPPED] * 3]
    (ready_at,) = rig.state().rolling.values()
    rig.clock.run(rig.clock.sleep(240))
    rig.events.clear()
    times: list[float] = []

    def look(event: Event) -> bool:
        times.extend([rig.clock.now()] if isinstance(event, Started) else [])
        return False

    rig.apply(stop_when=look)
    assert rig.started() == KEYS[1:]
    assert 600 <= times[0] - ready_at < 605
    rig.assert_converged()


def test_a_member_without_its_old_object_comes_first_in_the_next_run(rig: Fleet) -> None:
    rig.roll(REPLACED, {"maxUnavailable": 1})
    rig.apply(
        expect_success=False,
        stop_when=lambda event: isinstance(event, Ended) and event.step.action is StepKind.DELETE,
    )
    assert len(rig.state().records) == 3
    rig.apply()
    assert rig.most_down == 1
    rig.assert_converged()


def test_a_member_that_fails_stops_the_rollout_and_the_next_plan_shows_what_is_left(rig: Fleet) -> None:
    one_refusal(rig, "instances.create", skip=1)
    rig.roll(REPLACED, ONE_BY_ONE)
    result = rig.apply(expect_success=False)
    reasons = {end.step.address.key: end.reason for end in result.ends if end.outcome is Outcome.SKIPPED}
    stopped = 'the rollout of instance.worker stopped: instance.worker["b"] failed'
    assert reasons == dict.fromkeys(("a", "c"), stopped)
    assert rig.most_down == 1
    (rollout,) = rig.plan().plan.rollouts
    assert ([at.key for at in rollout.order], [at.key for at in rollout.down]) == (["a", "c"], ["b"])
    rig.apply()
    assert rig.most_down == 1
    rig.assert_converged()


def test_a_member_that_is_down_is_mended_before_another_one_is_taken_down(rig: Fleet) -> None:
    rig.roll(BROKEN, ONE_BY_ONE)
    rig.apply(expect_success=False)
    assert (rig.started(), len(rig.down())) == (["z"], 1)
    rig.roll(RESTARTED, ONE_BY_ONE)
    text = plain(plan_lines(rig.plan()))
    assert 'down already, and brought up first: instance.worker["z"]' in text
    rig.apply()
    assert rig.most_down == 1
    rig.assert_converged()


def test_a_rollout_does_not_go_on_beside_a_member_that_it_left_down(rig: Fleet) -> None:
    one_refusal(rig, "instances.create", skip=0)
    rig.roll(REPLACED, ONE_BY_ONE)
    rig.apply(expect_success=False)
    others = ('instance.worker["a"]',)
    (problem,) = rig.plan(targets=others).problems
    assert 'left instance.worker["z"] down' in str(problem)
    assert rig.plan(targets=others).code == EXIT_BLOCKED
    rig.roll(REPLACED, {"maxUnavailable": 2})
    rig.apply(targets=others)
    assert rig.most_down == 2


def test_a_rollout_that_creates_first_takes_no_member_down_and_has_few_new_ones_at_a_time(rig: Fleet) -> None:
    rig.roll(REPLACED, ONE_BY_ONE, createBeforeDestroy=True)
    coming: set[str] = set()
    most = 0

    def look(event: Event) -> bool:
        nonlocal most
        if event.step.action is StepKind.CREATE:
            (coming.discard if isinstance(event, Ended) else coming.add)(event.step.key)
        most = max(most, len(coming))
        return False

    rig.apply(stop_when=look)
    assert (rig.most_down, most) == (0, 1)
    rig.assert_converged()


def test_a_rollout_needs_no_more_members_down_for_a_storage_that_is_replaced(tmp_path: Path) -> None:
    rig = Fleet(tmp_path)
    place = {"cluster": "us-dallas-nas-2"}
    mounted = {**MACHINE, **place, "networkStorages": [{"storage": "data", "mountPath": "/data"}]}
    rig.declare(("NetworkStorage", "data", {**place, "sizeGb": 20}))
    rig.begin(mounted, ONE_BY_ONE)
    rig.roll(mounted, ONE_BY_ONE)
    old = rig.record("network_storage.data").id
    rig.apply(replaces=("network_storage.data",))
    assert (rig.most_down, rig.started()[-4:]) == (1, KEYS)
    assert rig.record("network_storage.data").id != old
    rig.assert_converged()


@pytest.mark.parametrize("wanted", [RESTARTED, {**REPLACED, "image": "ubuntu:24.04"}])
def test_members_are_taken_down_after_the_prewarm_of_their_image_and_without_it_if_it_fails(
    wanted: dict[str, Any], tmp_path: Path
) -> None:
    place = {"cluster": "us-dallas-nas-2"}
    for fails in (False, True):
        rig = Fleet(tmp_path / str(fails))
        rig.folder.mkdir()
        rig.begin({**MACHINE, **place}, ONE_BY_ONE)
        rig.declare(("ImagePrewarm", "warm", {**place, "image": wanted["image"]}))
        rig.roll({**wanted, **place}, ONE_BY_ONE)
        if fails:
            rig.world.faults.add(Fault(kind=Trouble.STATUS, operation="prewarms.create", status=400, reason="BAD"))
        result = rig.apply(expect_success=False)
        failed = {str(end.step.address) for end in result.ends if end.outcome is not Outcome.DONE}
        assert failed == ({"image_prewarm.warm"} if fails else set())
        ended = [event.step.address.type for event in rig.events if isinstance(event, Ended)]
        assert (ended[0], rig.most_down) == ("image_prewarm", 1)


def test_members_of_a_group_have_one_rollout(tmp_path: Path) -> None:
    rig = Fleet(tmp_path)
    lifecycle = {"group": "training", "rollout": {"maxUnavailable": 1}}
    names = ("b", "a", "c")
    rig.declare(*(("Instance", name, MACHINE) for name in names), **dict.fromkeys(names, lifecycle))
    rig.apply()
    rig.world.advance()
    rig.members = tuple(machine.name for machine in rig.world.instances)
    rig.declare(*(("Instance", name, REPLACED) for name in names), **dict.fromkeys(names, lifecycle))
    (rollout,) = rig.plan().plan.rollouts
    assert (rollout.name, [at.name for at in rollout.order]) == ("group training", list(names))
    rig.apply()
    assert rig.most_down == 1
    rig.assert_converged()


def test_a_plan_shows_its_rollouts(rig: Fleet) -> None:
    rig.roll(REPLACED, {"maxUnavailable": "50%", "inOrder": True, "pause": "90s"})
    review = rig.plan()
    pace = "2 of 4 at a time, in order, 90s after each"
    text = plain(plan_lines(review))
    assert f"Rollout of instance.worker: {pace}\n" in text
    assert 'in turn: instance.worker["z"], instance.worker["b"], instance.worker["a"], instance.worker["c"]' in text
    assert f"**Rollout of instance.worker:** {pace}" in plan_markdown(PlanContent(review)).replace("\\", "")
    (shown,) = checked_json(review, rig.project())["novita"]["rollouts"]
    assert (shown["max_unavailable"], shown["pause_seconds"], shown["description"]) == (2, 90, pace)
    assert shown["order"] == [f'instance.worker["{key}"]' for key in KEYS]


def test_a_run_with_a_rollout_that_is_killed_anywhere_leaves_no_more_members_down(tmp_path: Path) -> None:
    rig = Fleet(tmp_path)
    rollout = {"maxUnavailable": 1}
    rig.begin(MACHINE, rollout, keys=["a", "b", "c"])
    wanted, killed = REPLACED, 0
    for number in range(4, 40, 3):
        rig.roll(wanted, rollout, keys=["a", "b", "c"])
        if rig.crash(at_write=number, after_effect=bool(number % 2), reads=True):
            killed += 1
        else:
            wanted = MACHINE if wanted is REPLACED else REPLACED
    assert killed > 8
    rig.roll(RESTARTED, rollout, keys=["a", "b", "c"])
    rig.apply()
    assert rig.most_down == 1
    rig.assert_converged()


def test_a_rollout_goes_on_while_a_member_waits_for_capacity(rig: Fleet) -> None:
    refused: dict[str, Any] = {"status": 400, "reason": "INSUFFICIENT_RESOURCE", "message": "none is free"}
    rig.world.faults.add(Fault(kind=Trouble.STATUS, operation="instances.create", count=3, **refused))
    rig.roll(REPLACED, ONE_BY_ONE, waitForCapacity="30m")
    rig.apply()
    assert (rig.most_down, rig.started()) == (1, KEYS)
    rig.assert_converged()


def test_a_rollout_has_its_turns_with_any_parallelism(rig: Fleet) -> None:
    rig.roll(REPLACED, {"maxUnavailable": 2})
    rig.apply(limits=RunLimits(parallelism=1))
    assert rig.most_down <= 2
    rig.assert_converged()


# --- properties ---------------------------------------------------------------------------------------------------

ROLLOUTS = st.fixed_dictionaries(
    {"maxUnavailable": st.sampled_from([1, 1, 2, 3, "20%", "50%"])},
    optional={"inOrder": st.booleans(), "pause": st.sampled_from(["30s", "10m"])},
)
RUNS = st.lists(
    st.tuples(
        st.sampled_from([MACHINE, RESTARTED, REPLACED, BROKEN]),
        st.sampled_from(["none", "refused create", "refused upgrade", "crash", "killed", "killed", "stop", "target"]),
        st.integers(0, 12),
        st.booleans(),
    ),
    min_size=1,
    max_size=3,
)


@pytest.mark.slow
@settings(max_examples=draws(20), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.permutations(["a", "b", "c", "d", "e"]), st.integers(2, 5), ROLLOUTS, RUNS, st.booleans())
def test_never_more_members_are_down_than_a_rollout_allows(
    keys: list[str], count: int, rollout: dict[str, Any], runs: list[tuple[Any, ...]], first: bool
) -> None:
    keys, lifecycle = keys[:count], {"createBeforeDestroy": True} if first else {}
    most = rollout["maxUnavailable"]
    limit = max(1, count * int(most[:-1]) // 100) if isinstance(most, str) else most
    with tempfile.TemporaryDirectory() as folder:
        rig = Fleet(Path(folder))
        rig.begin(MACHINE, rollout, keys=keys, **lifecycle)
        for spec, what, number, after in runs:
            rig.roll(spec, rollout, keys=keys, **lifecycle)
            _run(rig, keys, what, number, after=after)
            assert rig.most_down <= limit
        rig.world.faults.active.clear()
        rig.roll(RESTARTED, rollout, keys=keys, **lifecycle)
        rig.apply(expect_success=False)  # an image that cannot be pulled may fail once more
        rig.apply()
        assert rig.most_down <= limit
        rig.assert_converged()


def _run(rig: Fleet, keys: list[str], what: str, number: int, *, after: bool) -> None:
    match what:
        case "crash":
            rig.crash(at_write=number, after_effect=after)
        case "killed":
            rig.crash(at_write=5 + 3 * number, after_effect=after, reads=True)
        case "refused create":
            one_refusal(rig, "instances.create", skip=number % 3)
            rig.apply(expect_success=False)
        case "refused upgrade":
            one_refusal(rig, "instances.upgrade", skip=number % 3)
            rig.apply(expect_success=False)
        case "stop":
            left = number

            def stop_when(event: Event) -> bool:
                nonlocal left
                left -= isinstance(event, (Started, Identified, Ended))
                return left < 0

            rig.apply(expect_success=False, stop_when=stop_when)
        case "target":
            targets = (f'instance.worker["{keys[number % len(keys)]}"]',)
            if not rig.plan(targets=targets).problems:
                rig.apply(targets=targets, expect_success=False)
        case _:
            rig.apply(expect_success=False)
