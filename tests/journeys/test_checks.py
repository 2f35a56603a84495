"""Checks: what an apply asks an object at its end, and when it asks again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from plan_shapes import checked_json
from rig import Rig

from novita_infra.applying.events import Ended, Outcome, Progressed
from novita_infra.model.diagnostics import Problems
from novita_infra.planning.plan.changes import Action
from novita_infra.views.content.events import event_line
from novita_infra.views.content.lines import plain
from novita_infra.views.plan_lines.plan import plan_lines

SPEC: dict[str, Any] = {
    "product": {"gpu": "RTX 4090"},
    "image": "vllm/vllm-openai:v0.6",
    "ports": ["80/http"],
    "healthPath": "/ready",
    "workers": {"min": 1, "max": 2, "idleTimeout": 60, "maxConcurrency": 8, "requestTimeout": 600},
    "scaling": {"type": "queue", "value": 10},
}
HTTP = {"http": {"path": "/ready"}}


def declare(rig: Rig, check: dict[str, Any] | None, *more: dict[str, Any], **changes: Any) -> None:
    rig.declare()
    head = {"apiVersion": "novita-infra/v1", "kind": "Endpoint", "metadata": {"name": "api"}}
    rig.write("main.yaml", {**head, **({"check": check} if check else {}), "spec": {**SPEC, **changes}}, *more)


def end_of(rig: Rig, **asked: Any) -> Ended:
    (end,) = rig.apply(expect_success=False, **asked).ends
    return end


def notes(rig: Rig) -> list[str]:
    return [event.note for event in rig.events if isinstance(event, Progressed) and event.note]


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, environ={})


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (HTTP, "checked: GET /ready answered 200"),
        ({"http": {"path": "/nowhere", "status": 404}}, "checked: GET /nowhere answered 404"),
        ({"chat": {"model": "model", "prompt": "hi"}}, "checked: the answer begins "),
        ({"completion": {"model": "model"}}, "checked: the answer begins "),
        ({"embedding": {"model": "model"}}, "checked: the answer has 1024 numbers"),
    ],
)
def test_a_new_endpoint_is_checked_once(rig: Rig, check: dict[str, Any], said: str) -> None:
    declare(rig, check)
    rig.apply()
    assert [note for note in notes(rig) if note.startswith(said)]
    rig.assert_converged()


def test_the_queue_of_an_asynchronous_endpoint_is_checked(rig: Rig) -> None:
    declare(rig, None, appName="jobs")
    rig.apply()
    (endpoint,) = rig.world.endpoints
    endpoint.type = "async"  # as the console makes it
    declare(rig, {"queue": {"workers": 1}}, appName="jobs")
    rig.apply()
    assert "checked: workers that are up: 1" in notes(rig)


def test_a_plan_asks_nothing_and_says_what_will_be_asked(rig: Rig) -> None:
    declare(rig, HTTP)
    rig.apply()
    before = rig.world.calls.copy()
    declare(rig, {"http": {"path": "/health"}})
    (change,) = rig.plan().plan.changes
    assert change.action is Action.RESUME
    assert set(rig.world.calls - before) <= {"endpoints.list", "clusters.list", "endpoints.limit", "products_v2.list"}
    (step,) = rig.plan().plan.steps
    assert str(step.conditions.check) == "GET /health must answer 200"


def test_a_check_that_fails_is_an_error_and_is_asked_again_by_the_next_apply(rig: Rig) -> None:
    declare(rig, {"http": {"path": "/missing"}, "retries": 2, "interval": "5s"})
    end = end_of(rig)
    assert end.outcome is Outcome.FAILED
    assert end.reason.startswith("its check failed: GET /missing must answer 200, and GET /missing answered 404, which")
    assert "the next run checks it again" in end.reason
    assert len([note for note in notes(rig) if "asked again in 5 s" in note]) == 2
    assert rig.record("endpoint.api").id, "the object stays"
    assert end_of(rig).outcome is Outcome.FAILED
    declare(rig, HTTP)
    rig.apply()
    rig.assert_converged()
    assert rig.world.calls["endpoints.create"] == 1


def test_an_endpoint_without_a_worker_is_asked_until_one_has_started(rig: Rig) -> None:
    declare(rig, {**HTTP, "retries": 100}, workers={**SPEC["workers"], "min": 0})
    rig.apply()
    assert any(note.startswith("GET /ready answered 503") for note in notes(rig))
    assert "checked: GET /ready answered 200" in notes(rig)


def test_an_update_is_checked_and_labels_are_not(rig: Rig) -> None:
    declare(rig, HTTP)
    rig.apply()
    declare(rig, HTTP, env={"LOG_LEVEL": "debug"})
    rig.events.clear()
    rig.apply()
    assert "checked: GET /ready answered 200" in notes(rig)
    declare(rig, None, env={"LOG_LEVEL": "debug"})
    assert rig.plan().empty, "what is no longer declared is not asked"


def test_a_run_that_is_interrupted_during_a_check_leaves_it_to_the_next_one(rig: Rig) -> None:
    declare(rig, {"http": {"path": "/missing"}})
    end = end_of(rig, stop_when=lambda event: isinstance(event, Progressed) and "asked again" in event.note)
    assert end.outcome is Outcome.MOVING
    assert "the next run checks it again" in end.reason
    (change,) = rig.plan().plan.changes
    assert change.action is Action.RESUME


def test_what_depends_on_an_endpoint_waits_for_its_check(rig: Rig) -> None:
    template = {
        "apiVersion": "novita-infra/v1",
        "kind": "VPC",
        "metadata": {"name": "net"},
        "lifecycle": {"dependsOn": ["endpoint.api"]},
        "spec": {"cluster": "us-ca-nas-2"},
    }
    declare(rig, {"http": {"path": "/missing"}, "retries": 0}, template)
    ends = {str(end.step.address): end for end in rig.apply(expect_success=False).ends}
    assert ends["vpc.net"].outcome is Outcome.SKIPPED
    assert ends["vpc.net"].reason == "endpoint.api failed"


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ({"http": {"path": "health"}}, r"check\.http\.path cannot be \"health\""),
        ({"timeout": "5s"}, "check"),
        ({"http": {"path": "/"}, "queue": {}}, "check"),
        ({"http": {"path": "${endpoint.api.url}"}}, "check"),
    ],
)
def test_a_check_that_cannot_be_asked_is_an_error_of_the_manifest(rig: Rig, check: Any, message: str) -> None:
    declare(rig, check)
    with pytest.raises(Problems, match=message):
        rig.project()


def test_every_check_is_made_again_on_request(rig: Rig) -> None:
    declare(rig, HTTP)
    rig.apply()
    rig.events.clear()
    (change,) = rig.plan(checks=True).plan.changes
    assert (change.action, change.why) == (Action.RESUME, "all checks are asked for")
    (step,) = rig.plan(checks=True).plan.steps
    assert str(step.conditions.check) == "GET /ready must answer 200"
    rig.apply(checks=True)
    assert "checked: GET /ready answered 200" in notes(rig)
    rig.assert_converged()


def test_a_health_run_that_fails_leaves_the_check_to_the_next_apply(rig: Rig) -> None:
    asleep = {**SPEC["workers"], "min": 0}
    declare(rig, {**HTTP, "retries": 100}, workers=asleep)
    rig.apply()
    rig.clock.run(rig.clock.sleep(86_400))
    declare(rig, {**HTTP, "retries": 0}, workers=asleep)
    assert rig.plan().empty
    assert "GET /ready answered 503" in end_of(rig, checks=True).reason
    (change,) = rig.plan().plan.changes
    assert change.action is Action.RESUME


def test_a_check_is_shown_in_a_plan_and_its_events_in_an_apply(rig: Rig) -> None:
    declare(rig, HTTP)
    review = rig.plan()
    assert "endpoint.api is checked after the apply: GET /ready must answer 200" in plain(plan_lines(review))
    steps = checked_json(review)["novita"]["steps"]
    assert [step["check"] for step in steps if "check" in step] == ["GET /ready must answer 200"]
    rig.apply()
    shown = [plain([event_line(event)]) for event in rig.events]
    assert [text for text in shown if "endpoint.api" in text and "checked: GET /ready answered 200" in text]


def test_a_check_that_fails_in_a_group_rolls_the_group_back(rig: Rig) -> None:
    together = {"group": "serving"}
    vpc = {
        "apiVersion": "novita-infra/v1",
        "kind": "VPC",
        "metadata": {"name": "net"},
        "lifecycle": together,
        "spec": {"cluster": "us-ca-nas-2"},
    }
    rig.declare()
    head = {"apiVersion": "novita-infra/v1", "kind": "Endpoint", "metadata": {"name": "api"}, "lifecycle": together}
    rig.write("main.yaml", {**head, "check": {"http": {"path": "/missing"}, "retries": 1}, "spec": SPEC}, vpc)
    ends = {str(end.step.address): end.reason for end in rig.apply(expect_success=False).ends if end.reason}
    assert ends["endpoint.api"].startswith("its check failed")
    assert ends["vpc.net"] == "taken down again: the group serving failed"
    assert not rig.state().records
    assert rig.world.calls["endpoints.delete"] == 1
