"""The program of the workers of an endpoint: one that serves a language model, as vLLM does. It takes any model's name.

Its health is at the path that the endpoint names, and at `/health` and `/ping`. It asks for no key, and no token costs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from novita_infra.simulator.errors import ApiRefusal
from novita_infra.simulator.json_text import read_unicode_json
from novita_infra.simulator.operations import RawAnswer
from novita_infra.simulator.request_schema import Fields, Reading
from novita_infra.simulator.routes.llm.chat import in_pieces
from novita_infra.simulator.routes.llm.embeddings import EMBEDDING, embedded
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.llm import inference, models
from novita_infra.simulator.world.llm.models import Model

_READING: Final = Reading()
_HEALTHY: Final = frozenset({"/health", "/ping"})
_SIZE: Final = 1024
"""The length of an embedding."""


def program_answer(world: World, *, health: str, method: str, path: str, body: bytes) -> RawAnswer:
    """What the program answers."""
    match method, path:
        case (("GET" | "HEAD"), _) if path in _HEALTHY or path == health:
            return RawAnswer(b"OK", media="text/plain")
        case "GET", "/v1/models":
            return _json({"object": "list", "data": [{"id": "model", "object": "model", "owned_by": "simulator"}]})
        case "POST", _ if path in _CALLS:
            fields, serve = _CALLS[path]
            try:
                asked = fields.read(read_unicode_json(body), "", _READING)
                return serve(world, _model(asked), asked)
            except ApiRefusal as refusal:
                return _json({"error": {"message": refusal.message, "type": "BadRequestError", "code": 400}}, 400)
            except (ValueError, RecursionError):
                return _json({"error": {"message": "the body is no JSON", "code": 400}}, 400)
        case _:
            return _json({"detail": "Not Found"}, 404)


def _model(asked: Mapping[str, Any]) -> Model:
    name = asked["model"] or "model"
    return Model(id=name, name=name, size=_SIZE)


def _text(endpoint: str, world: World, model: Model, asked: Mapping[str, Any]) -> RawAnswer:
    inference.check_request(model, endpoint, asked)
    answer = inference.answer_request(world, model, endpoint=endpoint, body=asked)
    return in_pieces(answer, asked) if asked["stream"] else _json(answer)


def _chat(world: World, model: Model, asked: Mapping[str, Any]) -> RawAnswer:
    return _text(models.CHAT, world, model, asked)


def _completion(world: World, model: Model, asked: Mapping[str, Any]) -> RawAnswer:
    return _text(models.TEXT, world, model, asked)


def _embeddings(world: World, model: Model, asked: Mapping[str, Any]) -> RawAnswer:
    return _json(embedded(world, model, asked))


def _json(value: Any, status: int = 200) -> RawAnswer:
    return RawAnswer(json.dumps(value, separators=(",", ":")).encode(), status)


_CALLS: Final[Mapping[str, tuple[Fields, Callable[[World, Model, Mapping[str, Any]], RawAnswer]]]] = {
    "/v1/chat/completions": (inference.CHAT, _chat),
    "/v1/completions": (inference.TEXT, _completion),
    "/v1/embeddings": (EMBEDDING, _embeddings),
}
