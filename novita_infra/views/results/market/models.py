"""The language models. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

from novita_infra.catalogue.models import LanguageModel, PriceBracket
from novita_infra.catalogue.prices import usd
from novita_infra.catalogue.products import UNIT
from novita_infra.model.frozen import dataclass
from novita_infra.views.content.listing import Facts, Listing, cell, fact


@dataclass(frozen=True, slots=True)
class ModelTier:
    """The prices of requests of a size."""

    least_tokens: int = fact("The least tokens of the prompt.")
    most_tokens: int | None = fact("The most tokens of the prompt; null if there is no limit, or it is not known.")
    input: Fraction | None = fact("USD for a million tokens that are sent; null if it is not known.")
    output: Fraction | None = fact("USD for a million tokens that are made; null if it is not known.")

    def __str__(self) -> str:
        prices = " and ".join("-" if price is None else usd(price) for price in (self.input, self.output))
        return f"from {self.least_tokens:,} tokens {prices}"


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A language model, as the list of the API shows it."""

    id: str = fact("The id.", title="MODEL")
    title: str = fact("The name for a person.")
    kind: str = fact("What it is for, such as `chat`; empty if it is not known.", title="KIND")
    context: int | None = fact("Tokens that a request may have; null if they are not known.", title="CONTEXT")
    input: Fraction | None = fact(
        "USD for a million tokens that are sent, of the lowest tier; null if it is not known.", title="INPUT"
    )
    output: Fraction | None = fact("The same for tokens that are made.", title="OUTPUT")
    tiers: tuple[ModelTier, ...] = fact("The prices by the size of a request; empty where all have one price.")
    tiered: str = cell("TIERS")
    batch: bool | None = fact("Whether batches may use it; null if it is not known.", title="BATCH")
    serving: bool | None = fact("Whether it answers requests; null if it is not known.")
    features: tuple[str, ...] = fact("What it can do, in the words of the API.")
    takes: tuple[str, ...] = fact("What it reads, such as `text` and `image`.")
    can: str = cell("CAPABILITIES")


@dataclass(frozen=True, slots=True)
class ModelListing(Listing):
    """The language models, as `models --json` prints them. Prices are for a million tokens."""

    name: ClassVar[str] = "models"
    row: ClassVar[type] = ModelRow
    empty: ClassVar[str] = "No language model is listed there."

    rows: tuple[ModelRow, ...]


@dataclass(frozen=True, slots=True)
class ModelFacts(Facts):
    """A language model, as `models ID --json` prints it. Prices are for a million tokens."""

    name: ClassVar[str] = "model"

    id: str = fact("The id.", title="Id")
    title: str = fact("The name for a person.", title="Name")
    kind: str = fact("What it is for, such as `chat`; empty if it is not known.", title="Kind")
    context: int | None = fact("Tokens that a request may have; null if they are not known.", title="Context")
    longest_output: int | None = fact(
        "Tokens that an answer may have; null if they are not known.", title="Output up to"
    )
    input: Fraction | None = fact("USD for a million tokens that are sent; null if it is not known.", title="Input")
    output: Fraction | None = fact("USD for a million tokens that are made; null if it is not known.", title="Output")
    tiers: tuple[ModelTier, ...] = fact(
        "The prices by the size of a request; empty where all have one price.", title="Tiers"
    )
    batch: bool | None = fact("Whether batches may use it; null if it is not known.", title="Batches")
    serving: bool | None = fact("Whether it answers requests; null if it is not known.", title="Serving")
    features: tuple[str, ...] = fact("What it can do, in the words of the API.", title="Features")
    endpoints: tuple[str, ...] = fact("The calls that it serves, such as `chat/completions`.", title="Calls")
    takes: tuple[str, ...] = fact("What it reads.", title="Takes")
    gives: tuple[str, ...] = fact("What it makes.", title="Gives")
    description: str = fact("The description; empty without one.")


def model_listing(models: Iterable[LanguageModel]) -> ModelListing:
    """The models in their order."""
    return ModelListing(tuple(map(_row, models)))


def model_facts(model: LanguageModel) -> ModelFacts:
    """The facts of a model."""
    can = model.abilities
    return ModelFacts(
        id=model.id,
        title=model.name,
        kind=can.kind,
        context=model.context_size,
        longest_output=model.longest_output,
        input=_price(model.input_usd),
        output=_price(model.output_usd),
        tiers=tuple(map(_tier, model.brackets)),
        batch=can.batches,
        serving=model.serving,
        features=can.features,
        endpoints=can.endpoints,
        takes=can.takes,
        gives=can.gives,
        description=model.description,
    )


def _row(model: LanguageModel) -> ModelRow:
    can = model.abilities
    others = tuple(item for item in can.takes if item != "text")
    return ModelRow(
        id=model.id,
        title=model.name,
        kind=can.kind,
        context=model.context_size,
        input=_price(model.input_usd),
        output=_price(model.output_usd),
        tiers=tuple(map(_tier, model.brackets)),
        tiered=str(len(model.brackets) or "-"),
        batch=can.batches,
        serving=model.serving,
        features=can.features,
        takes=can.takes,
        can=", ".join((*can.features, *others)) or "-",
    )


def _tier(bracket: PriceBracket) -> ModelTier:
    return ModelTier(bracket.least, bracket.most, _price(bracket.input_usd), _price(bracket.output_usd))


def _price(price: Decimal | None) -> Fraction | None:
    """USD in 1/100000 USD."""
    return None if price is None else Fraction(price) * UNIT
