"""The Responses API and the Messages API."""

from __future__ import annotations

import json
from typing import Any

LLM = "/openai/v1"


MODEL = "openai/gpt-oss-120b"


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


def test_the_responses_dialect_requires_a_model_that_lists_it(cloud: Any) -> None:
    body = {"model": MODEL, "input": "What is a river?", "instructions": "Be short."}
    answer = cloud.post(f"{LLM}/responses", body)
    text = answer["output"][0]["content"][0]["text"]
    assert (answer["object"], answer["status"]) == ("response", "completed")
    streamed = events(cloud, f"{LLM}/responses", body)
    assert [name for name, _ in streamed][:: len(streamed) - 1] == ["response.created", "response.completed"]
    assert "".join(data["delta"] for name, data in streamed if name == "response.output_text.delta") == text
    assert [data["sequence_number"] for _, data in streamed] == list(range(len(streamed)))
    listed = {"role": "developer", "content": [{"type": "input_text", "text": "hi"}]}
    assert cloud.post(f"{LLM}/responses", body | {"input": [listed], "max_output_tokens": 2})["status"] == "incomplete"
    other = body | {"model": "deepseek/deepseek-v3.2"}
    assert cloud.refused("POST", f"{LLM}/responses", json=other) == (400, "INVALID_REQUEST_BODY")
    for base in ("/openai", "/v3/openai"):
        answer = cloud.send("POST", f"{base}/responses", json=body)
        assert (answer.status_code, answer.text) == (404, "404 page not found")


def test_the_messages_dialect_answers_as_anthropic(cloud: Any) -> None:
    body = {
        "model": MODEL,
        "max_tokens": 100,
        "system": [{"type": "text", "text": "Be short."}],
        "messages": [{"role": "user", "content": "What is a river?"}],
    }
    answer = cloud.post("/anthropic/v1/messages", body)
    assert (answer["type"], answer["role"], answer["stop_reason"]) == ("message", "assistant", "end_turn")
    streamed = events(cloud, "/anthropic/v1/messages", body)
    pieces = [data["delta"]["text"] for name, data in streamed if name == "content_block_delta"]
    assert "".join(pieces) == answer["content"][0]["text"]
    assert streamed[0][0] == "message_start"
    assert streamed[-1] == ("message_stop", {"type": "message_stop"})
    assert cloud.post("/anthropic/v1/messages", body | {"max_tokens": 1})["stop_reason"] == "max_tokens"
    image = [{"role": "user", "content": [{"type": "image", "source": {}}]}]
    assert cloud.refused("POST", "/anthropic/v1/messages", json=body | {"messages": image})[0] == 400
