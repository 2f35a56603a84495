"""Who the account is, and what it may do: its keys, limits and budgets."""

from __future__ import annotations

from collections.abc import Sequence

from novita_infra.account.budgets import (
    MEMBERS,
    Cycle,
    Holder,
    HolderBudget,
    budget_check_request,
    enough_in,
    key_budgets_in,
    key_budgets_request,
    member_budgets_in,
    setting_request,
)
from novita_infra.account.quotas import MODALS, RateLimit, endpoint_limits_in, quota_request, rate_limits_in
from novita_infra.api.errors import ApiError
from novita_infra.catalogue.keys import (
    KEYS_WITH_POLICIES,
    ListedKey,
    ModelPolicy,
    keys_in,
    own_keys,
    policy_of,
    policy_request,
    policy_reset,
    policy_setting,
)
from novita_infra.kinds import KINDS
from novita_infra.kinds.kind import Kind
from novita_infra.model.concurrency import together
from novita_infra.model.diagnostics import nearest, problem
from novita_infra.model.frozen import dataclass
from novita_infra.operations.account.view import AccountView
from novita_infra.refresh.catalogue import read_catalogue

_ENDPOINT_LIMITS = "endpoint_limits"


@dataclass(frozen=True, slots=True)
class AccountQuotas:
    """What the account may do. What cannot be read is reported, and left out."""

    rates: tuple[RateLimit, ...]
    counts: tuple[tuple[str, int, int], ...]
    """The types of objects with a quota: how many there are, and how many there may be."""
    endpoints: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChange:
    """A change of the models that a key may call: these alone, all but these, all, or the default."""

    allowed: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    resets: bool = False


@dataclass(frozen=True, slots=True)
class KeyIdentity:
    """Whose key it is."""

    keys: tuple[ListedKey, ...]
    """The keys that may be the one in use: one, unless the masks of several fit."""
    account: str
    """The id of the user; empty if it is not known."""
    member: HolderBudget | None
    """The member of the team whose key it is; None if it is not known."""


async def read_keys_of_account(view: AccountView) -> tuple[list[ListedKey], list[ListedKey]]:
    """The keys, and those that may be the one in use. Raises ApiError."""
    keys = keys_in(await view.client.send(KEYS_WITH_POLICIES))
    return keys, own_keys(keys, view.client.is_own)


def key_named(keys: Sequence[ListedKey], word: str) -> ListedKey:
    """The key of that id or name. Raises Problems if none or several fit."""
    found = [key for key in keys if word in {key.id, key.number}] or [key for key in keys if word == key.name]
    if not found:
        raise problem(f"there is no key {word}", nearest(word, [name for key in keys for name in (key.name, key.id)]))
    if len(found) > 1:
        raise problem(f"several keys are called {word}", f"name one by its id: {', '.join(key.id for key in found)}")
    return found[0]


async def read_policy(view: AccountView, key: ListedKey) -> ModelPolicy:
    """The models that the key may call. Raises ApiError."""
    return policy_of(await view.client.send(policy_request(key.id)))


async def change_policy(view: AccountView, key: ListedKey, change: PolicyChange) -> ModelPolicy:
    """Changes the models that the key may call; returns the policy as the service has made it. Raises ApiError."""
    if change.resets:
        await view.client.send(policy_reset(key.id))
        return await read_policy(view, key)
    return policy_of(await view.client.send(policy_setting(key.id, allowed=change.allowed, excluded=change.excluded)))


async def read_limits(view: AccountView) -> AccountQuotas:
    """The limits of the account. Raises ApiError if the rate limits cannot be read."""
    answers = await together(*(view.client.send(quota_request(modal)) for modal in MODALS))
    counts = await together(*(_count(view, kind) for kind in KINDS.values()))
    return AccountQuotas(
        tuple(limit for answer in answers for limit in rate_limits_in(answer)),
        tuple(count for count in counts if count is not None),
        await _endpoint_limits(view),
    )


async def read_identity(view: AccountView) -> KeyIdentity:
    """Whose key it is. Raises ApiError if the keys cannot be listed; the team may be hidden from the key."""
    keys, own = await read_keys_of_account(view)
    accounts = {key.account for key in (own or keys)} - {""}
    member = None
    try:
        members = member_budgets_in(await view.client.send(MEMBERS))
        ids = {key.member for key in own} - {""}
        member = next((item for item in members if ids == {item.id}), None)
    except ApiError as error:
        view.report(f"The role in the team is not known: {error}")
    return KeyIdentity(tuple(own), accounts.pop() if len(accounts) == 1 else "", member)


async def read_budgets(view: AccountView) -> list[HolderBudget]:
    """The budgets of the members and of their keys. Raises ApiError; keys that cannot be listed are reported."""
    members = member_budgets_in(await view.client.send(MEMBERS))
    keys = await together(*(_key_budgets(view, item) for item in members))
    return [budget for member, found in zip(members, keys, strict=True) for budget in (member, *found)]


def budget_named(budgets: Sequence[HolderBudget], holder: Holder, word: str) -> HolderBudget:
    """The budget of the member (id or e-mail) or the key (id or name). Raises Problems if none or several fit."""
    all_of = [item for item in budgets if item.holder == holder]
    found = [item for item in all_of if word == item.id] or [item for item in all_of if word == item.name]
    if not found:
        raise problem(
            f"there is no {holder} {word}", nearest(word, [name for it in all_of for name in (it.name, it.id)])
        )
    if len(found) > 1:
        raise problem(f"several keys are called {word}", f"name one by its id: {', '.join(it.id for it in found)}")
    return found[0]


async def change_budget(view: AccountView, budget: HolderBudget, cycle: Cycle, limit: int) -> HolderBudget:
    """Sets a budget; the limit is in 1/100000 USD. Returns it as the API shows it now. Raises ApiError and Problems."""
    await view.client.send(setting_request(budget, cycle, limit))
    return budget_named(await read_budgets(view), budget.holder, budget.id)


async def check_budget(view: AccountView, budget: HolderBudget, cost: int | None) -> bool | None:
    """Whether a budget suffices; for a cost in 1/100000 USD, or for anything. None if the API does not say."""
    return enough_in(await view.client.send(budget_check_request(budget, cost)))


async def _key_budgets(view: AccountView, member: HolderBudget) -> list[HolderBudget]:
    try:
        return key_budgets_in(await view.client.send(key_budgets_request(member.id)), member.id)
    except ApiError as error:
        view.report(f"The budgets of the keys of {member.name or member.id} are not shown: {error}")
        return []


async def _count(view: AccountView, kind: Kind) -> tuple[str, int, int] | None:
    quota = kind.market.quota
    if quota is None:
        return None
    try:
        found = quota.read(await view.client.send(quota.request))
    except ApiError as error:
        view.report(f"The quota of {kind.type} is not shown: {error}")
        return None
    return (kind.type, *found) if found else None


async def _endpoint_limits(view: AccountView) -> tuple[tuple[str, int], ...]:
    try:
        catalogue = await read_catalogue(view.client, (_ENDPOINT_LIMITS,))
    except ApiError as error:
        view.report(f"The limits of endpoints are not shown: {error}")
        return ()
    return tuple(endpoint_limits_in(catalogue.endpoint_limits))
