"""What the answers of a language model say, whole or in pieces. The readers take any JSON and never raise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from novita_infra.api.json_values import int_of, object_of, objects_of, text_of
from novita_infra.encoding.json_text import parse_foreign_json
from novita_infra.model.frozen import dataclass


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """The tokens of one call; None where the answer does not say."""

    sent: int | None = None
    made: int | None = None


@dataclass(frozen=True, slots=True)
class TextPiece:
    """A part of an answer in pieces, or a whole one."""

    text: str = ""
    thought: str = ""
    """What the model thought before it answered."""
    finish: str = ""
    """Why it ended: `stop`, `length`; empty while it goes on."""
    usage: TokenUsage | None = None
    model: str = ""
    id: str = ""
    """That of the call, for the support of the service."""
    trouble: str = ""
    """What the service says of a failure in the middle of an answer."""


@dataclass(frozen=True, slots=True)
class Relevance:
    """How well a document answers a query."""

    index: int
    """Its place among those that were sent, from 0."""
    score: float


def said_in(answer: Any) -> TextPiece:
    """The text of the first choice of a whole answer, or of a piece of one, to a chat or a completion."""
    item = object_of(answer)
    choice = object_of(item.get("choices"))
    said = object_of(choice.get("message")) or object_of(choice.get("delta"))
    return TextPiece(
        _content(said.get("content")) if said else text_of(choice.get("text")),
        text_of(said.get("reasoning_content")) or text_of(said.get("reasoning")),
        text_of(choice.get("finish_reason")),
        usage_in(item),
        text_of(item.get("model")),
        text_of(item.get("id")),
        _trouble(item.get("error")),
    )


def piece_of(data: str) -> TextPiece | None:
    """The piece in the data of an event; None for what ends an answer (`[DONE]`) and for what is no JSON object."""
    try:
        item = parse_foreign_json(data)
    except (ValueError, RecursionError):
        return None
    return said_in(item) if isinstance(item, Mapping) else None


def first_model_in(body: bytes) -> str:
    """The first model in an answer to `/v1/models`; empty if there is none."""
    try:
        data = parse_foreign_json(body)
    except (ValueError, RecursionError):
        return ""
    return text_of(object_of(object_of(data).get("data")).get("id"))


def usage_in(answer: Any) -> TokenUsage | None:
    """The tokens of a call; None where the answer has none."""
    usage = object_of(object_of(answer).get("usage"))
    if not usage:
        return None
    return TokenUsage(
        _count(usage, "prompt_tokens", "input_tokens"), _count(usage, "completion_tokens", "output_tokens")
    )


def vectors_in(answer: Any) -> list[tuple[float, ...]]:
    """The vectors of an answer to embeddings, in the order of the texts."""
    rows = objects_of(object_of(answer).get("data"))
    ordered = sorted(enumerate(rows), key=lambda row: (int_of(row[1].get("index"), row[0]), row[0]))
    return [tuple(_numbers(row.get("embedding"))) for _, row in ordered]


def relevances_in(answer: Any) -> list[Relevance]:
    """The documents of an answer to rerank, the best first."""
    rows = objects_of(object_of(answer).get("results"))
    found = [Relevance(int_of(row.get("index"), 0) or 0, _number(row.get("relevance_score"))) for row in rows]
    return sorted(found, key=lambda row: (-row.score, row.index))


def _content(value: Any) -> str:
    """A text, or the texts of its parts."""
    if isinstance(value, list):
        return "".join(text_of(part.get("text")) for part in objects_of(value))
    return text_of(value)


def _trouble(value: Any) -> str:
    return text_of(object_of(value).get("message")) or text_of(value) if value else ""


def _count(usage: Mapping[str, Any], *names: str) -> int | None:
    found = next((int_of(usage[name]) for name in names if name in usage), None)
    return found if found is None or found >= 0 else None


def _numbers(value: Any) -> Iterator[float]:
    yield from map(_number, value if isinstance(value, list) else ())


def _number(value: Any) -> float:
    """A finite number; 0 for anything else."""
    try:
        number = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0.0
    except OverflowError:
        return 0.0
    return number if math.isfinite(number) else 0.0
