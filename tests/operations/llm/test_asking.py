"""What is asked, what it costs, and what is hidden of the answer."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import aclosing
from decimal import Decimal
from fractions import Fraction
from typing import Any

import httpx
import pytest
from virtual import VirtualClock

from novita_infra.api.client import Client
from novita_infra.catalogue.models import LanguageModel, PriceBracket
from novita_infra.inference.answers import TokenUsage
from novita_infra.inference.calls import chat_call
from novita_infra.inference.sending import API_MODELS
from novita_infra.operations.account.recorded import recorded_in
from novita_infra.operations.account.view import AccountOptions, AccountView
from novita_infra.operations.llm.asking import Answerer, streamed_answer, token_cost, whole_answer

SECRET = "hf_0123456789abcdef"
BRACKETS = (
    PriceBracket(1, 1000, Decimal("0.5"), Decimal(2)),
    PriceBracket(1001, None, Decimal(1), Decimal(4)),
)


def viewed(answer: Callable[[httpx.Request], httpx.Response], work: Callable[[AccountView], Any]) -> Any:
    """The result of the work on an account that answers so."""
    clock = VirtualClock()

    async def story() -> Any:
        transport = httpx.MockTransport(answer)
        url = "https://api.novita.ai"
        async with Client(
            url=url, key="sk_own-key", clock=clock, random=random.Random(0), transport=transport
        ) as client:
            client.hide(lambda: [SECRET])
            recorded = recorded_in([])
            view = AccountView(AccountOptions(), None, client, clock, "cloud", "digest", False, recorded)
            return await work(view)

    return clock.run(story())


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        (TokenUsage(1000, 10), Fraction(1000) * Fraction("0.5") + 10 * 2),
        (TokenUsage(1001, 10), Fraction(1001) + 10 * 4),
        (TokenUsage(0, 10), Fraction(20)),
        (TokenUsage(5, None), Fraction("2.5")),
    ],
)
def test_the_price_is_that_of_the_bracket_of_the_prompt(usage: TokenUsage, cost: Fraction) -> None:
    model = LanguageModel("m", "m", brackets=BRACKETS, input_usd=Decimal("0.5"), output_usd=Decimal(2))
    assert token_cost(model, usage) == cost * 100_000 / 1_000_000


def test_an_unknown_price_or_number_is_no_cost_of_zero() -> None:
    assert token_cost(LanguageModel("m", "m", input_usd=Decimal(1)), TokenUsage(1, 1)) is None
    assert token_cost(LanguageModel("m", "m", input_usd=Decimal(1)), TokenUsage(1, 0)) == Fraction(1, 10)
    assert token_cost(LanguageModel("m", "m", input_usd=Decimal(1), output_usd=Decimal(1)), TokenUsage(None, 1)) is None


def test_a_secret_in_an_answer_is_hidden_however_it_is_cut() -> None:
    text = f"the key is {SECRET} indeed"
    for size in range(1, len(text)):
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        events = "".join(f'data: {{"choices": [{{"delta": {{"content": "{piece}"}}}}]}}\n\n' for piece in pieces)
        body = f"{events}data: [DONE]\n\n"

        def answer(_: httpx.Request, body: str = body) -> httpx.Response:
            return httpx.Response(200, headers={"Content-Type": "text/event-stream"}, content=body.encode())

        async def shown(view: AccountView) -> str:
            async with aclosing(streamed_answer(view, Answerer(API_MODELS, "m"), chat_call("m", "Hello"))) as parts:
                return "".join([part.text async for part in parts])

        found = viewed(answer, shown)
        assert SECRET not in found
        assert found.startswith("the key is ")
        assert found.endswith(" indeed")


def test_a_secret_in_a_whole_answer_is_hidden() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"choices": [{"message": {"content": f"it is {SECRET}"}}]})

    async def whole(view: AccountView) -> Any:
        return await whole_answer(view, Answerer(API_MODELS, "m"), chat_call("m", "Hello"))

    assert SECRET not in str(viewed(answer, whole))
