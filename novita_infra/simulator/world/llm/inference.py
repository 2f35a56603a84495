"""Chat and text completions: the fields of a request, and a well-formed answer. Streaming is done by the routes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from novita_infra.simulator.errors import ApiRefusal, invalid
from novita_infra.simulator.request_schema import (
    Anything,
    Either,
    Fields,
    Flag,
    Items,
    Number,
    Text,
    Whole,
    may,
    need,
    should,
)
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.llm import canned, models
from novita_infra.simulator.world.llm.models import Model

LONG: Final = 10**8
"""Characters of a text without a documented limit."""
_STOPS: Final = Either((Text(), Items(Text(), high=16)), takes=lambda value: int(isinstance(value, list)))
_PART: Final = Fields(
    {
        "type": need(Text(one_of=("text", "image_url", "video_url", "input_audio"))),
        "text": may(Text(high=LONG), ""),
        "image_url": may(Anything()),
        "video_url": may(Anything()),
        "input_audio": may(Anything()),
    }
)
CONTENT: Final = Either((Text(high=LONG), Items(_PART)), takes=lambda value: int(isinstance(value, list)))
_MESSAGE: Final = Fields(
    {
        "role": need(Text(one_of=("system", "user", "assistant", "tool"))),
        "content": may(CONTENT, ""),
        "name": may(Text(), ""),
        "tool_calls": may(Items(Anything()), []),
        "tool_call_id": may(Text(), ""),
        "reasoning_content": may(Text(high=LONG), ""),
    }
)
_TOOL: Final = Fields(
    {
        "type": may(Text(one_of=("function",)), "function"),
        "function": need(
            Fields(
                {
                    "name": need(Text(1, 255)),
                    "description": may(Text(), ""),
                    "parameters": may(Anything(), {}),
                    "strict": may(Flag()),
                }
            )
        ),
    }
)
_SAMPLING: Final = {
    "model": should(Text(), ""),
    "max_tokens": should(Whole(1), None),
    "stream": may(Flag(), False),
    "stream_options": may(Fields({"include_usage": may(Flag(), False)}), {"include_usage": False}),
    "n": may(Whole(1, 128), 1),
    "seed": may(Whole(-(2**63), 2**63 - 1)),
    "stop": may(_STOPS, []),
    "temperature": may(Number(0, 2)),
    "top_p": may(Number(0, 1)),
    "top_k": may(Whole(-1)),
    "min_p": may(Number(0, 1)),
    "frequency_penalty": may(Number(-2, 2)),
    "presence_penalty": may(Number(-2, 2)),
    "repetition_penalty": may(Number(0, 2)),
    "logit_bias": may(Anything()),
    "logprobs": may(Anything()),
    "top_logprobs": may(Whole(0, 20)),
    "user": may(Text(), ""),
}
CHAT: Final = Fields(
    {
        "messages": need(Items(_MESSAGE, low=1)),
        **_SAMPLING,
        "tools": may(Items(_TOOL, high=128), []),
        "tool_choice": may(Anything(), "auto"),
        "parallel_tool_calls": may(Flag()),
        "response_format": may(
            Fields(
                {
                    "type": may(Text(one_of=("text", "json_object", "json_schema")), "text"),
                    "json_schema": may(Anything(), {}),
                }
            )
        ),
        "enable_thinking": may(Flag()),
        "separate_reasoning": may(Flag(), False),
    }
)
TEXT: Final = Fields(
    {
        "prompt": need(
            Either(
                (Text(high=LONG), Items(Text(high=LONG), low=1, high=128)), lambda value: int(isinstance(value, list))
            )
        ),
        **_SAMPLING,
    }
)
ENDPOINTS: Final = {"/v1/chat/completions": (models.CHAT, CHAT), "/v1/completions": (models.TEXT, TEXT)}
"""The endpoint of a model and the fields of a request, by the URL that a batch names."""


def check_request(model: Model, endpoint: str, body: Mapping[str, Any]) -> None:
    """Refuses with INVALID_REQUEST_BODY what this model cannot do."""
    if (body["max_tokens"] or 0) > model.longest:
        raise invalid("max_tokens", f"must be at most {model.longest} for {model.id}")
    if prompt_tokens(endpoint, body) >= model.context:
        raise ApiRefusal("INVALID_REQUEST_BODY", f"the prompt is longer than the {model.context} tokens of {model.id}")
    if endpoint == models.TEXT:
        return
    _called(body)
    if body["tools"] and "function-calling" not in model.features:
        raise ApiRefusal("INVALID_REQUEST_BODY", f"model {model.id} does not support function-calling")
    format_ = body["response_format"] or {"type": "text"}
    if format_["type"] == "json_schema" and "structured-outputs" not in model.features:
        raise ApiRefusal("INVALID_REQUEST_BODY", f"model {model.id} does not support structured-outputs")
    for index, message in enumerate(body["messages"]):
        for part in message["content"] if isinstance(message["content"], list) else ():
            sense = {"image_url": "image", "video_url": "video", "input_audio": "audio"}.get(part["type"], "text")
            if sense not in model.sees:
                raise invalid(f"messages[{index}].content", f"{model.id} does not take {part['type']}")


def prompt_tokens(endpoint: str, body: Mapping[str, Any]) -> int:
    """The number of tokens of the prompt."""
    if endpoint == models.TEXT:
        prompt = body["prompt"]
        return sum(canned.count_tokens(text) for text in ([prompt] if isinstance(prompt, str) else prompt))
    return 3 + sum(4 + content_tokens(message["content"]) for message in body["messages"])


def content_tokens(content: str | Sequence[Mapping[str, Any]]) -> int:
    """The number of tokens of one message. A picture counts 256."""
    if isinstance(content, str):
        return canned.count_tokens(content)
    return sum(canned.count_tokens(part["text"]) if part["type"] == "text" else 256 for part in content)


def answer_request(world: World, model: Model, *, endpoint: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The whole answer to a checked request."""
    question = {name: value for name, value in body.items() if name not in {"stream", "stream_options"}}
    draw = canned.canned_digest(world, model.id, endpoint, question)
    make = _text_choices if endpoint == models.TEXT else _chat_choices
    choices, tokens = make(world, model, body, draw)
    prompt = prompt_tokens(endpoint, body)
    return {
        "id": world.new_id("answer", length=32),
        "object": "text_completion" if endpoint == models.TEXT else "chat.completion",
        "created": int(world.moment),
        "model": model.id,
        "choices": choices,
        "usage": {"prompt_tokens": prompt, "completion_tokens": tokens, "total_tokens": prompt + tokens},
        "system_fingerprint": "",
    }


def _limits(model: Model, body: Mapping[str, Any]) -> tuple[int, list[str]]:
    stops = body["stop"]
    return body["max_tokens"] or model.longest or 1, [stops] if isinstance(stops, str) else stops


def _text_choices(world: World, model: Model, body: Mapping[str, Any], draw: str) -> tuple[list[dict[str, Any]], int]:
    most, stops = _limits(model, body)
    prompts = 1 if isinstance(body["prompt"], str) else len(body["prompt"])
    completions = [
        canned.cut(" " + canned.sentences(canned.canned_digest(world, draw, index)), most=most, stops=stops)
        for index in range(prompts * body["n"])
    ]
    choices = [
        {"index": index, "text": one.text, "finish_reason": "length" if one.cut else "stop", "logprobs": None}
        for index, one in enumerate(completions)
    ]
    return choices, sum(one.tokens for one in completions)


def _chat_choices(world: World, model: Model, body: Mapping[str, Any], draw: str) -> tuple[list[dict[str, Any]], int]:
    completions = [_chat_choice(model, body, canned.canned_digest(world, draw, index)) for index in range(body["n"])]
    return [{"index": index, **choice} for index, (choice, _) in enumerate(completions)], sum(
        tokens for _, tokens in completions
    )


def _chat_choice(model: Model, body: Mapping[str, Any], draw: str) -> tuple[dict[str, Any], int]:
    """One choice and its tokens."""
    called = _called(body)
    if called is not None:
        arguments = json.dumps(canned.like(called["parameters"], draw) or {})
        call: dict[str, Any] = {"id": f"call_{draw[:24]}", "type": "function"}
        call["function"] = {"name": called["name"], "arguments": arguments}
        message: dict[str, Any] = {"role": "assistant", "content": "", "tool_calls": [call]}
        return {"message": message, "finish_reason": "tool_calls"}, canned.count_tokens(called["name"] + arguments)
    most, stops = _limits(model, body)
    thought = canned.sentences(draw[32:] + draw[:32]) if _thinks(model, body) else ""
    text = _content(body, draw)
    if thought and not body["separate_reasoning"]:
        text, thought = f"<think>\n{thought}\n</think>\n\n{text}", ""
    completion = canned.cut(text, most=max(1, most - canned.count_tokens(thought)), stops=stops)
    message = {"role": "assistant", "content": completion.text}
    if thought:
        message["reasoning_content"] = thought
    reason = "length" if completion.cut else "stop"
    return {"message": message, "finish_reason": reason}, completion.tokens + canned.count_tokens(thought)


def _thinks(model: Model, body: Mapping[str, Any]) -> bool:
    return "reasoning" in model.features and body["enable_thinking"] is True


def _called(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """The function that the request requires, if any."""
    choice = body["tool_choice"]
    functions: dict[str, dict[str, Any]] = {tool["function"]["name"]: tool["function"] for tool in body["tools"]}
    if isinstance(choice, Mapping):
        function = choice.get("function")
        name = function.get("name") if isinstance(function, Mapping) else None
        function = functions.get(name) if isinstance(name, str) else None
        if function is None:
            raise invalid("tool_choice", "names a function that is not in tools")
        return function
    if choice not in ("auto", "none", "required"):
        raise invalid("tool_choice", "must be auto, none, required or a function")
    if choice == "required" and not functions:
        raise invalid("tool_choice", "required needs tools")
    return next(iter(functions.values())) if choice == "required" else None


def _content(body: Mapping[str, Any], draw: str) -> str:
    response_format = body["response_format"] or {"type": "text"}
    text = canned.sentences(draw)
    if response_format["type"] == "json_object":
        return json.dumps({"answer": text})
    if response_format["type"] == "json_schema":
        inner = response_format["json_schema"]
        schema = inner.get("schema", inner) if isinstance(inner, Mapping) else {}
        return json.dumps(canned.like(schema, draw))
    return text
