"""Prices: costs line by line, and exact sums of them. Pure.

Money is in whole numbers of 1/100000 USD; sums are fractions, rounded only for display.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final

from novita_infra.api.json_values import int_of
from novita_infra.catalogue.models import LanguageModel, PriceBracket
from novita_infra.catalogue.products import UNIT, Catalogue, Product
from novita_infra.model.frozen import dataclass

DAY: Final = 24
"""Hours."""
MONTH: Final = 30 * DAY
"""Hours of a month: 30 days, in every amount per month."""

DISK: Final = 500
"""The price per GB and day of a machine's root disk beyond the free size: $0.005 (guides/gpu-instance-pricing)."""
STORAGE: Final = 200
"""The price per GB and day of network storage: $0.002 (guides/gpu-instance-pricing)."""


@dataclass(frozen=True, slots=True)
class Cost:
    """One line of the costs of an object."""

    what: str
    """For a person, such as `RTX 4090 24GB, on demand`."""
    price: int | None
    """The price of one unit for the period, in 1/100000 USD. None for an unknown price, which is not free."""
    quantity: int = 1
    """The number of units; the most where it varies."""
    hours: int = 1
    """The period of the price; 0 for a single payment."""
    least: int | None = None
    """The fewest units, where their number varies by itself (an endpoint's workers) or is estimated (tokens)."""
    unit: str = ""
    """The unit, such as `GPU`; empty where `what` is enough."""
    listed: str = ""
    """The key in the price list; empty for a price that only the guides have."""
    per: int = 1
    """The number of units that the price is for: 1,000,000 tokens."""

    @property
    def fewest(self) -> int:
        """The fewest units."""
        return self.quantity if self.least is None else self.least


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum in 1/100000 USD: the least and the most that it can be."""

    least: Fraction = Fraction(0)
    most: Fraction = Fraction(0)

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.least + other.least, self.most + other.most)

    def __sub__(self, other: Amount) -> Amount:
        return Amount(self.least - other.least, self.most - other.most)

    def __mul__(self, times: int) -> Amount:
        return Amount(self.least * times, self.most * times)

    def __bool__(self) -> bool:
        return bool(self.least or self.most)

    def no_less_than(self, other: Amount) -> Amount:
        """The amount, raised to the other where that is more."""
        return Amount(max(self.least, other.least), max(self.most, other.most))


@dataclass(frozen=True, slots=True)
class PriceList:
    """The catalogue's prices by key (`gpu/ID/spot`, `models/ID/input`), in 1/100000 USD, and the free sizes."""

    prices: Mapping[str, int] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    """The names of products by part and id: `gpu/ID`."""
    free_root_gb: int | None = None
    """The free root disk of a worker of an endpoint; None where the account's limits have no value."""
    free_local_gb: int | None = None

    def cost(
        self,
        key: str,
        what: str,
        *,
        quantity: int = 1,
        hours: int = 1,
        least: int | None = None,
        unit: str = "",
        per: int = 1,
    ) -> Cost:
        """A line at the listed price, or of an unknown price."""
        price = self.prices.get(key)
        return Cost(what, price, quantity=quantity, hours=hours, least=least, unit=unit, listed=key, per=per)


def price_list(catalogue: Catalogue) -> PriceList:
    """The prices of the parts of the catalogue that were read."""
    prices: dict[str, int] = {}
    names: dict[str, str] = {}
    for part, products in (("gpu", catalogue.gpu), ("cpu", catalogue.cpu), ("serverless", catalogue.serverless)):
        for product in products:
            names[f"{part}/{product.id}"] = product.name
            prices |= {f"{part}/{product.id}/{mode}": price for mode, price in _prices(product)}
    for model in catalogue.models:
        names[f"models/{model.id}"] = model.name
        prices |= {f"models/{model.id}/{mode}": price for mode, price in _token_prices(model)}
    limits = catalogue.endpoint_limits
    return PriceList(
        prices,
        names,
        free_root_gb=int_of(limits.get("freeRootfsSize")),
        free_local_gb=int_of(limits.get("freeLocalVolumeSize")),
    )


def part_of(listed: str) -> str:
    """The part of the catalogue of a key of the price list."""
    return listed.partition("/")[0]


def rate(costs: Iterable[Cost]) -> Amount:
    """The costs per hour, without lines of an unknown price and without single payments."""
    least: dict[int, int] = {}
    most: dict[int, int] = {}
    for cost in costs:
        if cost.price is not None and cost.hours:
            least[cost.hours] = least.get(cost.hours, 0) + cost.price * cost.fewest
            most[cost.hours] = most.get(cost.hours, 0) + cost.price * cost.quantity
    return Amount(_per_hour(least), _per_hour(most))


def paid_once(costs: Iterable[Cost]) -> int:
    """The most that the single payments are, in 1/100000 USD, rounded up and without lines of an unknown price."""
    return math.ceil(_once((cost, cost.quantity) for cost in costs))


def least_paid_once(costs: Iterable[Cost]) -> int:
    """The least that the single payments are, in 1/100000 USD, rounded down and without lines of an unknown price."""
    return math.floor(_once((cost, cost.fewest) for cost in costs))


def _once(units: Iterable[tuple[Cost, int]]) -> Fraction:
    """The single payments of so many units each."""
    lines = ((cost.price, count, cost.per) for cost, count in units if not cost.hours)
    return sum((Fraction(price * count, per) for price, count, per in lines if price is not None), Fraction(0))


def unknown(costs: Iterable[Cost]) -> tuple[str, ...]:
    """The names of the lines of an unknown price, each once."""
    return tuple(dict.fromkeys(cost.what for cost in costs if cost.price is None))


_EXACT: Final = Context(prec=10_000)
"""Rounds no amount that a file may hold."""
_MOST_DIGITS: Final = 40
"""The most digits after the point. Two different figures differ long before."""


@lru_cache(maxsize=1024)
def usd(amount: Fraction | int, *, digits: int = 5) -> str:
    """`$1,234.50`: at most so many digits after the point, at least two."""
    exact = _rounded(amount, digits)
    sign = "-" if exact < 0 else ""
    whole, _, cents = f"{exact.copy_abs():,f}".partition(".")
    return f"{sign}${whole}.{cents.rstrip('0'):0<2}"


def usd_apart(first: Fraction | int, second: Fraction | int, *, digits: int = 5) -> tuple[str, str]:
    """Both amounts as `usd`, with more digits where they would look alike and differ."""
    digits = digits_apart(first, second, digits, usd)
    return usd(first, digits=digits), usd(second, digits=digits)


def digits_apart(first: Fraction | int, second: Fraction | int, digits: int, text: Callable[..., str]) -> int:
    """The least number of `digits` after the point, from the given one, at which the texts of two figures differ."""
    while first != second and digits < _MOST_DIGITS and text(first, digits=digits) == text(second, digits=digits):
        digits += 1
    return digits


@lru_cache(maxsize=1024)
def plain_usd(amount: Fraction | int) -> str:
    """`1234.5`, for programs: USD, exact where that takes at most forty digits after the point, else with ten."""
    exact = Fraction(amount, UNIT)
    digits = next((count for count in (10, _MOST_DIGITS) if not (10**count) % exact.denominator), 10)
    return f"{rounded(exact, digits):f}".rstrip("0").rstrip(".")


def _rounded(amount: Fraction | int, digits: int) -> Decimal:
    """USD from 1/100000 USD, with so many digits after the point."""
    return rounded(Fraction(amount, UNIT), digits)


def rounded(figure: Fraction, digits: int) -> Decimal:
    """The figure with so many digits after the point, however large it is."""
    exact = figure * 10**digits
    steps = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
    return Decimal(-steps if exact < 0 else steps).scaleb(-digits, _EXACT)


def _prices(product: Product) -> Iterable[tuple[str, int]]:
    """The prices of the product by mode. In the API a price of 0 means that the mode is not offered."""
    if product.price:
        yield "onDemand", product.price
    if product.spot_price:
        yield "spot", product.spot_price
    for months, price in product.monthly.items():
        if price:
            yield f"monthly/{months}", price


def _token_prices(model: LanguageModel) -> Iterable[tuple[str, int]]:
    """The prices of 1,000,000 tokens, rounded up: those of the lowest and of the dearest bracket."""
    priced = model.brackets or (PriceBracket(0, None, model.input_usd, model.output_usd),)
    for mode, known in (
        ("input", [item.input_usd for item in priced]),
        ("output", [item.output_usd for item in priced]),
    ):
        usd = [price for price in known if price is not None]
        if usd and len(usd) == len(known):
            yield mode, math.ceil(max(usd) * UNIT)
            yield f"least-{mode}", math.floor(min(usd) * UNIT)


def _per_hour(by_hours: Mapping[int, int]) -> Fraction:
    return sum((Fraction(amount, hours) for hours, amount in by_hours.items()), Fraction(0))
