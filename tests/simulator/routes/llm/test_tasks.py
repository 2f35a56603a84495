"""Generation tasks: their statuses, results, prices and limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from novita_infra.simulator import PROFILES, Limits
from novita_infra.simulator.world.llm.tasks import TASK_KINDS

ASYNC = "/v3/async"


def submit(cloud: Any, operation: str = "txt2img", **body: Any) -> str:
    return str(cloud.post(f"{ASYNC}/{operation}", body or {"request": {"prompt": "a cat"}})["task_id"])


def result(cloud: Any, key: str) -> Any:
    return cloud.get(f"{ASYNC}/task-result", task_id=key)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_task_goes_through_its_states(make_cloud: Any, profile: str) -> None:
    cloud = make_cloud(quirks=PROFILES[profile])
    key = submit(cloud, request={"prompt": "a cat", "image_num": 2, "seed": 7}, extra={"response_image_type": "jpeg"})
    seen = []
    for _ in range(25):
        seen.append(result(cloud, key)["task"])
        cloud.pass_(1)
    assert list(dict.fromkeys(one["status"] for one in seen)) == [
        "TASK_STATUS_QUEUED",
        "TASK_STATUS_PROCESSING",
        "TASK_STATUS_SUCCEED",
    ]
    done = [one["progress_percent"] for one in seen]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, 100)
    remaining = [one["eta"] for one in seen]
    assert remaining == sorted(remaining, reverse=True)
    shown = result(cloud, key)
    assert shown["task"]["task_type"] == "TXT_TO_IMG"
    assert [image["image_type"] for image in shown["images"]] == ["jpeg", "jpeg"]
    assert shown["images"][0]["image_url"] != shown["images"][1]["image_url"]
    assert (shown["videos"], shown["audios"], shown["extra"]["seed"]) == ([], [], "7")
    times = [int(shown["extra"]["debug_info"][f"{name}_time_ms"]) for name in ("submit", "execute", "complete")]
    assert times == sorted(times)


@pytest.mark.parametrize("operation", TASK_KINDS)
def test_every_task_operation_has_results_of_its_media(cloud: Any, operation: str) -> None:
    key = submit(cloud, operation, prompt="a cat", text="say it")
    cloud.pass_(200)
    shown = result(cloud, key)
    made = {kind: len(shown[kind]) for kind in ("images", "videos", "audios")}
    assert sorted(made.values()) == [0, 0, 1]
    assert made[f"{TASK_KINDS[operation].media}s"] == 1


def test_a_failed_task_costs_nothing(cloud: Any) -> None:
    before = cloud.world.sums.settled
    key = submit(cloud, request={"prompt": "x", "model_name": "does-not-exist.safetensors"})
    cloud.pass_(60)
    shown = result(cloud, key)
    assert shown["task"]["status"] == "TASK_STATUS_FAILED"
    assert shown["task"]["reason"]
    assert shown["images"] == []
    assert cloud.world.sums.settled == before


def test_pictures_of_tasks_and_their_detection_are_charged(cloud: Any) -> None:
    before = cloud.world.sums.settled
    submit(cloud, request={"prompt": "a", "image_num": 3}, extra={"enable_nsfw_detection": True})
    cloud.pass_(60)
    cloud.world.advance()
    assert before - cloud.world.sums.settled == 3 * (150 + 150)
    (row,) = cloud.get("/openapi/v1/billing/bill/list", cycleType="Day", productCategory="gen_api")["bills"]
    assert (row["productName"], row["billNum0"], row["amountDecimal"]) == ("txt2img", "3", "0.00900")


def test_unknown_tasks_and_operations_have_different_reasons(cloud: Any, make_cloud: Any) -> None:
    assert cloud.refused("POST", f"{ASYNC}/none", json={}) == (404, "API_NOT_FOUND")
    assert cloud.refused("GET", f"{ASYNC}/task-result", params={"task_id": "x"}) == (404, "TASK_NOT_FOUND")
    assert cloud.refused("GET", f"{ASYNC}/task-result") == (400, "INVALID_REQUEST_BODY")
    poor = make_cloud(limits=Limits(balance=10))
    assert poor.refused("POST", f"{ASYNC}/txt2img", json={}) == (400, "BILLING_BALANCE_NOT_ENOUGH")


def test_tasks_a_minute_are_limited_by_operation(cloud: Any) -> None:
    for _ in range(2):
        submit(cloud, "txt2video", prompt="a")
    assert cloud.refused("POST", f"{ASYNC}/txt2video", json={"prompt": "a"}) == (429, "RATE_LIMIT_EXCEEDED")
    submit(cloud, "wan-t2v", prompt="a")
    cloud.pass_(60)
    submit(cloud, "txt2video", prompt="a")


def test_a_finished_task_is_forgotten_after_days(cloud: Any) -> None:
    key = submit(cloud)
    cloud.pass_(8 * 86_400)
    assert cloud.refused("GET", f"{ASYNC}/task-result", params={"task_id": key}) == (404, "TASK_NOT_FOUND")


def test_a_task_request_can_hold_a_large_picture(cloud: Any) -> None:
    body = json.dumps({"image_file": "x" * 5_000_000})
    assert cloud.send("POST", f"{ASYNC}/remove-background", content=body).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"request": []},
        {"request": {"prompt": 5}},
        {"request": {"image_num": 9}},
        {"seed": -2},
        {"extra": {"response_image_type": "gif"}},
        {"extra": {"webhook": {}}},
        {"extra": {"webhook": {"url": "ftp://127.0.0.1/"}}},
        {"extra": {"webhook": {"url": "http://"}}},
        {"extra": {"webhook": {"url": "http://127.0.0.1:99999/"}}},
        {"extra": {"webhook": {"url": "http://127.0.0.1/\r\nX: y"}}},
        {"extra": {"webhook": {"url": "http://[::1/"}}},
        {"extra": {"webhook": {"url": "http://127.0.0.1/", "test_mode": {"return_task_status": "DONE"}}}},
    ],
)
def test_an_invalid_task_is_refused(cloud: Any, body: Any) -> None:
    assert cloud.refused("POST", f"{ASYNC}/txt2img", json=body) == (400, "INVALID_REQUEST_BODY")


def test_a_task_continues_after_reopening(make_cloud: Any, tmp_path: Path) -> None:
    first = make_cloud(tmp_path / "sim.db")
    key = submit(first)
    first.pass_(3)
    assert result(first, key)["task"]["status"] == "TASK_STATUS_PROCESSING"
    first.world.close()
    second = make_cloud(tmp_path / "sim.db")
    second.pass_(60)
    assert result(second, key)["task"]["status"] == "TASK_STATUS_SUCCEED"
    assert second.world.sums.settled == second.world.limits.balance - 150
