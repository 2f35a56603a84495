"""The API keys of the account. The console of Novita creates keys, not the API."""

from __future__ import annotations

import hashlib
from typing import Final

from novita_infra.simulator.errors import ApiRefusal, no_such
from novita_infra.simulator.world.engine.account_records import ApiKey
from novita_infra.simulator.world.engine.world import World

MOST = 10
"""The largest number of keys of an account (llm-api-keys)."""
OWNER: Final = "Owner"
DEVELOPER: Final = "Developer"
_OF_DEVELOPERS: Final = "sk_developer"
"""The beginning of the keys of a member who is a developer, and not the owner of the team."""
_MADE: Final = ("ci", "batches", "notebook")
"""The names of the keys that somebody made in the console, and that nobody has used yet."""


def of_caller(world: World, secret: str) -> ApiKey:
    """The record of a key, created at its first use. Beyond ten keys the first record stands for all others."""
    digest = hashlib.sha256(secret.encode()).hexdigest()
    api_key = next((key for key in world.api_keys if key.digest == digest), None)
    if api_key is not None:
        return api_key
    if len(world.api_keys) >= MOST:
        return next(iter(world.api_keys))
    _make_unused(world)
    return world.api_keys.add(
        ApiKey(
            id=f"key_{world.draw('api-key', digest, length=24)}",
            created=world.moment,
            name=f"key-{len(world.api_keys) - len(_MADE) + 1}",
            masked=f"{secret[:6]}***",
            digest=digest,
            role=DEVELOPER if secret.startswith(_OF_DEVELOPERS) else OWNER,
        )
    )


def member_of(world: World, key: ApiKey) -> str:
    """The id of the member of the team whose key it is."""
    return world.draw("member", DEVELOPER, length=16) if key.role == DEVELOPER else world.owner


def visible_to(world: World, secret: str) -> list[ApiKey]:
    """The keys that the caller may see: a developer only the own ones (key-list-with-model-access)."""
    caller = of_caller(world, secret)
    return [key for key in world.api_keys.listed() if caller.role in (OWNER, key.role)]


def check_is_owner(world: World, secret: str) -> None:
    """Refuses with FORBIDDEN a caller who is not the owner (key-put-model-access-policy)."""
    if of_caller(world, secret).role != OWNER:
        raise ApiRefusal("FORBIDDEN", "only an owner or an admin of the team may do this")


def _make_unused(world: World) -> None:
    """Adds the keys of the console to an account that has none. Their ids are the same in every account."""
    for name in () if len(world.api_keys) else _MADE:
        digest = hashlib.sha256(name.encode()).hexdigest()
        world.api_keys.add(
            ApiKey(
                id=f"key_{digest[:24]}",
                created=world.moment,
                name=name,
                masked=f"sk_{digest[:3]}***",
                digest=f"{name}!",
            )
        )


def key_of(world: World, string_id: str) -> ApiKey:
    """The key with this `stringId`. Raises RESOURCE_NOT_FOUND."""
    _make_unused(world)
    api_key = world.api_keys.get(string_id)
    if api_key is None:
        raise no_such(f"API key {string_id!r}")
    return api_key


def number_of(key: ApiKey) -> str:
    """The `id` of the key, a number as text."""
    return str(int(key.id[-8:], 16))
