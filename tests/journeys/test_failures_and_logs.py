"""A machine that does not start: what is reported, its own log included, and when an endpoint fails early."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from rig import Rig

from novita_infra.applying.events import Ended, Outcome, Progressed, Result
from novita_infra.applying.waiting import STUCK
from novita_infra.kinds.toolkit.image_pulls import REMEDY
from novita_infra.model.clock import moment
from novita_infra.simulator import scenario_of
from novita_infra.simulator.scenarios.model import start_scenario
from novita_infra.simulator.world.engine.settings import Timings
from novita_infra.views.content.lines import plain
from novita_infra.views.formats.json.output import whole_output
from novita_infra.views.formats.json.state import record_json
from novita_infra.views.formats.json.ui import Messages
from novita_infra.views.formats.text.result import result_lines
from novita_infra.views.formats.text.state import record_lines
from novita_infra.views.plan_lines.plan import plan_lines

MACHINE: dict[str, Any] = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04", "cluster": "us-dallas-nas-2"}
WORKERS = {"min": 1, "max": 2, "idleTimeout": 60, "maxConcurrency": 1, "requestTimeout": 60}
ENDPOINT: dict[str, Any] = {
    "product": {"gpu": "RTX 4090"},
    "image": "ubuntu:22.04",
    "ports": ["80/http"],
    "healthPath": "/",
    "workers": WORKERS,
    "scaling": {"type": "queue", "value": 1},
}
NOT_THERE = "acme/does-not-exist:1"
CRASHES = "sh -c 'printenv; exit 3'"
ENVIRON = {"SALT": "pepper-and-salt", "PASSWORD": "hunter2"}
ENV = {
    "SALT": {"fromEnv": "SALT"},
    "DATABASE": "postgres://app:${env.PASSWORD}@db.example.com/app",
    "SESSION_KEY": "written in clear",
    "MODE": "train",
}


def rig_at(folder: Path, *resources: tuple[str, str, dict[str, Any]], **lifecycles: Any) -> Rig:
    rig = Rig(folder, environ=ENVIRON, timings=Timings())
    rig.declare(*resources, **lifecycles)
    return rig


def text_of(result: Result) -> str:
    """What the person reads at the end."""
    return plain(result_lines(result, again="novita-infra apply ."))


def failure(rig: Rig, name: str) -> Ended:
    ends = [event for event in rig.events if isinstance(event, Ended) and event.step.address.name == name]
    assert ends[-1].outcome is Outcome.FAILED
    return ends[-1]


def tells_logs(profile: str) -> bool:
    return profile != "strict"


def test_an_image_that_cannot_be_pulled_is_reported_with_the_log(tmp_path: Path, usual_profile: str) -> None:
    rig = rig_at(tmp_path, ("Instance", "a", {**MACHINE, "image": NOT_THERE}))
    text = text_of(rig.apply(expect_success=False))
    assert f"failed: ImagePullFailed: image {NOT_THERE} cannot be pulled: manifest unknown; {REMEDY} first" in text
    lines = [
        "      last log lines:",
        f"        Pulling image {NOT_THERE}",
        f"        Failed to pull image {NOT_THERE}: manifest unknown",
    ]
    assert [line for line in text.splitlines() if line in lines] == (lines if tells_logs(usual_profile) else [])


@pytest.mark.parametrize("count", [1, 5])
def test_a_crashing_program_is_reported_with_its_log_without_secrets(
    tmp_path: Path, usual_profile: str, count: int
) -> None:
    machine = {**MACHINE, "command": CRASHES, "env": ENV}
    rig = rig_at(tmp_path, *(("Instance", f"m{number}", machine) for number in range(count)))
    result = rig.apply(expect_success=False)
    for number in range(count):  # many are found in a list, which tells no address
        end = failure(rig, f"m{number}")
        assert end.reason.endswith("failed: ContainerExited: the container exited with code 3")
        shown = [line for line in end.log if not line.startswith("NOVITA_INFRA_OWNER=")]
        assert shown == (
            [
                f"+ {CRASHES}",
                "DATABASE=(secret)",
                "MODE=train",
                "SALT=(secret)",
                "SESSION_KEY=(secret)",
                "the program ended with exit code 3",
            ]
            if tells_logs(usual_profile)
            else []
        )
    stream = io.StringIO()
    listen = Messages(whole_output(stream), now=rig.clock.now).listener()
    for event in rig.events:
        listen(event)
    everything = stream.getvalue() + text_of(result)
    assert not [secret for secret in ("pepper", "hunter2", "written in clear", "?token=") if secret in everything]
    details = [json.loads(line).get("diagnostic", {}).get("detail", "") for line in stream.getvalue().splitlines()]
    said = [detail for detail in details if "last log lines:\n  + sh -c" in detail]
    assert len(said) == (count if tells_logs(usual_profile) else 0)


def test_an_endpoint_with_only_failed_workers_fails_early_with_the_log(tmp_path: Path, usual_profile: str) -> None:
    endpoint = {**ENDPOINT, "workers": {**WORKERS, "min": 2}, "command": CRASHES, "env": ENV}
    rig = rig_at(tmp_path, ("Endpoint", "api", endpoint))
    began = rig.clock.now()
    rig.apply(expect_success=False)
    assert STUCK < rig.clock.now() - began < STUCK + 90
    end = failure(rig, "api")
    first, second = (worker.id for worker in next(iter(rig.world.endpoints)).workers)
    assert (
        f"does not come up: workers {first}, {second}: ContainerExited: the container exited with code 3" in end.reason
    )
    assert bool(end.log) == tells_logs(usual_profile)
    if end.log:
        assert end.log[-1] == "the program ended with exit code 3"
        assert "SALT=(secret)" in end.log
    rig.assert_nothing_lost()


def test_a_failed_endpoint_is_updated_by_the_next_run_and_not_replaced(tmp_path: Path) -> None:
    rig = rig_at(tmp_path, ("Endpoint", "api", {**ENDPOINT, "image": NOT_THERE}))
    rig.apply(expect_success=False)
    assert (
        f"it is recorded in the state and remains: {REMEDY}, and the next run goes on with it"
        in failure(rig, "api").reason
    )
    id = rig.record("endpoint.api").id
    rig.apply(expect_success=False)  # nothing is changed, so nothing comes of it
    assert "does not come up" in failure(rig, "api").reason
    rig.declare(("Endpoint", "api", ENDPOINT))
    rig.apply()
    assert rig.record("endpoint.api").id == id
    rig.assert_converged()


def test_an_endpoint_of_which_new_workers_begin_meanwhile_is_waited_for(tmp_path: Path) -> None:
    rig = rig_at(tmp_path, ("Endpoint", "api", {**ENDPOINT, "image": NOT_THERE}))
    mended = {
        "id": "$id",
        "workerConfig": {"minNum": 1, "maxNum": 2, "freeTimeout": 60, "maxConcurrent": 1, "gpuNum": 1},
        "ports": [{"port": 80}],
        "policy": {"type": "queue", "value": 1},
        "image": {"image": "ubuntu:22.04"},
    }
    call = {"do": "call", "operation": "endpoints.update", "each": {"kind": "endpoints"}, "body": mended}
    event = {"upon": "endpoints.create", "after": 50, **call}
    start_scenario(rig.world, scenario_of({"name": "mended", "says": "Someone mends it in time.", "events": [event]}))
    result = rig.apply()
    assert result.ends[0].elapsed > STUCK


def test_an_update_does_not_fail_early_while_old_workers_serve(tmp_path: Path) -> None:
    rig = rig_at(tmp_path, ("Endpoint", "api", ENDPOINT))
    rig.apply()
    rig.declare(("Endpoint", "api", {**ENDPOINT, "image": NOT_THERE}), api={"timeouts": {"update": "4m"}})
    rig.apply(expect_success=False)
    end = failure(rig, "api")
    assert end.elapsed >= 240
    assert f"is still updating after 240 s (worker {_failed_worker(rig)}: ImagePullFailed" in end.reason
    assert end.reason.endswith(f"; {REMEDY} first")
    rig.declare(("Endpoint", "api", ENDPOINT))
    rig.apply()
    rig.assert_converged()


def test_a_timeout_is_reported_with_the_log(tmp_path: Path, usual_profile: str) -> None:
    rig = rig_at(tmp_path, ("Instance", "a", MACHINE), a={"timeouts": {"create": "10s"}})
    rig.apply(expect_success=False)
    end = failure(rig, "a")
    assert "is still pulling after 10 s" in end.reason
    assert end.log[-1:] == (("layers: 3 of 7",) if tells_logs(usual_profile) else ())
    rig.clock.run(rig.clock.sleep(60))
    rig.apply()
    rig.assert_converged()


def test_state_and_next_plan_report_a_failed_create(tmp_path: Path) -> None:
    rig = rig_at(tmp_path, ("Instance", "a", MACHINE), a={"timeouts": {"create": "10s"}})
    began = rig.clock.now()
    rig.apply(expect_success=False)
    record = rig.record("instance.a")
    ended = f"{record.id} is still pulling after 10 s"
    assert record.pending is not None
    assert (record.pending.call, record.pending.ended) == ("create", ended)
    assert began <= record.pending.since <= rig.clock.now()
    shown = plain(record_lines(record))
    assert f"    under way: create, since {moment(record.pending.since)}\n" in shown
    assert f"        the last run ended so: {ended}\n" in shown
    assert record_json(record)["novita"]["underway"]["ended"] == ended
    review = rig.plan()
    assert review.plan.changes[0].why.endswith(f"; the last run ended so: {ended}; it is pulling")
    rig.clock.run(rig.clock.sleep(60))
    rig.apply()
    assert rig.record("instance.a").pending is None
    rig.assert_converged()


def test_a_create_left_by_an_interrupted_run_is_reported(tmp_path: Path) -> None:
    rig = rig_at(tmp_path, ("Instance", "a", MACHINE))
    rig.apply(stop_when=lambda event: isinstance(event, Progressed), expect_success=False)
    record = rig.record("instance.a")
    assert record.pending is not None
    assert record.pending.ended.startswith(f"{record.id} is still ")


def test_a_failed_create_is_reported_by_run_state_and_plan_without_secrets(tmp_path: Path) -> None:
    rig = rig_at(tmp_path, ("Instance", "a", {**MACHINE, "image": "acme/${env.PASSWORD}/does-not-exist:1"}))
    result = rig.apply(expect_success=False)
    record = rig.record("instance.a")
    assert record.pending is not None
    ended = f"{record.id} failed: ImagePullFailed: image (secret) cannot be pulled: manifest unknown"
    assert record.pending.ended == ended
    assert rig.plan().plan.changes[0].why.startswith("it failed: ImagePullFailed: image ")
    everything = text_of(result) + plain(plan_lines(rig.plan())) + (tmp_path / "state" / "default.json").read_text()
    assert "hunter2" not in everything


@pytest.mark.parametrize("trouble", ["refuses", "hangs", "breaks"])
def test_a_log_that_cannot_be_had_changes_nothing(tmp_path: Path, trouble: str) -> None:
    class Rigged(Rig):
        def transport(self) -> httpx.AsyncBaseTransport:
            return _Without(super().transport(), self, trouble)

    rig = Rigged(tmp_path, environ={})
    rig.declare(("Instance", "a", {**MACHINE, "image": NOT_THERE}))
    rig.apply(expect_success=False)
    end = failure(rig, "a")
    said = f"failed: ImagePullFailed: image {NOT_THERE} cannot be pulled: manifest unknown; {REMEDY} first"
    assert end.reason.endswith(said)
    assert end.log == ()
    assert end.elapsed < 40


class _Without(httpx.AsyncBaseTransport):
    """A way to a service whose logs cannot be had."""

    def __init__(self, transport: httpx.AsyncBaseTransport, rig: Rig, trouble: str) -> None:
        self._transport, self._rig, self._trouble = transport, rig, trouble

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.startswith("/logs/"):
            return await self._transport.handle_async_request(request)
        match self._trouble:
            case "refuses":
                return httpx.Response(403, text="not you")
            case "hangs":
                await self._rig.clock.sleep(3600)
                raise AssertionError("it was waited for")
            case _:
                raise RuntimeError("a mistake of ours")


def _failed_worker(rig: Rig) -> str:
    return next(worker.id for worker in next(iter(rig.world.endpoints)).workers if worker.error)
