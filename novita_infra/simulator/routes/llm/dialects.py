"""Chat in two other dialects: OpenAI's Responses API and Anthropic's Messages API. Text only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from novita_infra.simulator.answers import llm as answers
from novita_infra.simulator.operations import Confidence, Family, IncomingCall, Operation, RawAnswer
from novita_infra.simulator.request_schema import (
    Anything,
    Either,
    Fields,
    Flag,
    Items,
    Number,
    Reading,
    Text,
    Whole,
    may,
    need,
    should,
)
from novita_infra.simulator.routes.llm.chat import ask, event
from novita_infra.simulator.routes.llm.models import LLM
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.llm import canned, inference, models
from novita_infra.simulator.world.llm.inference import LONG

_READING: Final = Reading()


def _asked(
    world: World, call: IncomingCall, *, messages: list[dict[str, Any]], route: str, limit: str, **more: Any
) -> Any:
    """The chat answer to the same messages."""
    body = call.body
    request = {"model": body["model"], "messages": messages, "max_tokens": body[limit]}
    request |= {name: body[name] for name in ("temperature", "top_p") if body[name] is not None}
    return ask(world, call, endpoint=models.CHAT, body=inference.CHAT.read(request | more, "", _READING), route=route)


def _text_of(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content or ())


def _responses(world: World, call: IncomingCall) -> Any:
    body = call.body
    inputs = [{"role": "user", "content": body["input"]}] if isinstance(body["input"], str) else body["input"]
    messages = [
        {"role": "system" if one["role"] == "developer" else one["role"], "content": _text_of(one["content"])}
        for one in inputs
    ]
    if body["instructions"]:
        messages.insert(0, {"role": "system", "content": body["instructions"]})
    answer = _asked(world, call, messages=messages, route=models.RESPONSES, limit="max_output_tokens")
    whole = _response(answer)
    return RawAnswer(pieces=tuple(_response_events(whole)), media="text/event-stream") if body["stream"] else whole


def _response(answer: Mapping[str, Any]) -> dict[str, Any]:
    choice, spent = answer["choices"][0], answer["usage"]
    cut = choice["finish_reason"] == "length"
    status = "incomplete" if cut else "completed"
    text = {"type": "output_text", "text": choice["message"]["content"], "annotations": []}
    return {
        "id": f"resp_{answer['id']}",
        "object": "response",
        "created_at": answer["created"],
        "status": status,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "model": answer["model"],
        "output": [
            {
                "type": "message",
                "id": f"msg_{answer['id']}",
                "status": status,
                "role": "assistant",
                "content": [text],
            }
        ],
        "usage": {
            "input_tokens": spent["prompt_tokens"],
            "output_tokens": spent["completion_tokens"],
            "total_tokens": spent["total_tokens"],
        },
    }


def _response_events(whole: Mapping[str, Any]) -> Iterator[bytes]:
    item = whole["output"][0]
    part = item["content"][0]
    at = {"item_id": item["id"], "output_index": 0, "content_index": 0}
    started = {**whole, "status": "in_progress", "output": [], "usage": None, "incomplete_details": None}
    steps: list[tuple[str, dict[str, Any]]] = [
        ("response.created", {"response": started}),
        ("response.output_item.added", {"output_index": 0, "item": {**item, "status": "in_progress", "content": []}}),
        ("response.content_part.added", {**at, "part": {**part, "text": ""}}),
        *(("response.output_text.delta", {**at, "delta": piece}) for piece in canned.pieces(part["text"])),
        ("response.output_text.done", {**at, "text": part["text"]}),
        ("response.content_part.done", {**at, "part": part}),
        ("response.output_item.done", {"output_index": 0, "item": item}),
        (f"response.{whole['status']}", {"response": whole}),
    ]
    for number, (name, data) in enumerate(steps):
        yield event({"type": name, "sequence_number": number, **data}, name)


def _messages(world: World, call: IncomingCall) -> Any:
    body = call.body
    messages = [{"role": one["role"], "content": _text_of(one["content"])} for one in body["messages"]]
    if body["system"]:
        messages.insert(0, {"role": "system", "content": _text_of(body["system"])})
    answer = _asked(
        world, call, messages=messages, route=models.MESSAGES, limit="max_tokens", stop=body["stop_sequences"]
    )
    whole = _message(answer)
    return RawAnswer(pieces=tuple(_message_events(whole)), media="text/event-stream") if body["stream"] else whole


def _message(answer: Mapping[str, Any]) -> dict[str, Any]:
    choice, spent = answer["choices"][0], answer["usage"]
    return {
        "id": f"msg_{answer['id']}",
        "type": "message",
        "role": "assistant",
        "model": answer["model"],
        "content": [{"type": "text", "text": choice["message"]["content"]}],
        "stop_reason": "max_tokens" if choice["finish_reason"] == "length" else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": spent["prompt_tokens"], "output_tokens": spent["completion_tokens"]},
    }


def _message_events(whole: Mapping[str, Any]) -> Iterator[bytes]:
    text, usage = whole["content"][0]["text"], whole["usage"]
    started = {**whole, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 0}}
    ends = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    steps: list[tuple[str, dict[str, Any]]] = [
        ("message_start", {"message": started}),
        ("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
        *(
            ("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": piece}})
            for piece in canned.pieces(text)
        ),
        ("content_block_stop", {"index": 0}),
        ("message_delta", {"delta": ends, "usage": {"output_tokens": usage["output_tokens"]}}),
        ("message_stop", {}),
    ]
    for name, data in steps:
        yield event({"type": name, **data}, name)


def _parts(*types: str) -> Either:
    """The text of content that is text or a list of text parts."""
    part = Fields({"type": need(Text(one_of=types)), "text": need(Text(high=LONG))}, open=True)
    return Either((Text(high=LONG), Items(part)), takes=lambda value: int(isinstance(value, list)))


_SAMPLING: Final = {"stream": may(Flag(), False), "temperature": may(Number(0, 2)), "top_p": may(Number(0, 1))}
_INPUT: Final = Fields(
    {
        "type": may(Text(one_of=("message",)), "message"),
        "role": need(Text(one_of=("user", "assistant", "system", "developer"))),
        "content": need(_parts("input_text", "output_text")),
    },
    open=True,
)
OPERATIONS = (
    Operation(
        name="responses.create",
        method="POST",
        path=f"{LLM}/responses",
        source="model-apis-llm-create-response",
        confidence=Confidence.DOCUMENTED,
        serve=_responses,
        body=Fields(
            {
                "model": should(Text(), ""),
                "input": need(
                    Either((Text(high=LONG), Items(_INPUT, low=1)), takes=lambda value: int(isinstance(value, list)))
                ),
                "instructions": may(Text(high=LONG), ""),
                "max_output_tokens": may(Whole(1)),
                **_SAMPLING,
            },
            open=True,
        ),
        answer=answers.RESPONSE,
        streams=True,
        family=Family.LLM,
    ),
    Operation(
        name="messages.create",
        method="POST",
        path="/anthropic/v1/messages",
        source="api-reference-overview",
        confidence=Confidence.GUESSED,
        serve=_messages,
        body=Fields(
            {
                "model": need(Text()),
                "max_tokens": need(Whole(1)),
                "messages": need(
                    Items(
                        Fields(
                            {"role": need(Text(one_of=("user", "assistant"))), "content": need(_parts("text"))},
                            open=True,
                        ),
                        low=1,
                    )
                ),
                "system": may(_parts("text"), ""),
                "stop_sequences": may(Items(Text(), high=16), []),
                "metadata": may(Anything()),
                **_SAMPLING,
            },
            open=True,
        ),
        answer=answers.MESSAGE,
        streams=True,
        family=Family.LLM,
    ),
)
