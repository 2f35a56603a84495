"""Asks a model of the API, or the program behind the address of an object of the project."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import field, replace
from difflib import get_close_matches
from fractions import Fraction
from typing import Any, Final

from novita_infra.api.errors import ApiError
from novita_infra.catalogue.models import LanguageModel, model_request, parse_model
from novita_infra.catalogue.products import UNIT
from novita_infra.inference.answers import TextPiece, TokenUsage, first_model_in
from novita_infra.inference.calls import ModelCall
from novita_infra.inference.sending import API_MODELS, Serving, ask_model, read_path, stream_model
from novita_infra.inference.words import WholeWords
from novita_infra.kinds import MACHINE_KINDS
from novita_infra.model.diagnostics import Problems, problem
from novita_infra.model.frozen import dataclass
from novita_infra.operations.account.api_call import without_secrets_of
from novita_infra.operations.account.targets import target_of
from novita_infra.operations.account.view import AccountView
from novita_infra.operations.market.catalogue import read_models
from novita_infra.refresh.objects import read_one

_URL: Final = "url"
_SERVING: Final = tuple(kind for kind in MACHINE_KINDS if _URL in kind.outputs)
"""The kinds whose objects have an address."""
_MILLION: Final = 1_000_000
_NEAR: Final = 0.75
"""How like the name of a model a word must be, from 0 to 1."""
_NAMING: Final = 60.0
"""Seconds for the names of the models that a program serves."""


@dataclass(frozen=True, slots=True)
class Answerer:
    """Who is asked."""

    serving: Serving = field(repr=False)
    model: str
    """The name of the model that a call gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramOptions:
    """What is said about the program of an endpoint or instance."""

    model: str = ""
    """The model that a call names; empty for the first that the program serves."""
    token: str = field(default="", repr=False)
    """The key that the program asks for; empty for none."""


async def answerer_of(view: AccountView, word: str, program: ProgramOptions) -> Answerer:
    """Who a word means: a model by its id, or an endpoint or an instance by its address or id.

    From then on no text of the API shows the token of a program. Raises Problems, and ApiError.
    """
    token, model = program.token, program.model
    if token:
        view.client.hide(lambda: [token])
    if "/" in word.partition("[")[0]:  # a key may hold one, too
        if model or token:
            raise problem(
                f"{word} is a model of the API",
                "--model and --token-env are for the program of an endpoint or instance",
            )
        return Answerer(API_MODELS, word)
    try:
        target = await target_of(view, word, _SERVING)
    except Problems as error:
        if _is_address(view, word):
            raise
        models = [item.id for item in await read_models(view)]
        if word in models:
            return Answerer(API_MODELS, word)
        (missing,) = error.diagnostics
        hint = _near_model(word, models) or missing.hint
        hint = "; ".join(filter(None, (hint, "`novita-infra models` lists the models")))
        raise Problems([replace(missing, hint=hint)]) from None
    live = await read_one(view.client, target.kind, target.live.id)
    url = live.outputs.get(_URL) if live else None
    if not isinstance(url, str) or not url:
        raise problem(f"{target.title} has no address", "novita-infra ps shows whether it runs, and its ports")
    serving = Serving(url, token)
    return Answerer(serving, model or await _first_model(view, serving, target.title))


def _is_address(view: AccountView, word: str) -> bool:
    try:
        view.recorded.selected(word)
    except ValueError:
        return False
    return True


def _near_model(word: str, models: Sequence[str]) -> str:
    """The hint with the model whose name without its vendor is nearest to the word; empty without a near one."""
    ids = {id.rpartition("/")[2].lower(): id for id in models}
    near = get_close_matches(word.lower(), ids, n=1, cutoff=_NEAR)
    return f'did you mean the model "{ids[near[0]]}"?' if near else ""


async def whole_answer(view: AccountView, who: Answerer, call: ModelCall) -> Any:
    """The whole answer as JSON data, without known secrets. Raises ApiError."""
    return without_secrets_of(view.client, await ask_model(view.client, who.serving, call))


async def streamed_answer(view: AccountView, who: Answerer, call: ModelCall) -> AsyncGenerator[TextPiece, None]:
    """The pieces of the answer as they come, in whole words and without known secrets. Raises ApiError."""
    words = WholeWords()
    async with aclosing(stream_model(view.client, who.serving, call)) as pieces:
        try:
            async for piece in pieces:
                yield replace(piece, text=_clean(view, words.add(piece.text)))
        finally:
            last = _clean(view, words.end())
    if last:
        yield TextPiece(last)


async def cost_of_tokens(view: AccountView, who: Answerer, usage: TokenUsage | None) -> Fraction | None:
    """What the tokens cost, in 1/100000 USD; None where a price or a number is not known.

    Tokens of an endpoint cost nothing by themselves: its workers are charged by their time.
    """
    if who.serving.url or usage is None:
        return None
    found = None
    with suppress(ApiError):
        found = parse_model(await view.client.send(model_request(who.model)))
    return token_cost(found, usage) if found else None


def token_cost(model: LanguageModel, usage: TokenUsage) -> Fraction | None:
    """The exact cost, by the bracket of the tokens that were sent; None where a price or a number is not known."""
    if usage.sent is None:
        return None
    fitting = [bracket for bracket in model.brackets if bracket.least <= max(usage.sent, 1)]
    priced = fitting[-1] if fitting else next(iter(model.brackets), model)
    total = Fraction(0)
    for tokens, price in ((usage.sent, priced.input_usd), (usage.made or 0, priced.output_usd)):
        if tokens and price is None:
            return None
        total += tokens * Fraction(price or 0) * UNIT / _MILLION
    return total


def _clean(view: AccountView, text: str) -> str:
    hidden = view.client.secrets_in_values([text]) if text else {}
    return hidden.get(text, text)


async def _first_model(view: AccountView, serving: Serving, title: str) -> str:
    """The first model that a program serves. Raises Problems if it does not say, and ApiError without an answer."""
    answer = await read_path(view.client, serving, "/v1/models", within=_NAMING)
    if answer.status == 200 and (name := first_model_in(answer.body)):
        return name
    said = view.client.redacted(answer.text[:200])
    answered = f"HTTP {answer.status}: {said}" if said else f"HTTP {answer.status}"
    raise problem(
        f"the program of {title} does not say which models it serves ({answered})",
        "wait until a worker is ready, or name the model with --model",
    )
