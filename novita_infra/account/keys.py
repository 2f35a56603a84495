"""The API keys of the account: their list, with the models that each may call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from novita_infra.api.json_values import int_of, object_of, objects_of, text_of
from novita_infra.api.request import Request, get
from novita_infra.model.clock import LAST_MOMENT
from novita_infra.model.frozen import dataclass

KEYS_WITH_POLICIES: Final[Request] = get("/openapi/v2/user/key", includePolicySummary="true")
"""key-list-with-model-access."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedKey:
    """An API key, as the list shows it."""

    id: str
    """`key_...`."""
    number: str
    """Its other id, a number."""
    name: str
    mask: str
    member: str
    """The id of its member within the team."""
    account: str
    """The id of the user."""
    created: str
    """As the API words it: no document says in which time zone."""
    expires: str
    last_used: int
    """Unix seconds; 0 if never, or where the answer has none."""
    models: str
    """`all_enabled` or `selected`; empty where the answer has none."""
    allowed: int | None
    """The number of models that it may call, where they are selected."""
    excluded: int | None
    """The number of models that it may not call."""


def keys_in(answer: Any) -> list[ListedKey]:
    """The keys in an answer."""
    return [_key(item) for item in objects_of(object_of(answer).get("keys"))]


def own_keys(keys: Sequence[ListedKey], is_own: Callable[[str], bool]) -> list[ListedKey]:
    """The keys that may be the one in use: a mask shows only the ends of a key."""
    return [key for key in keys if is_own(key.mask)]


def _key(item: Any) -> ListedKey:
    policy, used = object_of(item.get("modelAccessPolicy")), int_of(item.get("lastUsedAt"), 0) or 0
    return ListedKey(
        id=text_of(item.get("stringId")),
        number=text_of(item.get("id")),
        name=text_of(item.get("name")),
        mask=text_of(item.get("maskedKey")),
        member=text_of(item.get("memberId")),
        account=text_of(item.get("uuid")),
        created=text_of(item.get("createTime")),
        expires=text_of(item.get("expireTime")),
        last_used=used if 0 < used <= LAST_MOMENT else 0,
        models=text_of(policy.get("mode")),
        allowed=int_of(policy.get("allowedModelCount")),
        excluded=int_of(policy.get("excludedModelCount")),
    )
