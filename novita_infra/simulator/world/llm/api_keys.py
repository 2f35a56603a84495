"""The API keys of the account, and the models that each may call. The console of Novita creates keys, not the API."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from novita_infra.simulator.errors import ApiRefusal, invalid, no_such
from novita_infra.simulator.world.engine.account_records import ApiKey
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.llm import models

MOST = 10
"""The largest number of keys of an account (llm-api-keys)."""


def of_caller(world: World, secret: str) -> ApiKey:
    """The record of a key, created at its first use. Beyond ten keys the first record stands for all others."""
    digest = hashlib.sha256(secret.encode()).hexdigest()
    api_key = next((key for key in world.api_keys if key.digest == digest), None)
    if api_key is not None:
        return api_key
    if len(world.api_keys) >= MOST:
        return next(iter(world.api_keys))
    return world.api_keys.add(
        ApiKey(
            id=f"key_{world.draw('api-key', digest, length=24)}",
            created=world.moment,
            name=f"key-{len(world.api_keys) + 1}",
            masked=f"{secret[:6]}***",
            digest=digest,
        )
    )


def key_of(world: World, string_id: str) -> ApiKey:
    """The key with this `stringId`. Raises RESOURCE_NOT_FOUND."""
    api_key = world.api_keys.get(string_id)
    if api_key is None:
        raise no_such(f"API key {string_id!r}")
    return api_key


def number_of(key: ApiKey) -> str:
    """The `id` of the key, a number as text."""
    return str(int(key.id[-8:], 16))


def set_policy(world: World, key: ApiKey, *, mode: str, allowed: Sequence[str], excluded: Sequence[str]) -> None:
    """Replaces the policy. Models outside the mode and duplicates are dropped (key-put-model-access-policy)."""
    model_ids = list(dict.fromkeys(allowed if mode == "selected" else excluded))
    if mode == "selected" and not model_ids:
        raise invalid("allowedModels", "must name at least one model")
    available = {model.id for model in models.MODELS if model.status == 1}
    for model in model_ids:
        if model not in available:
            raise invalid("allowedModels" if mode == "selected" else "excludedModels", f"{model} is not available")
    key.mode = mode
    key.allowed, key.excluded = (model_ids, []) if mode == "selected" else ([], model_ids)
    key.own, key.updated = True, int(world.moment)
    world.api_keys.touch(key)


def reset_policy(world: World, key: ApiKey) -> None:
    """Removes the policy: every model may be called again, as if there had never been one."""
    key.mode, key.allowed, key.excluded = "all_enabled", [], []
    key.own, key.updated = False, 0
    world.api_keys.touch(key)


def check_policy(key: ApiKey, model: str) -> None:
    """Refuses with model_access_denied a model that the policy of the key excludes (llm-model-access)."""
    if model not in key.allowed if key.mode == "selected" else model in key.excluded:
        raise ApiRefusal("model_access_denied", f"the policy of the key excludes {model}")
