"""Language models by id, with the prices of the lowest bracket."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from novita_infra.catalogue.models import LanguageModel, PriceBracket, parse_models
from novita_infra.catalogue.products import Catalogue
from novita_infra.lookups.found import Answer, NoAnswer
from novita_infra.lookups.lookup import ReadSoFar
from novita_infra.lookups.registry import LOOKUPS

LLM = LOOKUPS["llmModel"]


def prices(prompt: Any, completion: Any) -> dict[str, Any]:
    return {"prompt": prompt, "completion": completion}


TIERED = {
    "id": "a/tiered",
    "input_token_price_per_m": 0,
    "output_token_price_per_m": 0,
    "is_tiered_billing": True,
    "tiered_billing_configs": [
        {"min_tokens": 32001, "pricing": prices({"price_per_m": 9}, {"price_per_m": 9})},
        {"min_tokens": 1, "pricing": prices({"price_per_m_decimal": "0.0750"}, {"price_per_m": 12_500})},
    ],
}
FLAT = {"id": "a/flat", "title": "a/flat", "context_size": 8192, "input_token_price_per_m": 3900}
FREE = {"id": "a/free", "display_name": "Free", "input_token_price_per_m": 0, "output_token_price_per_m": 0}
BAD = {"id": "a/bad", "pricing": prices({"price_per_m_decimal": "1e99"}, {"price_per_m_decimal": "NaN"})}
MODELS = parse_models([{"data": [TIERED, FLAT, FREE, BAD, {"id": ""}, None]}])


def test_a_price_is_that_of_the_lowest_bracket_and_exact() -> None:
    assert parse_models([{"data": [TIERED]}]) == (
        LanguageModel(
            "a/tiered",
            "a/tiered",
            None,
            Decimal("0.075"),
            Decimal("1.25"),
            (
                PriceBracket(1, None, Decimal("0.075"), Decimal("1.25")),
                PriceBracket(32001, None, Decimal("0.0009"), Decimal("0.0009")),
            ),
        ),
    )


def test_models_are_read_whatever_their_answers_lack() -> None:
    assert MODELS[:3] == (
        LanguageModel("a/bad", "a/bad"),
        LanguageModel("a/flat", "a/flat", 8192, Decimal("0.39")),
        LanguageModel("a/free", "Free", None, Decimal(0), Decimal(0)),
    )


def test_a_model_is_found_by_its_id_alone() -> None:
    read = ReadSoFar(catalogue=Catalogue(models=MODELS))
    assert LLM.answer({"id": "a/tiered"}, read) == Answer(
        {
            "id": "a/tiered",
            "name": "a/tiered",
            "contextSize": None,
            "inputPricePerMillion": Decimal("0.075"),
            "outputPricePerMillion": Decimal("1.25"),
        },
        ("a/tiered, $0.075 per million input tokens, $1.25 per million output tokens",),
    )
    assert LLM.answer({"id": "a/flatt"}, read) == NoAnswer('no language model "a/flatt"', 'did you mean "a/flat"?')
