"""The lookup of a language model by its id."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from novita_infra.catalogue.models import LanguageModel
from novita_infra.catalogue.prices import usd
from novita_infra.catalogue.products import UNIT
from novita_infra.kinds.toolkit.field_schemas import TEXT
from novita_infra.lookups.found import Criteria, NoAnswer
from novita_infra.lookups.lookup import LookupType, Match, Matches, Needs, ReadSoFar
from novita_infra.model.diagnostics import nearest


def _needs(_criteria: Criteria, _known: ReadSoFar) -> Needs:
    return Needs(parts=frozenset({"models"}))


def _find(criteria: Criteria, known: ReadSoFar) -> Matches | NoAnswer:
    models = known.catalogue.models
    found = tuple(item for item in models if item.id == criteria["id"])
    if not found:
        return NoAnswer(f'no language model "{criteria["id"]}"', nearest(criteria["id"], [item.id for item in models]))
    return Matches(tuple(map(_match, found)), same=True)


def _match(model: LanguageModel) -> Match:
    prices = [
        f"{usd(Fraction(price) * UNIT)} per million {what} tokens"
        for what, price in model.prices()
        if price is not None
    ]
    return Match(
        key=model.id,
        text=", ".join((model.id, *prices)),
        attributes={
            "id": model.id,
            "name": model.name,
            "contextSize": model.context_size,
            "inputPricePerMillion": model.input_usd,
            "outputPricePerMillion": model.output_usd,
        },
    )


LOOKUP: Final = LookupType(
    name="llmModel",
    summary="A language model of the account.",
    criteria={"id": {**TEXT, "description": "Its id."}},
    one_of=("id",),
    attributes={
        "id": "its id",
        "name": "its name",
        "contextSize": "how many tokens it takes; null where that is not known",
        "inputPricePerMillion": "USD for a million tokens that are sent; null where that is not known",
        "outputPricePerMillion": "USD for a million tokens that are made; null where that is not known",
    },
    example={"id": "deepseek/deepseek-v3-0324"},
    needs=_needs,
    find=_find,
)
