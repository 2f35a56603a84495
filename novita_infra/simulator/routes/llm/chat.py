"""The operations chat and text completion, whole or streamed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from novita_infra.simulator.answers import llm as answers
from novita_infra.simulator.operations import Confidence, Family, IncomingCall, Operation, RawAnswer
from novita_infra.simulator.routes.llm.models import LLM, aliases
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.llm import api_keys, canned, inference, model_access_policies, models, usage
from novita_infra.simulator.world.llm.models import Model

DONE: Final = b"data: [DONE]\n\n"


def ask(world: World, call: IncomingCall, *, endpoint: str, body: Mapping[str, Any], route: str = "") -> dict[str, Any]:
    """The whole answer to a chat or text request. Checks the limits and charges the tokens.

    `route` is the endpoint that the model must serve, if it differs from `endpoint`. Raises what `usage.admit` and the
    checks raise.
    """
    model = admitted(world, call, body["model"], route or endpoint)
    inference.check_request(model, endpoint, body)
    admit_call(world, call, model)
    answer = inference.answer_request(world, model, endpoint=endpoint, body=body)
    spent = answer["usage"]
    spend(world, call, model, tokens_in=spent["prompt_tokens"], tokens_out=spent["completion_tokens"])
    return answer


def admitted(world: World, call: IncomingCall, model: str, endpoint: str) -> Model:
    """The model of a request. Raises if it does not serve the endpoint or the policy of the key excludes it."""
    served = models.serving(model, endpoint)
    model_access_policies.check_policy(world, api_keys.of_caller(world, call.key), served.id)
    return served


def admit_call(world: World, call: IncomingCall, model: Model) -> None:
    """Admits a call, as far as money, budgets and the limits of the minute allow it."""
    usage.admit(world, model, api_keys.of_caller(world, call.key).id)


def spend(world: World, call: IncomingCall, model: Model, *, tokens_in: int, tokens_out: int = 0) -> None:
    """Charges the tokens of an answer to the key."""
    key = api_keys.of_caller(world, call.key)
    key.used = int(world.moment)
    world.api_keys.touch(key)
    usage.spend_tokens(world, model, key=key.id, tokens_in=tokens_in, tokens_out=tokens_out)


def _chat(world: World, call: IncomingCall) -> Any:
    answer = ask(world, call, endpoint=models.CHAT, body=call.body)
    return in_pieces(answer, call.body) if call.body["stream"] else answer


def _text(world: World, call: IncomingCall) -> Any:
    answer = ask(world, call, endpoint=models.TEXT, body=call.body)
    return in_pieces(answer, call.body) if call.body["stream"] else answer


def event(data: Any, name: str = "") -> bytes:
    """One server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


def in_pieces(answer: dict[str, Any], body: Mapping[str, Any]) -> RawAnswer:
    """The answer to a chat or a completion in pieces. The usage is the last piece, if the request asks for it."""
    head = {name: answer[name] for name in ("id", "created", "model", "system_fingerprint")}
    chats = answer["object"] == "chat.completion"
    deltas = _chat_deltas if chats else _text_deltas
    head["object"] = "chat.completion.chunk" if chats else answer["object"]
    pieces = [event(head | {"choices": [choice]}) for whole in answer["choices"] for choice in deltas(whole)]
    if body["stream_options"]["include_usage"]:
        pieces.append(event(head | {"choices": [], "usage": answer["usage"]}))
    return RawAnswer(pieces=(*pieces, DONE), media="text/event-stream")


def _chat_deltas(choice: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    message = choice["message"]

    def chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        return {"index": choice["index"], "delta": delta, "finish_reason": reason}

    yield chunk({"role": "assistant", "content": ""})
    for piece in canned.pieces(message.get("reasoning_content", "")):
        yield chunk({"reasoning_content": piece})
    for piece in canned.pieces(message["content"]):
        yield chunk({"content": piece})
    for place, call in enumerate(message.get("tool_calls", ())):
        yield chunk({"tool_calls": [{"index": place, **call}]})
    yield chunk({}, choice["finish_reason"])


def _text_deltas(choice: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for piece in canned.pieces(choice["text"]):
        yield {"index": choice["index"], "text": piece, "finish_reason": None, "logprobs": None}
    yield {"index": choice["index"], "text": "", "finish_reason": choice["finish_reason"], "logprobs": None}


OPERATIONS = (
    Operation(
        name="chat.create",
        method="POST",
        path=f"{LLM}/chat/completions",
        source="model-apis-llm-create-chat-completion",
        confidence=Confidence.SEEN_LIVE,
        serve=_chat,
        body=inference.CHAT,
        answer=answers.CHAT,
        streams=True,
        aliases=aliases("chat/completions"),
        family=Family.LLM,
    ),
    Operation(
        name="completions.create",
        method="POST",
        path=f"{LLM}/completions",
        source="model-apis-llm-create-completion",
        confidence=Confidence.DOCUMENTED,
        serve=_text,
        body=inference.TEXT,
        answer=answers.COMPLETION,
        streams=True,
        aliases=aliases("completions"),
        family=Family.LLM,
    ),
)
