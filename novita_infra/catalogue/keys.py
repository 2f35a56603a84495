"""The API keys of the account, as the API lists them, and the models that each may call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import quote

from novita_infra.api.json_values import int_of, object_of, objects_of, text_of
from novita_infra.api.request import Request, get
from novita_infra.model.clock import LAST_MOMENT
from novita_infra.model.frozen import dataclass

KEYS_WITH_POLICIES: Final[Request] = get("/openapi/v2/user/key", includePolicySummary="true")
"""key-list-with-model-access."""
ALL: Final = "all_enabled"
SELECTED: Final = "selected"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPolicy:
    """The models that a key may call. They are language models; others are outside of a policy."""

    mode: str
    """`all_enabled` or `selected`; empty where the answer has none."""
    allowed: tuple[str, ...]
    """The selected models; an answer to a developer leaves them out."""
    excluded: tuple[str, ...]
    """The models that are not among all."""
    source: str
    """`default` or `private_policy`."""


def policy_request(id: str) -> Request:
    """The request for the policy of a key (key-get-model-access-policy)."""
    return get(_policy_path(id))


def policy_setting(id: str, *, allowed: Sequence[str], excluded: Sequence[str]) -> Request:
    """The request that replaces the policy: the allowed models alone, or all but the excluded ones.

    Its answer is the policy as the service has made it (key-put-model-access-policy).
    """
    body = {
        "schemaVersion": 1,
        "productScope": "model_api",
        "mode": SELECTED if allowed else ALL,
        "allowedModels": [{"type": "llm", "id": model} for model in allowed],
        "excludedModels": [{"type": "llm", "id": model} for model in excluded],
    }
    return Request("PUT", _policy_path(id), body=body, repeatable=True)


def policy_reset(id: str) -> Request:
    """The request that brings the default policy back (key-delete-model-access-policy)."""
    return Request("DELETE", _policy_path(id), repeatable=True)


def policy_of(answer: Any) -> ModelPolicy:
    """The policy in an answer."""
    policy = object_of(object_of(answer).get("policy"))
    return ModelPolicy(
        mode=text_of(policy.get("mode")),
        allowed=_models(policy.get("allowedModels")),
        excluded=_models(policy.get("excludedModels")),
        source=text_of(object_of(policy.get("source")).get("type")),
    )


def _policy_path(id: str) -> str:
    return f"/openapi/v2/user/key/{quote(id, safe='')}/model-access-policy"


def _models(value: Any) -> tuple[str, ...]:
    return tuple(filter(None, (text_of(item.get("id")) for item in objects_of(value))))


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
