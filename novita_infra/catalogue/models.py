"""The language models that the API lists (model-apis-llm-list-models, model-apis-llm-retrieve-model)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import quote

from novita_infra.api.json_values import int_of, object_of, objects_of, text_of, texts_of
from novita_infra.api.request import Request, get
from novita_infra.model.frozen import dataclass

_FLAT: Final = 10_000
"""The flat prices are whole numbers of 1/10000 USD (models.md)."""
_MOST_DIGITS: Final = 30
"""The digits from which a number is no price."""
_SERVING: Final = 1
"""The status of a model that answers requests (seen live)."""
_BATCHES: Final = "batch-api"
"""Among the endpoints of a model that batches may use (guides/llm-batch-api)."""


@dataclass(frozen=True, slots=True)
class PriceBracket:
    """The prices of requests with at least so many tokens, in USD for a million tokens; None for an unknown one."""

    least: int
    """Tokens of the prompt."""
    most: int | None = None
    """None where the answer does not hold it."""
    input_usd: Decimal | None = None
    output_usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ModelAbilities:
    """What a language model can do, in the words of the API; empty where the answer does not say."""

    kind: str = ""
    """Such as `chat` or `embedding`."""
    endpoints: tuple[str, ...] = ()
    """The calls that it serves: `chat/completions`."""
    features: tuple[str, ...] = ()
    """Such as `function-calling`."""
    takes: tuple[str, ...] = ()
    """What it reads: `text`, `image`."""
    gives: tuple[str, ...] = ()

    @property
    def batches(self) -> bool | None:
        """Whether batches may use it; None where no endpoint is known."""
        return _BATCHES in self.endpoints if self.endpoints else None


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """A language model."""

    id: str
    name: str
    context_size: int | None = None
    """Tokens; None where the answer does not hold it."""
    input_usd: Decimal | None = None
    """USD for a million tokens that are sent, of the lowest bracket; None where the answer does not hold it."""
    output_usd: Decimal | None = None
    """The same for tokens that are made."""
    brackets: tuple[PriceBracket, ...] = ()
    """The prices by the size of a request, the smallest first; empty where all requests have one price."""
    longest_output: int | None = None
    """Tokens; None where the answer does not hold it."""
    abilities: ModelAbilities = field(default_factory=ModelAbilities)
    serving: bool | None = None
    """Whether it answers requests; None where the answer does not hold it."""
    description: str = ""

    def prices(self) -> Iterator[tuple[str, Decimal | None]]:
        """The prices, each with what it is for."""
        yield "input", self.input_usd
        yield "output", self.output_usd


def model_request(id: str) -> Request:
    """The get of one model (model-apis-llm-retrieve-model)."""
    return get(f"/openai/v1/models/{quote(id)}")


def parse_models(pages: Sequence[Any]) -> tuple[LanguageModel, ...]:
    """The models of the answers, sorted by id; never raises."""
    found: dict[str, LanguageModel] = {}
    for page in pages:
        for item in objects_of(page.get("data") if isinstance(page, Mapping) else page):
            id = text_of(item.get("id"))
            found.setdefault(id, _model(id, item))
    found.pop("", None)
    return tuple(found[id] for id in sorted(found))


def parse_model(answer: Any) -> LanguageModel | None:
    """The model in the answer to its get; None where the answer holds none. Never raises."""
    item = object_of(answer)
    id = text_of(item.get("id"))
    return _model(id, item) if id else None


def _model(id: str, item: Mapping[str, Any]) -> LanguageModel:
    status = int_of(item.get("status"))
    brackets = tuple(_brackets(item))
    return LanguageModel(
        id,
        text_of(item.get("display_name")) or text_of(item.get("title")) or id,
        int_of(item.get("context_size")) or None,
        brackets[0].input_usd if brackets else _price(item, "prompt", "input_token_price_per_m"),
        brackets[0].output_usd if brackets else _price(item, "completion", "output_token_price_per_m"),
        brackets=brackets,
        longest_output=int_of(item.get("max_output_tokens")) or None,
        abilities=ModelAbilities(
            text_of(item.get("model_type")),
            endpoints=tuple(texts_of(item.get("endpoints"))),
            features=tuple(texts_of(item.get("features"))),
            takes=tuple(texts_of(item.get("input_modalities"))),
            gives=tuple(texts_of(item.get("output_modalities"))),
        ),
        serving=None if status is None else status == _SERVING,
        description=text_of(item.get("description")),
    )


def _brackets(item: Mapping[str, Any]) -> Iterator[PriceBracket]:
    """The brackets, the lowest first: their order in the answer is not fixed."""
    listed = objects_of(item.get("tiered_billing_configs")) if item.get("is_tiered_billing") else []
    for bracket in sorted(listed, key=lambda each: int_of(each.get("min_tokens"), 0) or 0):
        yield PriceBracket(
            int_of(bracket.get("min_tokens"), 0) or 0,
            int_of(bracket.get("max_tokens")) or None,
            _price(bracket, "prompt"),
            _price(bracket, "completion"),
        )


def _price(item: Mapping[str, Any], part: str, flat: str = "") -> Decimal | None:
    """The exact price, else the one in whole numbers; of an item without brackets, else the flat one."""
    priced = object_of(object_of(item.get("pricing")).get(part))
    exact = _decimal(priced.get("price_per_m_decimal"))
    if exact is not None:
        return exact
    number = int_of(priced.get("price_per_m"), int_of(item.get(flat)))
    return None if number is None else Decimal(number) / _FLAT


def _decimal(value: Any) -> Decimal | None:
    try:
        number = Decimal(text_of(value))
    except InvalidOperation:
        return None
    bounded = (
        number.is_finite() and len(number.as_tuple().digits) < _MOST_DIGITS and abs(number.adjusted()) < _MOST_DIGITS
    )
    return Decimal(f"{number.normalize():f}") if bounded else None
