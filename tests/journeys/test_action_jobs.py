"""Moves and saved images as actions: they wait for their job, and the same command goes on with it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from account_views import viewed
from rig import Rig

from novita_infra.api.client import Client
from novita_infra.applying.events import Outcome, Result
from novita_infra.operations.account.view import AccountView
from novita_infra.operations.machines.actions import ActionOptions, choose_actions, perform_actions
from novita_infra.operations.machines.jobs import break_jobs
from novita_infra.planning.machine_actions import ActionOnMachine, AskedAction
from novita_infra.simulator import Fault, Position, Trouble

SPEC = {"product": {"gpu": "RTX 4090"}, "cluster": "us-ca-nas-2", "image": "ubuntu:22.04"}
IMAGE = AskedAction(saved_as="docker.io/team/model:1")
ACTIONS = [("migrate", AskedAction()), ("save-image", IMAGE)]


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    rig = Rig(tmp_path, environ={})
    rig.declare(("Instance", "trainer", SPEC))
    rig.apply()
    return rig


def chosen(rig: Rig, name: str, asked: AskedAction) -> list[ActionOnMachine]:
    async def work(view: AccountView) -> list[ActionOnMachine]:
        return await choose_actions(view, name, ("instance.trainer",), asked)

    return viewed(rig, work)


def act(rig: Rig, name: str, asked: AskedAction, *, timeout: float = 3600) -> Result:
    async def work(view: AccountView) -> Result:
        actions = await choose_actions(view, name, ("instance.trainer",), asked)
        left = [item for item in actions if not item.is_done]
        options = ActionOptions(timeout=timeout)
        return await perform_actions(view, name, left, options, emit=rig.events.append, stop=asyncio.Event())

    return viewed(rig, work)


def jobs(rig: Rig) -> list[str]:
    rig.world.advance()
    return [job.state for job in rig.world.jobs]


@pytest.mark.parametrize(("name", "asked"), ACTIONS)
def test_an_action_ends_when_its_job_is_over(rig: Rig, name: str, asked: AskedAction) -> None:
    result = act(rig, name, asked)
    assert [end.outcome for end in result.ends] == [Outcome.DONE]
    assert jobs(rig) == ["success"]


@pytest.mark.parametrize(("name", "asked"), ACTIONS)
def test_a_command_that_is_cut_off_goes_on_with_its_job(rig: Rig, name: str, asked: AskedAction) -> None:
    result = act(rig, name, asked, timeout=8)
    assert [end.outcome for end in result.ends] == [Outcome.MOVING]
    assert jobs(rig) == ["running"]
    (item,) = chosen(rig, name, asked)
    assert item.job is not None
    assert not item.is_done
    assert [end.outcome for end in act(rig, name, asked).ends] == [Outcome.DONE]
    assert jobs(rig) == ["success"]


@pytest.mark.parametrize(("name", "asked"), ACTIONS)
def test_a_job_that_ended_a_moment_ago_is_not_begun_once_more(rig: Rig, name: str, asked: AskedAction) -> None:
    act(rig, name, asked)
    assert [item.is_done for item in chosen(rig, name, asked)] == [True]
    assert act(rig, name, asked).ends == ()
    act(rig, name, AskedAction(saved_as=asked.saved_as, again=True))
    assert jobs(rig) == ["success", "success"]


def test_a_move_is_another_one_after_an_hour(rig: Rig) -> None:
    act(rig, "migrate", AskedAction())
    rig.clock.run(rig.clock.sleep(3700))
    act(rig, "migrate", AskedAction())
    assert jobs(rig) == ["success", "success"]


def test_another_image_is_another_job(rig: Rig) -> None:
    act(rig, "save-image", IMAGE)
    act(rig, "save-image", AskedAction(saved_as="docker.io/team/model:2"))
    assert jobs(rig) == ["success", "success"]


def test_a_job_that_fails_is_a_failure(rig: Rig) -> None:
    rig.world.unpullable = ("*/team/*",)
    (end,) = act(rig, "save-image", IMAGE).ends
    assert end.outcome is Outcome.FAILED
    assert "failed: PushFailed: could not finish saveImage" in end.reason


@pytest.mark.parametrize("position", list(Position))
def test_a_lost_answer_begins_one_job_at_most(rig: Rig, position: Position) -> None:
    rig.world.faults.add(Fault(kind=Trouble.LOST, operation="jobs.save_image", position=position, count=1))
    first = act(rig, "save-image", IMAGE)
    if first.ends[0].outcome is not Outcome.DONE:
        assert [end.outcome for end in act(rig, "save-image", IMAGE).ends] == [Outcome.DONE]
    assert jobs(rig) == ["success"]


def test_a_job_that_only_v2_knows_is_stopped_through_it(rig: Rig) -> None:
    act(rig, "save-image", IMAGE, timeout=8)
    (job,) = rig.world.jobs

    def unlisted(client: Client) -> None:
        async def nothing(_: object) -> list[Any]:
            return []

        client.walk = nothing  # type: ignore[method-assign,assignment]

    async def stop(view: AccountView) -> list[str]:
        return [item.state for item in await break_jobs(view, (job.id,), steal=False)]

    assert viewed(rig, stop, adapted=unlisted) == ["Running"]
    assert jobs(rig) == ["break"]
    assert rig.world.calls["jobs_v2.stop"] == 1
    assert viewed(rig, stop, adapted=unlisted) == ["break"]
