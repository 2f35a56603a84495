"""Keys, limits and budgets of the account, and whose key is in use. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import ClassVar

from novita_infra.account.budgets import HolderBudget
from novita_infra.account.quotas import RateLimit
from novita_infra.catalogue.keys import ALL, SELECTED, ListedKey, ModelPolicy
from novita_infra.model.clock import moment, timestamp
from novita_infra.model.frozen import dataclass
from novita_infra.views.content.listing import Facts, Listing, cell, fact

_MEASURES = {"RPM": "requests a minute", "TPM": "tokens a minute", "IPM": "images a minute"}


@dataclass(frozen=True, slots=True)
class KeyRow:
    """An API key."""

    name: str = fact("The name.", title="NAME")
    id: str = fact("The id, `key_...`.", title="ID")
    number: str = fact("Its other id, a number.")
    mask: str = fact("The key with its middle hidden.", title="KEY")
    own: bool = fact("Whether it may be the key in use, by its mask.", title="IN USE")
    member: str = fact("The id of its member in the team.")
    created: str = fact("When it was created, as the API words it: the time zone is not documented.", title="CREATED")
    expires: str = fact("When it expires, as the API words it.")
    last_used: str | None = fact("When it was last used, in UTC; null if never, or if the API does not say.")
    used: str = cell("LAST USED")
    mode: str | None = fact("The models that it may call: `all_enabled` or `selected`; null if the API does not say.")
    allowed: int | None = fact("The number of selected models.")
    excluded: int | None = fact("The number of excluded models.")
    models: str = cell("MODELS")


@dataclass(frozen=True, slots=True)
class KeyListing(Listing):
    """The API keys of the account, as `keys --json` prints them."""

    name: ClassVar[str] = "keys"
    row: ClassVar[type] = KeyRow
    empty: ClassVar[str] = "The API lists no keys."

    rows: tuple[KeyRow, ...]


@dataclass(frozen=True, slots=True)
class KeyPolicy(Facts):
    """The language models that an API key may call, as `keys KEY --json` prints them."""

    name: ClassVar[str] = "key_policy"

    key_name: str = fact("The name of the key.", title="Key")
    key_id: str = fact("The id of the key.", title="Key id")
    mode: str | None = fact("`all_enabled` or `selected`; null if the API does not say.")
    may_call: str = cell("May call")
    allowed: tuple[str, ...] = fact("The selected models; the API shows them to owners and administrators only.")
    excluded: tuple[str, ...] = fact("The models that it may not call.")
    source: str = fact("`default`, or `private_policy` for a policy of the key.", title="Policy")


@dataclass(frozen=True, slots=True)
class QuotaRow:
    """A limit of the account."""

    of: str = fact("What it is of: `llm`, `image`, `endpoint` or a type of objects.", title="OF")
    name: str = fact("The model, or the limit as the API names it.", title="NAME")
    measure: str = fact("What is counted.", title="MEASURE")
    limit: int | None = fact("The limit; null if the API does not say.")
    digits: str = cell("LIMIT")
    used: int | None = fact("How many there are; null for a rate and a bound.", title="USED")
    default: int | None = fact("The limit without a raise; null where there is none.")
    adjustable: bool = fact("Whether it can be raised.")
    tiers: Mapping[str, int] = fact("The limits of all tiers.")
    by_tier: str = cell("T1 TO T5")


@dataclass(frozen=True, slots=True)
class QuotaListing(Listing):
    """The limits of the account, as `quota --json` prints them."""

    name: ClassVar[str] = "quota"
    row: ClassVar[type] = QuotaRow
    empty: ClassVar[str] = "The API lists no limit of that name."

    rows: tuple[QuotaRow, ...]


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """The budget of a member or of a key. A figure is null if the API does not give it."""

    holder: str = fact("`member` or `key`.", title="OF")
    name: str = fact("The e-mail of the member, or the name of the key.", title="NAME")
    id: str = fact("The id of the member or of the key.", title="ID")
    member: str = fact("The id of the member.")
    role: str = fact("The role of a member in the team.", title="ROLE")
    status: str = fact("The status of a member.")
    type: str = fact("`Unlimited`, `One-time` or `Recurring`.", title="TYPE")
    limit: Fraction | None = fact("The limit in USD; null if it is unlimited.", title="LIMIT")
    used: Fraction | None = fact("What is used of it, in USD.", title="USED")
    remaining: Fraction | None = fact("What is left of it, in USD; null if it is unlimited.", title="LEFT")
    since: str = fact("The beginning of the cycle, as the API words it.")
    until: str = fact("The end of the cycle, as the API words it.", title="UNTIL")


@dataclass(frozen=True, slots=True)
class BudgetListing(Listing):
    """The budgets of members and keys, as `budgets list --json` prints them."""

    name: ClassVar[str] = "budgets"
    row: ClassVar[type] = BudgetRow
    empty: ClassVar[str] = "The API lists no members."

    rows: tuple[BudgetRow, ...]


@dataclass(frozen=True, slots=True)
class BudgetCheck(Facts):
    """Whether a budget suffices, as `budgets check --json` prints it."""

    name: ClassVar[str] = "budget_check"

    holder: str = fact("`member` or `key`.")
    id: str = fact("The id of the member or of the key.")
    enough: bool | None = fact("Whether it suffices; null if the API does not say.", title="Enough")


@dataclass(frozen=True, slots=True)
class WhoAmI(Facts):
    """Whose key is in use, as `whoami --json` prints it."""

    name: ClassVar[str] = "whoami"

    cloud: str = fact("The host of the API, or `simulator`.", title="Cloud")
    account: str | None = fact("The id of the user; null if it is not known.", title="Account")
    key_names: tuple[str, ...] = fact(
        "The name of the key in use; several if their masks fit, none if no mask does.", title="Key"
    )
    key_ids: tuple[str, ...] = fact("The id of the key in use; as many as names.", title="Key id")
    key_masks: tuple[str, ...] = fact("The masks of these keys.", title="Mask")
    member: str | None = fact("The id of the member in the team; null if it is not known.", title="Member")
    email: str | None = fact("The e-mail of the member; null if it is not known.", title="E-mail")
    role: str | None = fact("The role of the member in the team; null if it is not known.", title="Role")
    status: str | None = fact("The status of the member; null if it is not known.", title="Status")


def key_listing(keys: Iterable[ListedKey], own: Iterable[ListedKey]) -> KeyListing:
    """The keys in their order; `own` are those that may be in use."""
    own = frozenset(own)
    return KeyListing(
        tuple(
            KeyRow(
                name=key.name,
                id=key.id,
                number=key.number,
                mask=key.mask,
                own=key in own,
                member=key.member,
                created=key.created,
                expires=key.expires,
                last_used=timestamp(key.last_used) if key.last_used else None,
                used=moment(key.last_used)[:16] if key.last_used else "-",
                mode=key.models or None,
                allowed=key.allowed,
                excluded=key.excluded,
                models=_models(key),
            )
            for key in keys
        )
    )


def key_policy(key: ListedKey, policy: ModelPolicy) -> KeyPolicy:
    """The models that a key may call."""
    return KeyPolicy(
        key.name,
        key.id,
        policy.mode or None,
        policy_words(policy),
        policy.allowed,
        policy.excluded,
        policy.source,
    )


def policy_words(policy: ModelPolicy) -> str:
    """A policy in words."""
    if policy.mode == SELECTED:
        return ", ".join(policy.allowed) or "selected models, which the API does not show to this key"
    models = "all models" if policy.mode == ALL else "not known"
    return f"{models} but {', '.join(policy.excluded)}" if policy.excluded else models


def quota_listing(
    rates: Iterable[RateLimit],
    counts: Iterable[tuple[str, int, int]],
    endpoints: Iterable[tuple[str, int]],
    *,
    name: str,
) -> QuotaListing:
    """The limits with the text in their name."""
    rows = (*_rates(rates), *_counts(counts), *_bounds(endpoints))
    return QuotaListing(tuple(row for row in rows if name.lower() in f"{row.of} {row.name}".lower()))


def budget_listing(budgets: Iterable[HolderBudget]) -> BudgetListing:
    """The budgets in their order."""
    return BudgetListing(tuple(map(_budget, budgets)))


def who_am_i(cloud: str, account: str, keys: Sequence[ListedKey], member: HolderBudget | None) -> WhoAmI:
    """Whose key is in use."""
    members = {key.member for key in keys}
    return WhoAmI(
        cloud,
        account or None,
        tuple(key.name for key in keys),
        tuple(key.id for key in keys),
        tuple(key.mask for key in keys),
        (members.pop() or None) if len(members) == 1 else None,
        (member.name or None) if member else None,
        (member.role or None) if member else None,
        (member.status or None) if member else None,
    )


def _models(key: ListedKey) -> str:
    if key.models == SELECTED:
        return f"{'-' if key.allowed is None else key.allowed} selected"
    return f"all but {key.excluded}" if key.excluded else key.models.replace(ALL, "all") or "-"


def _digits(limit: int | None) -> str:
    return "-" if limit is None else f"{limit:,}"


def _rates(rates: Iterable[RateLimit]) -> Iterator[QuotaRow]:
    for item in rates:
        yield QuotaRow(
            of=item.modal,
            name=item.model,
            measure=_MEASURES.get(item.measure, item.measure),
            limit=item.limit,
            digits=_digits(item.limit),
            used=None,
            default=item.default,
            adjustable=item.adjustable,
            tiers=item.tiers,
            by_tier=" / ".join(f"{quota:,}" for quota in item.tiers.values()) or "-",
        )


def _counts(counts: Iterable[tuple[str, int, int]]) -> Iterator[QuotaRow]:
    for kind, used, limit in counts:
        yield QuotaRow(
            kind, kind, "objects", limit, _digits(limit), used, None, adjustable=False, tiers={}, by_tier="-"
        )


def _bounds(endpoints: Iterable[tuple[str, int]]) -> Iterator[QuotaRow]:
    for name, limit in endpoints:
        yield QuotaRow(
            "endpoint", name, "bound", limit, _digits(limit), None, None, adjustable=False, tiers={}, by_tier="-"
        )


def _budget(item: HolderBudget) -> BudgetRow:
    unlimited = item.type == "Unlimited"
    return BudgetRow(
        holder=item.holder,
        name=item.name,
        id=item.id,
        member=item.member,
        role=item.role,
        status=item.status,
        type=item.type,
        limit=None if unlimited else _money(item.limit),
        used=_money(item.used),
        remaining=None if unlimited else _money(item.remaining),
        since=item.start,
        until=item.end,
    )


def _money(amount: int | None) -> Fraction | None:
    return None if amount is None else Fraction(amount)
