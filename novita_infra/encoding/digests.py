"""Keyed digests that replace secrets in the state: equal secrets have equal digests, and no digest reveals one.

The key stands beside the digests, so each is slow: a guess of a short secret costs as much as the digest. A key is hex
with the cost in front, `scrypt-12:HEX`. A key of version 0.2 is hex alone, and its digests are HMAC-SHA256.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from functools import lru_cache
from typing import Final

from novita_infra.model.computing.compute import in_clear
from novita_infra.model.computing.effort import Effort
from novita_infra.model.computing.types import as_text
from novita_infra.model.values import Computation, Digest, Ref, Secret, Value, is_secret, leaves

COST = 12
"""The logarithm of the rounds of scrypt for new keys: 10 ms and 4 MB for each secret. Tests lower it."""
_SLOW: Final = "scrypt-"
_KEY: Final = re.compile(r"(?:scrypt-(?:[1-9]|1[0-4]):)?(?:[0-9a-f]{2})*")


def slow_key(hex_key: str, cost: int | None = None) -> str:
    """The key whose digests are slow. `cost` is COST if it is omitted."""
    return f"{_SLOW}{COST if cost is None else cost}:{hex_key}"


def is_key(text: str) -> bool:
    """Whether the text is a key of a known form. A cost above 14 would take too much memory."""
    return _KEY.fullmatch(text) is not None


def is_slow(key: str) -> bool:
    """Whether the digests under the key are slow."""
    return key.startswith(_SLOW)


def digest(value: Value, key: str) -> Value:
    """The value with a Digest under the key in the place of each secret.

    A text whose parts are all known becomes one Digest if any part is secret, whether it is joined yet or not. In a
    computation that waits for other resources each secret argument becomes a Digest, and the others remain.
    """
    match value:
        case Secret():
            return Digest(secret_digest(value.value, key))
        case Computation(function=name, arguments=arguments) if is_secret(value):
            if not any(isinstance(leaf, (Ref, Digest)) for leaf in leaves(value)):
                return Digest(secret_digest(as_text(in_clear(value, Effort())), key))
            return Computation(name, tuple(digest(item, key) for item in arguments))
        case dict():
            return {name: digest(item, key) for name, item in value.items()}
        case list():
            return [digest(item, key) for item in value]
        case _:
            return value


def matches_digest(value: Value, recorded: Value, key: str) -> bool:
    """Whether the value equals the recorded one, which may hold digests.

    A plain text is compared by its digest too: the API returns in clear what the state holds as a digest.
    """
    match value, recorded:
        case str(), Digest():
            return hmac.compare_digest(secret_digest(value, key), recorded.hex)
        case dict(), dict():
            return value.keys() == recorded.keys() and all(
                matches_digest(item, recorded[name], key) for name, item in value.items()
            )
        case list(), list():
            return len(value) == len(recorded) and all(
                matches_digest(item, other, key) for item, other in zip(value, recorded, strict=True)
            )
        case _:
            return bool(digest(value, key) == recorded)


def secret_digest(text: str, key: str) -> str:
    """The digest of a secret under the key, in hex. Each is computed once in a process."""
    return stretched(hmac_of(text, key), key)


@lru_cache(maxsize=1 << 16)
def stretched(fast: str, key: str) -> str:
    """The digest under the key that belongs to an HMAC under it; the HMAC itself for a key of version 0.2."""
    if not is_slow(key):
        return fast
    return hashlib.scrypt(fast.encode(), salt=_raw(key), n=1 << _cost(key), r=8, p=1, dklen=32).hex()


def derived_key(key: str, purpose: str) -> str:
    """Another hex key, which does not reveal this one."""
    return hmac_of(purpose, key)


def derived_slow_key(key: str, purpose: str) -> str:
    """Another key, which does not reveal this one, with digests as slow."""
    return slow_key(derived_key(key, purpose), _cost(key)) if is_slow(key) else derived_key(key, purpose)


def hmac_of(text: str, key: str) -> str:
    """HMAC-SHA256 of the text under the key, in hex. For texts that cannot be guessed."""
    return hmac.digest(_raw(key), text.encode("utf-8", "surrogatepass"), "sha256").hex()


def _raw(key: str) -> bytes:
    return bytes.fromhex(key.rpartition(":")[2])


def _cost(key: str) -> int:
    return int(key.removeprefix(_SLOW).partition(":")[0])
