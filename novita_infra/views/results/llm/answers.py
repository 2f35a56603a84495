"""The answers of language models. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, ClassVar

from novita_infra.catalogue.prices import usd
from novita_infra.inference.answers import Relevance, TextPiece, TokenUsage
from novita_infra.model.frozen import dataclass
from novita_infra.views.content.listing import Facts, Listing, Statement, cell, fact

_SHOWN = 4
"""Numbers of a vector that a person sees."""
_DIGITS = 12
"""Digits of a cost: one token costs less than a millionth of a dollar."""


@dataclass(frozen=True, slots=True)
class ModelAnswerFacts(Facts):
    """The answer of a language model, as `chat --json` and `complete --json` print it."""

    name: ClassVar[str] = "model_answer"

    model: str = fact("The model that answered.", title="Model")
    text: str = fact("The text of the first choice.", title="Text")
    thoughts: str = fact("What the model thought before it answered; empty if it does not tell.")
    finish: str = fact("Why it ended: `stop`, or `length` where the most tokens were reached.")
    tokens_sent: int | None = fact("The tokens of the prompt; null if they are not known.")
    tokens_made: int | None = fact("The tokens of the answer; null if they are not known.")
    cost: Fraction | None = fact("What they cost; null if it is not known, and for the program of an endpoint.")
    answer: Any = fact("The whole answer as it came, without secrets.")


@dataclass(frozen=True, slots=True)
class VectorRow:
    """The vector of a text."""

    index: int = fact("The place of the text, from 0.", title="TEXT")
    dimensions: int = fact("How many numbers the vector has.", title="DIMENSIONS")
    vector: tuple[float, ...] = fact("The vector.")
    shown: str = cell("VECTOR")


@dataclass(frozen=True, slots=True)
class VectorListing(Statement):
    """The vectors of texts, as `embed --json` prints them."""

    name: ClassVar[str] = "embeddings"
    row: ClassVar[type] = VectorRow
    empty: ClassVar[str] = "The answer holds no vector."

    model: str = fact("The model.")
    tokens: int | None = fact("The tokens of the texts; null if they are not known.")
    cost: Fraction | None = fact("What they cost; null if it is not known, and for the program of an endpoint.")
    rows: tuple[VectorRow, ...] = fact("The vectors, in the order of the texts.")


@dataclass(frozen=True, slots=True)
class RelevanceRow:
    """How well a document answers a query."""

    index: int = fact("The place of the document, from 0.")
    score: float = fact("The higher, the better it answers.", title="SCORE")
    document: str = fact("The document.", title="DOCUMENT")


@dataclass(frozen=True, slots=True)
class RelevanceListing(Listing):
    """Documents by how well they answer a query, as `rerank --json` prints them."""

    name: ClassVar[str] = "relevances"
    row: ClassVar[type] = RelevanceRow
    empty: ClassVar[str] = "The answer holds no document."

    rows: tuple[RelevanceRow, ...]


def model_answer_facts(said: TextPiece, *, model: str, cost: Fraction | None, answer: Any) -> ModelAnswerFacts:
    """The facts of a whole answer; `cost` in 1/100000 USD."""
    usage = said.usage or TokenUsage()
    return ModelAnswerFacts(
        said.model or model, said.text, said.thought, said.finish, usage.sent, usage.made, cost, answer
    )


def vector_listing(
    vectors: Sequence[tuple[float, ...]], *, model: str, usage: TokenUsage | None, cost: Fraction | None
) -> VectorListing:
    """The vectors in the order of their texts; `cost` in 1/100000 USD."""
    rows = tuple(VectorRow(at, len(vector), vector, _short(vector)) for at, vector in enumerate(vectors))
    return VectorListing(model, usage.sent if usage else None, cost, rows)


def relevance_listing(found: Sequence[Relevance], documents: Sequence[str]) -> RelevanceListing:
    """The documents, the best first; without those that were not sent."""
    rows = (
        RelevanceRow(one.index, one.score, documents[one.index]) for one in found if 0 <= one.index < len(documents)
    )
    return RelevanceListing(tuple(rows))


def usage_text(usage: TokenUsage | None, cost: Fraction | None) -> str:
    """What a call used, for a person: `12 tokens sent, 40 made: $0.000012`; empty if nothing is known."""
    if usage is None or usage.sent is None:
        return ""
    made = "" if usage.made is None else f", {usage.made:,} made"
    tokens = "1 token" if usage.sent == 1 else f"{usage.sent:,} tokens"
    return f"{tokens} sent{made}" + ("" if cost is None else f": {usd(cost, digits=_DIGITS)}")


def _short(vector: tuple[float, ...]) -> str:
    shown = ", ".join(f"{number:.4g}" for number in vector[:_SHOWN])
    return f"{shown}, ..." if len(vector) > _SHOWN else shown
