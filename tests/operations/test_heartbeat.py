"""Signs of life: no minute without a line while something is awaited. In made-up time."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from fake_account import step
from rig import Rig
from virtual import VirtualClock

from novita_infra.api.awaited import AwaitedCalls
from novita_infra.api.errors import Throttled, Unreachable
from novita_infra.api.heartbeat import Heartbeat
from novita_infra.api.request import get
from novita_infra.applying.events import Ended, Event, Outcome, Progressed, Started
from novita_infra.model.resources import Phase
from novita_infra.operations.heartbeat import RunHeartbeat
from novita_infra.planning.plan.steps import StepKind
from novita_infra.simulator.faults.model import Fault
from novita_infra.simulator.world.engine.settings import Timings


def awaited(clock: VirtualClock) -> AwaitedCalls:
    return AwaitedCalls(clock.now, quiet_until=lambda: 0.0)


def test_a_command_reports_what_it_waits_for_once_a_minute_and_nothing_else() -> None:
    clock = VirtualClock()
    calls, lines, start = awaited(clock), list[tuple[float, str]](), clock.now()
    heartbeat = Heartbeat(clock, calls, lambda text: lines.append((clock.now() - start, text)))

    async def story() -> None:
        async with heartbeat.while_reading():
            await clock.sleep(190)  # a person reads a question, or nothing is awaited
            assert lines == []
            with calls.call(get("/list")) as call:
                call.error = Throttled(get("/list"), status=429)
                await clock.sleep(120)
                heartbeat.heard()
                await clock.sleep(45)

    clock.run(story())
    moments = [at for at, _ in lines]
    assert moments == [195, 245, 295]
    assert lines[0][1].startswith("Still waiting: GET /list: no reason given (HTTP 429)")


def test_a_call_that_fails_is_reported_after_seconds_and_only_once() -> None:
    clock = VirtualClock()
    calls, lines, start = awaited(clock), list[tuple[float, str]](), clock.now()
    heartbeat = Heartbeat(clock, calls, lambda text: lines.append((clock.now() - start, text)))

    async def story() -> None:
        async with heartbeat.while_reading():
            for seconds in (4, 18, 30):  # the first one is answered before it is worth a line
                with calls.call(get("/list")) as call:
                    call.error = Unreachable(get("/list"), text="no connection")
                    await clock.sleep(seconds)
                await clock.sleep(8)

    clock.run(story())
    assert [at for at, _ in lines] == [17, 43]
    assert lines[0][1].startswith("Still waiting: GET /list: no connection")


def test_a_command_reports_the_programs_that_it_waits_for() -> None:
    clock = VirtualClock()
    calls, lines = awaited(clock), list[str]()
    heartbeat = Heartbeat(clock, calls, lines.append)

    async def story() -> None:
        async with heartbeat.while_reading():
            with calls.program("the policy prices"):
                await clock.sleep(60)
                with calls.program("the policy names"):
                    await clock.sleep(50)
            await clock.sleep(300)

    clock.run(story())
    assert lines == [
        "Still waiting: the policy prices runs for 50 s",
        "Still waiting: the policy prices runs for 1 min 40 s; 1 other program runs",
    ]


def test_a_silent_step_emits_its_status_its_note_and_the_reason_once_a_minute() -> None:
    clock = VirtualClock()
    calls, events, start = awaited(clock), list[tuple[float, Event]](), clock.now()
    heartbeat = Heartbeat(clock, calls, lambda _: None)
    run = RunHeartbeat(heartbeat, lambda event: events.append((clock.now() - start, event)))
    pulling, locked, quick = (step(StepKind.CREATE, key=key) for key in ("pulling", "locked", "quick"))

    async def story() -> None:
        async with run.beating():
            run.listen(Started(pulling))
            run.listen(Progressed(locked, "", Phase.CHANGING, "waiting", 1.0, "another run creates one (ada)"))
            run.listen(Started(quick))
            run.listen(Ended(quick, Outcome.DONE))
            await clock.sleep(20)
            run.listen(Progressed(pulling, "i-1", Phase.CHANGING, "pulling", 20.0))
            await clock.sleep(45)
            with calls.call(get("/list")) as call:
                call.error = Throttled(get("/list"), status=429)
                await clock.sleep(40)

    clock.run(story())
    signs = [(at, event) for at, event in events[5:] if isinstance(event, Progressed)]
    assert [(at, event.step.key, event.status, event.elapsed) for at, event in signs] == [
        (50, locked.key, "waiting", 51.0),
        (70, pulling.key, "pulling", 70.0),
        (100, locked.key, "waiting", 101.0),
    ]
    assert [event.note.startswith("another run creates one (ada)") for _, event in signs] == [True, False, True]
    assert all("HTTP 429" in event.note for at, event in signs if at > 65)


def test_an_apply_is_never_silent_for_a_minute(tmp_path: Path) -> None:
    machine = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04", "cluster": "us-dallas-nas-2"}
    rig = Rig(tmp_path, timings=Timings(pull=(400, 400)))
    rig.declare(("Instance", "slow", machine))
    rig.world.faults.add(Fault(operation="instances.get", skip=8, count=14, status=500))
    rig.world.faults.add(Fault(operation="instances.get", skip=22, count=2, status=429, retry_after="60"))
    moments: list[float] = []

    def seen(_: Event) -> bool:
        moments.append(rig.clock.now())
        return False

    rig.apply(stop_when=seen)
    assert moments[-1] - moments[0] > 400
    assert max(later - earlier for earlier, later in pairwise(moments)) <= 60
    notes = [event.note for event in rig.events if isinstance(event, Progressed)]
    assert any("HTTP 500" in note for note in notes)
    assert any("as the service asked (1 min)" in note for note in notes)
