"""The turns of a rollout: who is taken down when, and what the journal says of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from fake_account import BOOT, Scene, step

from novita_infra.api.errors import Refused
from novita_infra.applying.events import Ended, Started
from novita_infra.applying.walk import walk_steps
from novita_infra.applying.walk_input import WalkInput, WalkResult
from novita_infra.model.addresses import Address
from novita_infra.planning.plan.rollouts import Rollout
from novita_infra.planning.plan.steps import Step, StepKind

A, B, C, D = MEMBERS = tuple(Address("machine", name) for name in "abcd")


def creates(*members: Address) -> list[Step]:
    return [replace(step(StepKind.CREATE, address=member), rollout="r") for member in members]


def rollout(*order: Address, **rest: Any) -> Rollout:
    return Rollout("r", **{"members": 4, "limit": 1, "order": order, **rest})


def roll(scene: Scene, turns: Rollout, *steps: Step) -> WalkResult:
    async def work() -> WalkResult:
        return await walk_steps(WalkInput(steps=steps, rollouts=(turns,)), scene.run())

    return scene.play(work())


def sequence(scene: Scene) -> list[str]:
    """Who begins and who ends: `+a -a +b -b`."""
    signs: dict[type, str] = {Started: "+", Ended: "-"}
    return [f"{signs[type(event)]}{event.step.address.name}" for event in scene.events if type(event) in signs]


def reasons(result: WalkResult) -> dict[str, str]:
    return {end.step.address.name: end.reason for end in result.ends if end.reason}


def test_members_have_their_turns_in_order_also_where_a_later_one_could_begin_before() -> None:
    scene = Scene()
    first = replace(step(StepKind.CREATE, address=Address("machine", "x")))
    a, b, c = creates(A, B, C)
    roll(scene, rollout(B, A, C, in_order=True), a, c, first, replace(b, after=(first.key,)))
    assert sequence(scene) == ["+x", "-x", "+b", "-b", "+a", "-a", "+c", "-c"]


def test_without_an_order_the_members_that_can_begin_have_their_turns() -> None:
    scene = Scene()
    roll(scene, rollout(B, A, C, limit=2), *creates(C, A, B))
    assert sequence(scene)[:4] == ["+c", "+a", "-c", "-a"] or sequence(scene)[:4] == ["+c", "+a", "-c", "+b"]


def test_members_that_are_down_begin_at_once_and_hold_the_others_back() -> None:
    scene = Scene()
    roll(scene, rollout(A, B, limit=1, down=(C, D)), *creates(A, B, C, D))
    assert sequence(scene) == ["+c", "+d", "-c", "-d", "+a", "-a", "+b", "-b"]


def test_the_journal_has_who_is_down_before_the_call_and_forgets_all_at_the_end() -> None:
    scene = Scene()
    roll(scene, rollout(A, B, in_order=True, pause=60.0, changed=(D,)), *creates(A, B))
    lines = [line for line in scene.journal.lines if "rolls" in line or "about to be sent" in line]
    assert lines[:2] == ["machine.a rolls: 0.0", "machine.a -: create: about to be sent"]
    assert lines[2].startswith("machine.a rolls: ")
    assert not lines[2].endswith(("None", " 0.0"))
    assert {line for line in lines if line.endswith("None")} == {f"machine.{name} rolls: None" for name in "abd"}


@pytest.mark.parametrize("in_order", [True, False])
def test_a_failure_stops_those_that_have_had_no_turn(in_order: bool) -> None:
    scene = Scene()
    scene.account.failures["/create"] = [Refused]
    result = roll(scene, rollout(A, B, C, in_order=in_order), *creates(A, B, C))
    stopped = "the rollout of r stopped: machine.a failed"
    assert reasons(result) == {"a": "POST /create: refused by the test", "b": stopped, "c": stopped}


def test_a_rollout_does_not_begin_beside_members_that_are_left_down() -> None:
    scene = Scene()
    result = roll(scene, rollout(A, B, down=(C,), left_down=(D,)), *creates(A, B, C))
    left = "the rollout of r did not begin: machine.d is down, and left alone"
    assert (reasons(result), sequence(scene)[0]) == ({"a": left, "b": left}, "-a")
    assert "+c" in sequence(scene)


def test_an_interrupted_run_waits_for_no_turn() -> None:
    scene = Scene()

    async def work() -> WalkResult:
        walking = asyncio.create_task(
            walk_steps(
                WalkInput(steps=tuple(creates(A, B, C)), rollouts=(rollout(A, B, C, pause=3600.0),)), scene.run()
            )
        )
        await scene.clock.sleep(1.5 * BOOT)
        scene.stop.set()
        return await walking

    since = scene.clock.now()
    assert set(reasons(scene.play(work()))) == {"b", "c"}
    assert scene.clock.now() - since < 2 * BOOT
