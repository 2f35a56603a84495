"""The language models that the API lists (model-apis-llm-list-models)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from novita_infra.api.json_values import int_of, object_of, objects_of, text_of
from novita_infra.model.frozen import dataclass

_FLAT: Final = 10_000
"""The flat prices are whole numbers of 1/10000 USD (models.md)."""
_MOST_DIGITS: Final = 30
"""The digits from which a number is no price."""


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

    def prices(self) -> Iterator[tuple[str, Decimal | None]]:
        """The prices, each with what it is for."""
        yield "input", self.input_usd
        yield "output", self.output_usd


def parse_models(pages: Sequence[Any]) -> tuple[LanguageModel, ...]:
    """The models of the answers, sorted by id; never raises."""
    found: dict[str, LanguageModel] = {}
    for page in pages:
        for item in objects_of(page.get("data") if isinstance(page, Mapping) else page):
            id = text_of(item.get("id"))
            found.setdefault(id, _model(id, item))
    found.pop("", None)
    return tuple(found[id] for id in sorted(found))


def _model(id: str, item: Mapping[str, Any]) -> LanguageModel:
    return LanguageModel(
        id,
        text_of(item.get("display_name")) or text_of(item.get("title")) or id,
        int_of(item.get("context_size")) or None,
        _price(item, "prompt", "input_token_price_per_m"),
        _price(item, "completion", "output_token_price_per_m"),
    )


def _price(item: Mapping[str, Any], part: str, flat: str) -> Decimal | None:
    """The price: of the lowest bracket where there are brackets, else exact, else the flat one."""
    brackets = objects_of(item.get("tiered_billing_configs")) if item.get("is_tiered_billing") else []
    lowest = min(brackets, key=lambda bracket: int_of(bracket.get("min_tokens"), 0) or 0, default=item)
    priced = object_of(object_of(lowest.get("pricing")).get(part))
    exact = _decimal(priced.get("price_per_m_decimal"))
    if exact is not None:
        return exact
    number = int_of(priced.get("price_per_m"), None if brackets else int_of(item.get(flat)))
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
