"""The records of the account: its keys, and its meters, payments and usage. Money: 1/100000 USD."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Self

from novita_infra.simulator.world.engine.records import WorldRecord

_OF_POLICIES: Final = frozenset({"mode", "allowed", "excluded", "own", "updated"})


@dataclass(slots=True, kw_only=True)
class Account(WorldRecord):
    """The account itself. There is one."""

    arrears: float = 0.0
    """The time since which the account cannot pay, Unix seconds; 0 while it can."""
    revoked: bool = False
    """Whether its keys are revoked."""
    endpoints_from: float = 0.0
    """The time from which endpoints can be created again, Unix seconds; 0 while there were some."""
    limits: dict[str, int] = field(default_factory=dict)
    """Limits that events have changed."""


@dataclass(slots=True, kw_only=True)
class ApiKey(WorldRecord):
    """A key of the account."""

    name: str
    masked: str
    digest: str
    used: int = 0
    """The time of its last call of a model, Unix seconds."""
    role: str = "Owner"
    """The role of its member in the team: `Owner` or `Developer` (guides/team)."""

    @classmethod
    def of_values(cls, values: dict[str, Any]) -> Self:
        """The record, without the policy that account files of version 0.2 hold in it."""
        return super(ApiKey, cls).of_values({name: value for name, value in values.items() if name not in _OF_POLICIES})


@dataclass(slots=True, kw_only=True)
class Meter(WorldRecord):
    """The running cost of one thing. Money: 1/100000 USD."""

    category: str
    """`gpu`, `serverless` or `cloud_storage`, as in the bills."""
    owner: str
    """The id of the instance, endpoint or storage."""
    product: str
    units: int
    """GPUs, machines or GB."""
    price: int
    """The price of one unit and period."""
    period: int = 3600
    """The period of the price in seconds."""
    since: int = 0
    until: int = 0
    """Unix seconds; 0 while it runs."""


@dataclass(slots=True, kw_only=True)
class Term(WorldRecord):
    """The end of the months that a machine has bought. Its id is the id of the machine."""

    months: int = 0
    """The months of the last purchase."""


@dataclass(slots=True, kw_only=True)
class Payment(WorldRecord):
    """A payment at one time: a top-up, or months for a machine. Money: 1/100000 USD."""

    kind: str
    """`recharge`, `monthly_new_buy` or `monthly_re_buy`."""
    amount: int
    owner: str = ""
    product: str = ""
    price: int = 0
    months: int = 0
    note: str = ""


@dataclass(slots=True, kw_only=True)
class Usage(WorldRecord):
    """The use of one model by one key within one hour. Money: 1/100000 USD."""

    category: str
    """`llm` or `gen_api`, as in the bills."""
    key: str
    product: str
    since: int
    """The beginning of the hour, Unix seconds."""
    price_in: int
    price_out: int
    """The prices of a million units."""
    units_in: int = 0
    units_out: int = 0
    """Tokens of an LLM; for pictures and clips, `units_in` is their number."""
    requests: int = 0

    @property
    def cost(self) -> int:
        """The cost, rounded down once."""
        return (self.units_in * self.price_in + self.units_out * self.price_out) // 1_000_000


@dataclass(slots=True, kw_only=True)
class TeamBudget(WorldRecord):
    """The budget of the member or of a key, whose id it has. An unlimited one has no record."""

    type: str
    """`One-time` or `Recurring`."""
    limit: int
    """In 1/10000 USD."""
    before: int = 0
    """The costs before a one-time budget was set, in 1/100000 USD."""
    stopped: bool = False
    """Whether it has stopped what the member rents by the hour."""
