"""The operations embeddings and rerank. Equal inputs get equal numbers."""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping
from typing import Any, Final

from novita_infra.simulator.answers import llm as answers
from novita_infra.simulator.errors import invalid
from novita_infra.simulator.operations import Confidence, Family, IncomingCall, Operation
from novita_infra.simulator.request_schema import Either, Fields, Items, Text, Whole, may, need, should
from novita_infra.simulator.routes.llm.chat import admit_call, admitted, spend
from novita_infra.simulator.routes.llm.models import LLM, aliases
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.llm import canned, models
from novita_infra.simulator.world.llm.inference import LONG
from novita_infra.simulator.world.llm.models import Model

_MOST_INPUTS: Final = 2048
_INPUT: Final = Either(
    (Text(1, LONG), Items(Text(1, LONG), low=1, high=_MOST_INPUTS)), takes=lambda value: int(isinstance(value, list))
)
EMBEDDING: Final = Fields(
    {
        "model": should(Text(), ""),
        "input": need(_INPUT),
        "encoding_format": may(Text(one_of=("float", "base64")), "float"),
        "dimensions": may(Whole(1)),
    }
)
"""The fields of a request for embeddings."""


def _embed(world: World, call: IncomingCall) -> Any:
    model = admitted(world, call, call.body["model"], models.EMBEDDINGS)
    answer = embedded(world, model, call.body)
    admit_call(world, call, model)
    spend(world, call, model, tokens_in=answer["usage"]["prompt_tokens"])
    return answer


def embedded(world: World, model: Model, body: Mapping[str, Any]) -> dict[str, Any]:
    """The whole answer to a request for embeddings. Raises for more dimensions than the model has."""
    texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
    tokens = _counted(model, texts, "input")
    length = body["dimensions"] or model.size
    if length > model.size:
        raise invalid("dimensions", f"{model.id} has {model.size}")
    as_text = body["encoding_format"] == "base64"
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": _coded(vector) if as_text else vector}
            for index, vector in enumerate(
                canned.vector(canned.canned_digest(world, model.id, text), length) for text in texts
            )
        ],
        "model": model.id,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def _coded(vector: list[float]) -> str:
    """The numbers as little-endian 32-bit floats in base64."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _counted(model: Model, texts: list[str], field: str) -> int:
    """The tokens of all texts. Raises if one of them exceeds the context of the model."""
    lengths = [canned.count_tokens(text) for text in texts]
    for index, length in enumerate(lengths):
        if length > model.context:
            raise invalid(f"{field}[{index}]", f"is longer than the {model.context} tokens of {model.id}")
    return sum(lengths)


def _rerank(world: World, call: IncomingCall) -> Any:
    body = call.body
    model = admitted(world, call, body["model"], models.RERANK)
    documents = body["documents"]
    tokens = _counted(model, [body["query"], *documents], "documents")
    admit_call(world, call, model)
    spend(world, call, model, tokens_in=tokens)
    scores = [(_relevance(world, body["query"], document), index) for index, document in enumerate(documents)]
    scores.sort(key=lambda score: (-score[0], score[1]))
    return {
        "id": world.new_id("rerank", length=32),
        "model": model.id,
        "results": [
            {"index": index, "relevance_score": score, "document": {"text": documents[index]}}
            for score, index in scores[: body["top_n"] or len(scores)]
        ],
        "usage": {"prompt_tokens": tokens, "completion_tokens": 0, "total_tokens": tokens},
    }


def _relevance(world: World, query: str, document: str) -> float:
    """A score from 0 to 1: the share of the words of the query in the document, and a small tie-breaker."""
    query_words, document_words = set(query.lower().split()), set(document.lower().split())
    own = int(canned.canned_digest(world, query, document)[:4], 16) / 0xFFFF
    return round(0.9 * len(query_words & document_words) / max(len(query_words), 1) + 0.1 * own, 6)


OPERATIONS = (
    Operation(
        name="embeddings.create",
        method="POST",
        path=f"{LLM}/embeddings",
        source="model-apis-llm-create-embeddings",
        confidence=Confidence.DOCUMENTED,
        serve=_embed,
        body=EMBEDDING,
        answer=answers.EMBEDDINGS,
        aliases=aliases("embeddings"),
        family=Family.LLM,
    ),
    Operation(
        name="rerank.create",
        method="POST",
        path=f"{LLM}/rerank",
        source="model-apis-llm-create-rerank",
        confidence=Confidence.DOCUMENTED,
        serve=_rerank,
        body=Fields(
            {
                "model": should(Text(), ""),
                "query": need(Text(1, LONG)),
                "documents": need(Items(Text(0, LONG), low=1, high=_MOST_INPUTS)),
                "top_n": may(Whole(1)),
            }
        ),
        answer=answers.RERANKED,
        aliases=aliases("rerank"),
        family=Family.LLM,
    ),
)
