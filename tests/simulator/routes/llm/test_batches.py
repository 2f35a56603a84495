"""Batches: from their input through every documented status to their output."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from draws import draws
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from novita_infra.simulator import PROFILES, HandClock, Limits, Timings, open_world
from novita_infra.simulator.http.app import build_app
from novita_infra.simulator.http.control import world_state

LLM = "/openai/v1"
MODEL = "meta-llama/llama-3.3-70b-instruct"
TEXTS = ["What is a river?", "And a road?", "And a window?"]
DAY = 86_400
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}\+08:00")


def ask(text: str, **changes: Any) -> dict[str, Any]:
    return {"model": MODEL, "messages": [{"role": "user", "content": text}], "max_tokens": 50} | changes


def lines(bodies: Sequence[Any]) -> str:
    return "".join(json.dumps({"custom_id": f"r{n}", "body": body}) + "\n" for n, body in enumerate(bodies))


def upload(cloud: Any, text: str) -> str:
    form: dict[str, Any] = {"files": {"file": ("in.jsonl", text)}, "data": {"purpose": "batch"}}
    return str(cloud.send("POST", f"{LLM}/files", **form).json()["id"])


def begin(cloud: Any, text: str = "", *, endpoint: str = "/v1/chat/completions", **more: Any) -> Any:
    """Creates a batch over a new file; returns its id."""
    source = upload(cloud, text or lines([ask(text) for text in TEXTS]))
    return cloud.post(f"{LLM}/batches", {"input_file_id": source, "endpoint": endpoint} | more)


def batch(cloud: Any, key: str) -> Any:
    return cloud.get(f"{LLM}/batches/{key}")


def results(cloud: Any, file: str) -> list[Any]:
    return [json.loads(line) for line in cloud.send("GET", f"{LLM}/files/{file}/content").text.splitlines()]


@pytest.fixture
def slow_cloud(make_cloud: Any) -> Any:
    """A cloud in which each request of a batch takes a minute."""
    cloud = make_cloud()
    cloud.world.timings = Timings(batch_line=60)
    return cloud


def test_a_batch_is_answered_over_time(cloud: Any) -> None:
    begun = begin(cloud)
    states = [begun["status"]]
    for _ in range(20):
        cloud.pass_(1)
        states.append(batch(cloud, begun["id"])["status"])
    assert list(dict.fromkeys(states)) == ["validating", "progress", "completed"]
    done = batch(cloud, begun["id"])
    assert done["request_counts"] == {"total": 3, "completed": 3, "failed": 0}
    assert (done["total"], done["completed"], done["failed"]) == (3, 3, 0)
    assert done["version"] > begun["version"] == 0
    assert (done["errors"], done["error_file_id"]) == ("", "")
    rows = results(cloud, done["output_file_id"])
    assert [row["custom_id"] for row in rows] == ["r0", "r1", "r2"]
    for row, text in zip(rows, TEXTS, strict=True):
        assert row["id"].startswith("batch_req_")
        assert (row["error"], row["response"]["status_code"]) == (None, 200)
        online = cloud.post(f"{LLM}/chat/completions", ask(text))
        assert row["response"]["body"]["choices"] == online["choices"]


def test_a_new_batch_has_every_documented_field(cloud: Any) -> None:
    begun = begin(cloud, completion_window="48h")
    key = cloud.get("/openapi/v2/user/key")["keys"][-1]
    assert begun["id"].startswith("batch_")
    assert (begun["object"], begun["endpoint"], begun["completion_window"]) == ("batch", "/v1/chat/completions", "48h")
    assert (begun["output_file_id"], begun["error_file_id"], begun["errors"], begun["remark"]) == ("", "", "", "")
    assert (begun["created_by_key_id"], begun["created_by"]) == (key["stringId"], key["uuid"])
    assert MOMENT.fullmatch(begun["created_at"])
    assert MOMENT.fullmatch(begun["expires_at"])
    assert begun["metadata"] is None
    for name in ("in_progress_at", "finalizing_at", "completed_at", "failed_at", "expired_at", "cancelled_at"):
        assert begun[name] is None


@pytest.mark.parametrize(("window", "hours"), [("48h", 48), ("24h", 24)])
def test_a_batch_expires_with_its_completion_window(cloud: Any, window: str, hours: int) -> None:
    begun = begin(cloud, completion_window=window)
    assert begun["completion_window"] == window
    created, expires = (datetime.fromisoformat(begun[name]) for name in ("created_at", "expires_at"))
    assert expires - created == timedelta(hours=hours)


def test_a_batch_has_the_time_of_each_state(cloud: Any) -> None:
    key = begin(cloud)["id"]
    cloud.pass_(60)
    shown = batch(cloud, key)
    times = [shown[name] for name in ("created_at", "in_progress_at", "finalizing_at", "completed_at")]
    assert all(MOMENT.fullmatch(time) for time in times)
    assert times == sorted(times)
    assert shown["updated_at"] == shown["completed_at"]


@pytest.mark.parametrize(
    ("profile", "word"), [("live", "validating"), ("documented", "VALIDATING"), ("strict", "VALIDATING")]
)
def test_the_profile_decides_the_case_of_batch_statuses(make_cloud: Any, profile: str, word: str) -> None:
    assert begin(make_cloud(quirks=PROFILES[profile]))["status"] == word


def test_failed_requests_of_a_batch_are_in_the_error_file(cloud: Any) -> None:
    key = begin(cloud, lines([ask("fine"), ask("too hot", temperature=9), ask("fine too")]))["id"]
    cloud.pass_(60)
    shown = batch(cloud, key)
    assert shown["request_counts"] == {"total": 3, "completed": 2, "failed": 1}
    assert [row["custom_id"] for row in results(cloud, shown["output_file_id"])] == ["r0", "r2"]
    (row,) = results(cloud, shown["error_file_id"])
    assert (row["custom_id"], row["response"]["status_code"]) == ("r1", 400)
    assert "temperature" in row["error"]["message"]


def test_text_completions_can_be_batched_too(cloud: Any) -> None:
    key = begin(cloud, lines([{"model": MODEL, "prompt": "Once"}]), endpoint="/v1/completions")["id"]
    cloud.pass_(60)
    (row,) = results(cloud, batch(cloud, key)["output_file_id"])
    assert row["response"]["body"]["object"] == "text_completion"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (lines([ask("a"), ask("b", model="openai/gpt-oss-120b")]), "same model"),
        (lines([ask("a", model="none")]), "model not found"),
        (lines([ask("a", model="qwen/qwen3-max")]), "does not support batches"),
        (lines([ask("a", model="baai/bge-m3")]), "does not support chat"),
        (lines([{"messages": []}]), "model not found"),
        (lines([ask("a")]) * 2, "twice"),
        ('{"custom_id": "a"}', "no body"),
        ('{"custom_id": 5, "body": {}}', "no custom_id"),
        ("[]", "no body"),
        (json.dumps({"custom_id": "a", "body": ask("a"), "url": "/v1/embeddings"}), "is not a POST to"),
        (json.dumps({"custom_id": "a", "body": ask("a"), "method": "GET"}), "is not a POST to"),
        (json.dumps({"custom_id": "\ud800", "body": {"model": ["\udfff"]}}), "model not found"),
    ],
)
def test_a_wrong_input_file_fails_the_batch(cloud: Any, text: str, word: str) -> None:
    key = begin(cloud, text)["id"]
    cloud.pass_(60)
    shown = batch(cloud, key)
    assert shown["status"] == "failed"
    assert word in shown["errors"]
    assert shown["failed_at"]
    assert (shown["output_file_id"], shown["completed"]) == ("", 0)


def test_batches_accept_openai_lines_with_method_and_url(cloud: Any) -> None:
    line = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": ask("a")}
    key = begin(cloud, json.dumps(line))["id"]
    cloud.pass_(60)
    assert batch(cloud, key)["status"] == "completed"


@pytest.mark.parametrize(
    "changes",
    [{"endpoint": "/v1/embeddings"}, {"endpoint": "/openai/v1/chat/completions"}, {"completion_window": "12h"}],
)
def test_creating_a_batch_accepts_only_documented_values(cloud: Any, changes: Any) -> None:
    body = {"input_file_id": upload(cloud, lines([ask("a")])), "endpoint": "/v1/chat/completions"} | changes
    assert cloud.refused("POST", f"{LLM}/batches", json=body) == (400, "INVALID_REQUEST_BODY")


def test_creating_a_batch_requires_a_batch_file_and_money(cloud: Any, make_cloud: Any) -> None:
    body = {"input_file_id": "file_none", "endpoint": "/v1/chat/completions"}
    assert cloud.refused("POST", f"{LLM}/batches", json=body)[0] == 404
    key = begin(cloud)["id"]
    cloud.pass_(60)
    output = body | {"input_file_id": batch(cloud, key)["output_file_id"]}
    assert cloud.refused("POST", f"{LLM}/batches", json=output) == (400, "INVALID_REQUEST_BODY")
    poor = make_cloud(limits=Limits(balance=0))
    rest = body | {"input_file_id": upload(poor, lines([ask("a")]))}
    assert poor.refused("POST", f"{LLM}/batches", json=rest) == (403, "NOT_ENOUGH_BALANCE")
    assert cloud.refused("GET", f"{LLM}/batches/batch_none")[0] == 404
    assert cloud.refused("POST", f"{LLM}/batches/batch_none/cancel")[0] == 404


def test_a_cancelled_batch_keeps_its_finished_answers(slow_cloud: Any) -> None:
    key = begin(slow_cloud)["id"]
    slow_cloud.pass_(5 + 61)
    assert batch(slow_cloud, key)["completed"] == 1
    assert slow_cloud.post(f"{LLM}/batches/{key}/cancel", {})["status"] == "cancelling"
    assert slow_cloud.send("POST", f"{LLM}/batches/{key}/cancel").json()["status"] == "cancelling"
    slow_cloud.pass_(5)
    shown = batch(slow_cloud, key)
    assert (shown["status"], shown["completed"]) == ("cancelled", 1)
    assert shown["cancelling_at"] < shown["cancelled_at"]
    assert [row["custom_id"] for row in results(slow_cloud, shown["output_file_id"])] == ["r0"]
    assert slow_cloud.refused("POST", f"{LLM}/batches/{key}/cancel") == (400, "INVALID_REQUEST_BODY")


def test_a_batch_can_be_cancelled_before_it_starts(cloud: Any) -> None:
    key = begin(cloud)["id"]
    cloud.post(f"{LLM}/batches/{key}/cancel", {})
    cloud.pass_(60)
    shown = batch(cloud, key)
    assert (shown["status"], shown["completed"], shown["output_file_id"]) == ("cancelled", 0, "")


def test_an_expired_batch_keeps_its_finished_answers(slow_cloud: Any) -> None:
    slow_cloud.world.timings = Timings(batch_line=DAY)
    key = begin(slow_cloud)["id"]
    before = slow_cloud.world.sums.settled
    slow_cloud.pass_(2 * DAY + 1)
    shown = batch(slow_cloud, key)
    assert (shown["status"], shown["completed"]) == ("expired", 1)
    (row,) = results(slow_cloud, shown["output_file_id"])
    spent = row["response"]["body"]["usage"]
    cost = (spent["prompt_tokens"] * 13_500 + spent["completion_tokens"] * 40_000) // 10**6
    assert before - slow_cloud.world.sums.settled == cost


def test_a_batch_with_a_deleted_file_fails(slow_cloud: Any) -> None:
    begun = begin(slow_cloud)
    slow_cloud.pass_(10)
    slow_cloud.send("DELETE", f"{LLM}/files/{begun['input_file_id']}")
    slow_cloud.pass_(1000)
    shown = batch(slow_cloud, begun["id"])
    assert shown["status"] == "failed"
    assert begun["input_file_id"] in shown["errors"]


def test_output_files_of_batches_have_an_expiry(cloud: Any) -> None:
    key = begin(cloud)["id"]
    cloud.pass_(60)
    shown = batch(cloud, key)
    file = cloud.get(f"{LLM}/files/{shown['output_file_id']}")
    assert file["purpose"] == "batch_output"
    assert "metadata" not in file
    assert file["expires_at"] - file["created_at"] == 30 * DAY
    cloud.pass_(30 * DAY)
    assert cloud.refused("GET", f"{LLM}/files/{file['id']}")[0] == 404
    assert batch(cloud, key)["status"] == "completed"


def test_batches_are_listed_newest_first_in_pages(cloud: Any) -> None:
    keys = []
    for _ in range(3):
        keys.append(begin(cloud)["id"])
        cloud.pass_(1)
    shown = cloud.get(f"{LLM}/batches")
    assert [one["id"] for one in shown["data"]] == keys[::-1]
    assert (shown["object"], shown["first_id"], shown["last_id"], shown["has_more"]) == (
        "list",
        keys[2],
        keys[0],
        False,
    )
    page = cloud.get(f"{LLM}/batches", limit=2)
    assert page["has_more"]
    assert [one["id"] for one in cloud.get(f"{LLM}/batches", limit=2, after=page["last_id"])["data"]] == keys[:1]


def test_no_batches_are_an_empty_list(cloud: Any) -> None:
    assert cloud.get(f"{LLM}/batches") == {
        "object": "list",
        "data": [],
        "first_id": "",
        "last_id": "",
        "has_more": False,
    }


def test_a_model_access_policy_fails_a_batch(cloud: Any) -> None:
    key = cloud.get("/openapi/v2/user/key")["keys"][-1]
    path = f"/openapi/v2/user/key/{key['stringId']}/model-access-policy"
    cloud.send("PUT", path, json={"mode": "all_enabled", "excludedModels": [{"type": "llm", "id": MODEL}]})
    batch_id = begin(cloud)["id"]
    cloud.pass_(60)
    assert "policy" in batch(cloud, batch_id)["errors"]


def test_a_batch_continues_after_reopening(make_cloud: Any, tmp_path: Path) -> None:
    first = make_cloud(tmp_path / "sim.db")
    key = begin(first)["id"]
    first.pass_(5.5)
    assert batch(first, key)["status"] == "progress"
    first.world.close()
    second = make_cloud(tmp_path / "sim.db")
    second.pass_(60)
    shown = batch(second, key)
    assert shown["status"] == "completed"
    assert len(results(second, shown["output_file_id"])) == 3
    sums = second.world.sums
    second.world.close()
    third = make_cloud(tmp_path / "sim.db")
    assert third.world.sums == sums


def test_large_batches_are_written_completely(make_cloud: Any) -> None:
    cloud = make_cloud()
    cloud.world.timings = Timings(batch_line=0.001)
    key = begin(cloud, lines([ask(str(n), max_tokens=4) for n in range(2000)]))["id"]
    cloud.pass_(60)
    shown = batch(cloud, key)
    assert shown["completed"] == 2000
    assert len(results(cloud, shown["output_file_id"])) == 2000


BODIES = st.sampled_from([ask("a"), ask("b", max_tokens=2), ask("c", top_p=5), ask("d", n=2)])


@settings(max_examples=draws(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(BODIES, min_size=1, max_size=12), st.floats(0, 200), st.booleans())
def test_counts_files_and_costs_of_any_batch_agree(
    make_cloud: Any, bodies: list[Any], seconds: float, cancelled: bool
) -> None:
    cloud = make_cloud()
    cloud.world.timings = Timings(batch_line=10)
    key = begin(cloud, lines(bodies))["id"]
    cloud.pass_(seconds)
    if cancelled:
        cloud.send("POST", f"{LLM}/batches/{key}/cancel")
    cloud.pass_(1000)
    shown = batch(cloud, key)
    assert shown["status"] in {"completed", "cancelled"}
    outputs = results(cloud, shown["output_file_id"]) if shown["output_file_id"] else []
    errors = results(cloud, shown["error_file_id"]) if shown["error_file_id"] else []
    assert (len(outputs), len(errors)) == (shown["completed"], shown["failed"])
    if shown["status"] == "completed":
        assert len(outputs) + len(errors) == len(bodies)
    spent = [row["response"]["body"]["usage"] for row in outputs]
    cost = sum(one["prompt_tokens"] * 13_500 + one["completion_tokens"] * 40_000 for one in spent) // 10**6
    assert cloud.world.limits.balance - cloud.world.sums.settled == cost


def test_state_shows_batches_but_not_the_bytes_of_files() -> None:
    world = open_world(None, now=HandClock())
    build_app(world)
    assert {"files", "batches", "tasks", "deliveries", "usages", "api_keys"} <= set(world_state(world)["objects"])


def test_results_may_come_in_another_order_than_their_requests(make_cloud: Any) -> None:
    cloud = make_cloud(quirks=replace(PROFILES["live"], shuffles_results=True))
    key = begin(cloud, lines([ask(f"question {number}") for number in range(20)]))["id"]
    cloud.pass_(60)
    ids = [row["custom_id"] for row in results(cloud, batch(cloud, key)["output_file_id"])]
    assert ids != [f"r{number}" for number in range(20)]
    assert sorted(ids) == sorted(f"r{number}" for number in range(20))


def test_a_batch_whose_requests_all_fail_has_an_error_file_alone(cloud: Any) -> None:
    key = begin(cloud, lines([ask("too hot", temperature=9), ask("too hot, too", temperature=9)]))["id"]
    cloud.pass_(60)
    shown = batch(cloud, key)
    assert (shown["status"], shown["output_file_id"]) == ("completed", "")
    assert [row["custom_id"] for row in results(cloud, shown["error_file_id"])] == ["r0", "r1"]


@pytest.mark.slow
def test_a_line_of_a_large_batch_costs_as_much_as_one_of_a_small_batch(make_cloud: Any) -> None:
    """The time of the processor, the better of two: other programs must not decide."""
    times = {}
    for count in (1_000, 8_000):
        cloud = make_cloud()
        cloud.world.timings = Timings(batch_line=0.0001)
        text, best = lines([ask(f"question {number} " + "word " * 50) for number in range(count)]), []
        for _ in range(2):
            began = process_time()
            key = begin(cloud, text)["id"]
            cloud.pass_(60)
            assert batch(cloud, key)["status"] == "completed"
            best.append(process_time() - began)
        times[count] = min(best) / count
    assert times[8_000] < 2 * times[1_000]
