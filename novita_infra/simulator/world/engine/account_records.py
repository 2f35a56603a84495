"""The records of the account: its keys, and its money as it is metered, paid and used. Money: 1/100000 USD."""

from __future__ import annotations

from dataclasses import dataclass, field

from novita_infra.simulator.world.engine.records import WorldRecord


@dataclass(slots=True, kw_only=True)
class Account(WorldRecord):
    """What is true of the account as a whole. There is one."""

    arrears: float = 0.0
    """Since when the account cannot pay, Unix seconds; 0 while it can."""
    revoked: bool = False
    """Whether its keys were revoked."""
    limits: dict[str, int] = field(default_factory=dict)
    """Limits that were changed in the course of things."""


@dataclass(slots=True, kw_only=True)
class ApiKey(WorldRecord):
    """A key that was used, as the account lists it, with the policy of the models it may call."""

    name: str
    masked: str
    digest: str
    used: int = 0
    """When it last called a model, Unix seconds."""
    mode: str = "all_enabled"
    allowed: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    own: bool = False
    """Whether a policy was ever set."""
    updated: int = 0


@dataclass(slots=True, kw_only=True)
class Meter(WorldRecord):
    """What one thing costs while it runs. Money: 1/100000 USD."""

    category: str
    """`gpu`, `serverless` or `cloud_storage`, as the bills name it."""
    owner: str
    """The id of the instance, endpoint or storage."""
    product: str
    units: int
    """GPUs, machines or GB."""
    price: int
    """Of one unit and hour."""
    period: int = 3600
    """Seconds that the price is for."""
    since: int = 0
    until: int = 0
    """Unix seconds; 0 while it runs."""


@dataclass(slots=True, kw_only=True)
class Term(WorldRecord):
    """The end of what was paid for in advance; its id is the machine's."""


@dataclass(slots=True, kw_only=True)
class Payment(WorldRecord):
    """Money that moved at once: a top-up, or months bought for a machine. Money: 1/100000 USD."""

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
    """What one key used of one model within one hour. Money: 1/100000 USD."""

    category: str
    """`llm` or `gen_api`, as the bills name it."""
    key: str
    product: str
    since: int
    """The beginning of the hour, Unix seconds."""
    price_in: int
    price_out: int
    """Of a million units."""
    units_in: int = 0
    units_out: int = 0
    """Tokens of an LLM; pictures or clips as the first."""
    requests: int = 0
