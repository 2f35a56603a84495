"""Chat and text completions: answers of the right shape, their limits and their price."""

from __future__ import annotations

import json
from typing import Any

import pytest

from novita_infra.simulator import PROFILES, Fault, Limits, Trouble

LLM = "/openai/v1"


MODEL = "openai/gpt-oss-120b"


BILLS = "/openapi/v1/billing"


def chat(**changes: Any) -> dict[str, Any]:
    return {"model": MODEL, "messages": [{"role": "user", "content": "What is a river?"}], "max_tokens": 200} | changes


def content_of(answer: Any) -> str:
    return str(answer["choices"][0]["message"]["content"])


def events(cloud: Any, path: str, body: Any) -> list[tuple[str, Any]]:
    """The events of a stream: name and data."""
    answer = cloud.send("POST", path, json=body | {"stream": True})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "content-length" not in answer.headers
    found = []
    for block in answer.text.removesuffix("\n\n").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        data = fields["data"]
        found.append((fields.get("event", ""), data if data == "[DONE]" else json.loads(data)))
    return found


@pytest.mark.parametrize("base", ["/openai/v1", "/openai", "/v3/openai"])
@pytest.mark.parametrize("profile", PROFILES)
def test_chat_answers_under_every_base_path(make_cloud: Any, profile: str, base: str) -> None:
    answer = make_cloud(quirks=PROFILES[profile]).post(f"{base}/chat/completions", chat())
    assert (answer["object"], answer["model"]) == ("chat.completion", MODEL)
    (choice,) = answer["choices"]
    assert (choice["index"], choice["finish_reason"], choice["message"]["role"]) == (0, "stop", "assistant")
    assert choice["message"]["content"].endswith(".")
    spent = answer["usage"]
    assert spent["total_tokens"] == spent["prompt_tokens"] + spent["completion_tokens"]


def test_chat_answers_depend_only_on_seed_and_question(make_cloud: Any) -> None:
    first, second = make_cloud(seed=1), make_cloud(seed=1)
    second.machine()
    path = f"{LLM}/chat/completions"
    assert (
        content_of(first.post(path, chat()))
        == content_of(second.post(path, chat()))
        == content_of(first.post(path, chat()))
    )
    assert content_of(first.post(path, chat())) != content_of(make_cloud(seed=2).post(path, chat()))
    assert content_of(first.post(path, chat(seed=1))) != content_of(first.post(path, chat(seed=2)))


def test_chat_obeys_max_tokens_stop_and_n(cloud: Any) -> None:
    path = f"{LLM}/chat/completions"
    short = cloud.post(path, chat(max_tokens=3))
    assert short["choices"][0]["finish_reason"] == "length"
    assert short["usage"]["completion_tokens"] == 3
    whole = content_of(cloud.post(path, chat()))
    word = whole.split()[2]
    answer = cloud.post(path, chat(stop=[word]))
    assert word not in content_of(answer)
    assert answer["choices"][0]["finish_reason"] == "stop"
    several = cloud.post(path, chat(n=3))["choices"]
    assert [choice["index"] for choice in several] == [0, 1, 2]
    assert len({choice["message"]["content"] for choice in several}) == 3


@pytest.mark.parametrize("more", [{}, {"n": 2}, {"enable_thinking": True, "separate_reasoning": True}])
def test_a_streamed_chat_answer_equals_the_whole_one(cloud: Any, more: Any) -> None:
    path = f"{LLM}/chat/completions"
    whole = cloud.post(path, chat(**more))
    *chunks, last = events(cloud, path, chat(stream_options={"include_usage": True}, **more))
    assert last == ("", "[DONE]")
    *deltas, end = [data for _, data in chunks]
    assert end["choices"] == []
    assert end["usage"] == whole["usage"]
    assert {data["object"] for data in deltas} == {"chat.completion.chunk"}
    assert len({data["id"] for data in deltas}) == 1
    for choice in whole["choices"]:
        parts = [data["choices"][0] for data in deltas if data["choices"][0]["index"] == choice["index"]]
        assert parts[0]["delta"]["role"] == "assistant"
        assert "".join(part["delta"].get("content", "") for part in parts) == choice["message"]["content"]
        thought = "".join(part["delta"].get("reasoning_content", "") for part in parts)
        assert thought == choice["message"].get("reasoning_content", "")
        assert parts[-1]["finish_reason"] == choice["finish_reason"]


def test_chat_returns_reasoning_inside_or_beside_the_text(cloud: Any) -> None:
    path = f"{LLM}/chat/completions"
    assert content_of(cloud.post(path, chat(enable_thinking=True))).startswith("<think>\n")
    message = cloud.post(path, chat(enable_thinking=True, separate_reasoning=True))["choices"][0]["message"]
    assert message["reasoning_content"]
    assert "<think>" not in message["content"]


SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "size": {"type": "integer", "minimum": 7},
        "colour": {"enum": ["red", "blue"]},
        "tags": {"type": "array", "items": {"$ref": "#/$defs/tag"}, "minItems": 2},
        "open": {"type": ["boolean", "null"]},
    },
    "$defs": {"tag": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
}


def test_chat_answers_and_tool_calls_fit_their_schema(cloud: Any) -> None:
    path = f"{LLM}/chat/completions"
    tools = [{"type": "function", "function": {"name": name, "parameters": SCHEMA}} for name in ("first", "second")]
    response_format = {"type": "json_schema", "json_schema": {"name": "thing", "schema": SCHEMA}}
    thing = json.loads(content_of(cloud.post(path, chat(response_format=response_format))))
    assert (thing["size"], thing["colour"], thing["open"], len(thing["tags"])) == (7, "red", True, 2)
    assert json.loads(content_of(cloud.post(path, chat(response_format={"type": "json_object"}))))
    choice = {"type": "function", "function": {"name": "second"}}
    answer = cloud.post(path, chat(tools=tools, tool_choice=choice))["choices"][0]
    assert answer["finish_reason"] == "tool_calls"
    (call,) = answer["message"]["tool_calls"]
    assert (call["function"]["name"], json.loads(call["function"]["arguments"])) == ("second", thing | call_words(call))
    streamed = events(cloud, path, chat(tools=tools, tool_choice="required"))
    calls = [data["choices"][0]["delta"].get("tool_calls") for _, data in streamed[:-1]]
    assert [call[0]["function"]["name"] for call in calls if call] == ["first"]


def call_words(call: Any) -> Any:
    """The parts of a text that are plain words, which differ from draw to draw."""
    made = json.loads(call["function"]["arguments"])
    return {"name": made["name"], "tags": made["tags"]}


def test_chat_answers_a_recursive_schema(cloud: Any) -> None:
    endless = {"type": "object", "properties": {name: {"$ref": "#"} for name in "abcdefgh"}}
    response_format = {"type": "json_schema", "json_schema": {"schema": endless}}
    assert json.loads(
        content_of(cloud.post(f"{LLM}/chat/completions", chat(response_format=response_format, max_tokens=30_000)))
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"messages": []},
        {"messages": [{"role": "developer", "content": "x"}]},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
        {"messages": [{"role": "user", "content": "long " * 140_000}]},
        {"max_tokens": 10**6},
        {"max_tokens": 0},
        {"temperature": 3},
        {"stream": "maybe"},
        {"tool_choice": "required"},
        {"tool_choice": {"function": {"name": "none"}}},
        {"model": "baai/bge-m3"},
        {"model": "meta-llama/llama-3.1-8b-instruct", "tools": [{"function": {"name": "f"}}]},
    ],
)
def test_chat_refuses_features_that_the_model_lacks(cloud: Any, changes: Any) -> None:
    assert cloud.refused("POST", f"{LLM}/chat/completions", json=chat(**changes)) == (400, "INVALID_REQUEST_BODY")


def test_chat_accepts_pictures_for_vision_models(cloud: Any) -> None:
    content = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": "data:,"}}]
    model = "qwen/qwen3-vl-235b-a22b-instruct"
    answer = cloud.post(f"{LLM}/chat/completions", chat(model=model, messages=[{"role": "user", "content": content}]))
    assert answer["usage"]["prompt_tokens"] > 256


def test_chat_refuses_unknown_and_unavailable_models(cloud: Any) -> None:
    path = f"{LLM}/chat/completions"
    assert cloud.refused("POST", path, json=chat(model="none")) == (404, "MODEL_NOT_FOUND")
    assert cloud.refused("POST", path, json=chat(model="")) == (404, "MODEL_NOT_FOUND")
    away = chat(model="gryphe/mythomax-l2-13b")
    assert cloud.refused("POST", path, json=away) == (503, "SERVICE_NOT_AVAILABLE")


def test_chat_refuses_a_body_that_is_not_json(cloud: Any) -> None:
    assert cloud.refused("POST", f"{LLM}/chat/completions", content=b"{") == (400, "INVALID_REQUEST_BODY")
    huge = json.dumps(chat(user="x" * 3_000_000))
    assert cloud.refused("POST", f"{LLM}/chat/completions", content=huge) == (400, "INVALID_REQUEST_BODY")


def test_only_the_strict_profile_refuses_undocumented_chat_fields(make_cloud: Any) -> None:
    body = chat(max_completion_tokens=5, store=True)
    assert make_cloud().send("POST", f"{LLM}/chat/completions", json=body).status_code == 200
    strict = make_cloud(quirks=PROFILES["strict"])
    assert strict.refused("POST", f"{LLM}/chat/completions", json=body) == (400, "INVALID_REQUEST_BODY")
    without = chat()
    del without["max_tokens"]
    assert make_cloud().send("POST", f"{LLM}/chat/completions", json=without).status_code == 200
    assert strict.refused("POST", f"{LLM}/chat/completions", json=without) == (400, "INVALID_REQUEST_BODY")


def test_chat_requires_money(make_cloud: Any) -> None:
    cloud = make_cloud(limits=Limits(balance=0))
    assert cloud.refused("POST", f"{LLM}/chat/completions", json=chat()) == (403, "NOT_ENOUGH_BALANCE")
    embed = {"model": "baai/bge-m3", "input": "x"}
    assert cloud.refused("POST", f"{LLM}/embeddings", json=embed) == (403, "NOT_ENOUGH_BALANCE")


@pytest.mark.slow
def test_chat_limits_requests_and_tokens_per_minute_and_model(make_cloud: Any) -> None:
    cloud = make_cloud(limits=Limits(balance=40 * 100_000))
    path = f"{LLM}/chat/completions"
    for _ in range(30):
        cloud.post(path, chat(max_tokens=1))
    assert cloud.refused("POST", path, json=chat()) == (429, "RATE_LIMIT_EXCEEDED")
    cloud.post(path, chat(model="deepseek/deepseek-v3.2"))
    cloud.pass_(60)
    cloud.post(path, chat())
    long = [{"role": "user", "content": "." * 160_000}]
    body = chat(model="deepseek/deepseek-v3.2", messages=long)
    for _ in range(13):
        cloud.post(path, body)
    assert cloud.refused("POST", path, json=body) == (429, "TOKEN_LIMIT_EXCEEDED")


def test_chat_tokens_are_billed_exactly(cloud: Any) -> None:
    path = f"{LLM}/chat/completions"
    before = cloud.world.sums.settled
    spent = [cloud.post(path, chat(seed=seed))["usage"] for seed in range(20)]
    cloud.post(f"{LLM}/embeddings", {"model": "baai/bge-m3", "input": "word " * 5000})
    cloud.post(path, chat(model="google/gemma-3-1b-it"))
    tokens_in = sum(one["prompt_tokens"] for one in spent)
    tokens_out = sum(one["completion_tokens"] for one in spent)
    cost = (tokens_in * 5000 + tokens_out * 25_000) // 10**6
    assert before - cloud.world.sums.settled == cost + 5000 * 1000 // 10**6
    rows = cloud.get(f"{BILLS}/bill/list", cycleType="Day", productCategory="llm")["bills"]
    row = next(row for row in rows if row["productName"] == MODEL)
    assert (row["billNum0"], row["billNum1"], row["requestCount"]) == (str(tokens_in), str(tokens_out), 20)
    assert row["amountDecimal"] == f"{cost / 100_000:.5f}"
    exact = tokens_in * int(row["basePrice0"]) + tokens_out * int(row["basePrice1"])
    assert int(exact / 10_000 / int(row["pricePrecision"]) * 100_000) == cost
    free = next(row for row in rows if row["productName"] == "google/gemma-3-1b-it")
    assert (free["amount"], free["requestCount"]) == ("0", 1)
    window = {"startTime": int(cloud.clock()), "endTime": int(cloud.clock()) + 3600}
    by_key = cloud.get(f"{BILLS}/apikey/bill/list", cycleType="Hour", category="llm", **window)["bills"]
    assert {(row["apikeyName"], row["apikeyMask"]) for row in by_key} == {("key-1", "sk_tes***")}
    assert {row["productName"]: row["amount"] for row in by_key} == {row["productName"]: row["amount"] for row in rows}
    (month,) = cloud.get(f"{BILLS}/monthly/bill")["data"]
    assert month["totalAmountDecimal"] == f"{(before - cloud.world.sums.settled) / 100_000:.5f}"


def test_long_prompts_of_tiered_models_cost_more(cloud: Any) -> None:
    def cost(words: int) -> int:
        before = cloud.world.sums.settled
        messages = [{"role": "user", "content": "word " * words}]
        cloud.post(f"{LLM}/chat/completions", chat(model="qwen/qwen3-max", messages=messages, max_tokens=1))
        return int(before - cloud.world.sums.settled)

    assert cost(32_000 - 7) == (32_000 * 120_000 + 600_000) // 10**6
    assert cost(40_000 - 7) == (40_000 * 240_000 + 1_200_000) // 10**6


def test_text_completions_answer_every_prompt(cloud: Any) -> None:
    body = {"model": MODEL, "prompt": ["Once", "Twice"], "max_tokens": 50, "n": 2}
    whole = cloud.post(f"{LLM}/completions", body)
    assert whole["object"] == "text_completion"
    assert [choice["index"] for choice in whole["choices"]] == [0, 1, 2, 3]
    streamed = events(cloud, f"{LLM}/completions", body)
    texts = ["", "", "", ""]
    for _, data in streamed[:-1]:
        texts[data["choices"][0]["index"]] += data["choices"][0]["text"]
    assert texts == [choice["text"] for choice in whole["choices"]]


def test_a_chat_stream_can_be_truncated(cloud: Any) -> None:
    cloud.world.faults.add(Fault(kind=Trouble.TRUNCATED, operation="chat.create"))
    answer = cloud.send("POST", f"{LLM}/chat/completions", json=chat(stream=True))
    assert answer.text.startswith("data: ")
    assert "[DONE]" not in answer.text
