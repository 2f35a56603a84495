"""How many tokens the requests of an input have, roughly: only the service counts them, when it bills them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, TypeAlias

from novita_infra.model.frozen import dataclass

PriceOfTokens: TypeAlias = tuple[Decimal | None, Decimal | None]
"""USD for a million tokens that are sent, and that are made; None for an unknown one."""
_MOST_BYTES: Final = 6
"""Bytes of text in a token where tokens are long, and"""
_LEAST_BYTES: Final = 2
"""where they are short. English has four to five, code three, Chinese two to four."""
_OVERHEAD: Final = 20
"""The most tokens around a message, such as its role."""
_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class RequestSizes:
    """The sizes of the requests of an input, added up."""

    requests: int = 0
    messages: int = 0
    text_bytes: int = 0
    """The texts of messages and prompts, in UTF-8."""
    answers: int = 0
    """The most tokens of those answers whose length is limited."""
    unlimited: int = 0
    """The requests without a limit of their answer."""
    others: int = 0
    """Parts that are no text, such as images; nothing is known of their tokens."""

    def with_request(self, body: Mapping[str, Any]) -> RequestSizes:
        """These sizes and those of one more body. Takes any JSON."""
        messages = body.get("messages")
        parts = list(_parts(messages)) if isinstance(messages, list) else list(_prompts(body.get("prompt")))
        times = body.get("n", 1)
        limit = next(
            (body[name] for name in ("max_tokens", "max_completion_tokens") if _is_count(body.get(name))), None
        )
        answers = limit * times if limit is not None and _is_count(times) else None
        return replace(
            self,
            requests=self.requests + 1,
            messages=self.messages + len(parts),
            text_bytes=self.text_bytes + sum(len(text.encode()) for text in parts if text is not None),
            answers=self.answers + (answers or 0),
            unlimited=self.unlimited + (answers is None),
            others=self.others + sum(text is None for text in parts),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenEstimate:
    """The least and the most tokens, roughly; the most are None where nothing bounds them."""

    input_least: int
    input_most: int | None
    output_most: int | None
    """At least each answer may be empty."""


def estimate_tokens(sizes: RequestSizes, *, longest_output: int | None = None) -> TokenEstimate:
    """The tokens of the requests. `longest_output` is the most tokens that the model makes at once."""
    unlimited = sizes.unlimited * longest_output if longest_output else 0 if not sizes.unlimited else None
    return TokenEstimate(
        input_least=sizes.text_bytes // _MOST_BYTES,
        input_most=None if sizes.others else sizes.text_bytes // _LEAST_BYTES + sizes.messages * _OVERHEAD,
        output_most=None if unlimited is None else sizes.answers + unlimited,
    )


def estimate_cost(tokens: TokenEstimate, prices: Sequence[PriceOfTokens]) -> tuple[Fraction | None, Fraction | None]:
    """The least and the most that the tokens cost in USD, by the prices of online calls; None for what is unknown.

    Of several prices, by the size of a request, the least is by the lowest and the most by the highest.
    """
    if not prices:
        return None, None
    inputs, outputs = (
        [Fraction(price) for price in column if price is not None] for column in zip(*prices, strict=True)
    )
    if len(inputs) != len(prices) or len(outputs) != len(prices):
        return None, None
    least = min(inputs) * tokens.input_least / _MILLION
    if tokens.input_most is None or tokens.output_most is None:
        return least, None
    return least, (max(inputs) * tokens.input_most + max(outputs) * tokens.output_most) / _MILLION


def _parts(messages: Sequence[Any]) -> Iterator[str | None]:
    """The texts of messages; None for a part that is none."""
    for message in messages:
        content = message.get("content") if isinstance(message, Mapping) else message
        for part in content if isinstance(content, list) else [content]:
            text = part.get("text") if isinstance(part, Mapping) else part
            yield text if isinstance(text, str) else None if part else ""


def _prompts(prompt: Any) -> Iterator[str | None]:
    for part in prompt if isinstance(prompt, list) else [prompt]:
        yield part if isinstance(part, str) else None


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
