"""Keyed digests that replace secrets in the state: equal secrets have equal digests, and no digest reveals one."""

from __future__ import annotations

import hmac

from novita_infra.model.values import Digest, Joined, Secret, Value, is_secret


def digest(value: Value, key: str) -> Value:
    """The value with a Digest (HMAC-SHA256 under the hex key) in the place of each secret.

    A text whose parts are all known becomes one Digest if any part is secret, whether it is joined yet or not. In a
    text that waits for other resources each secret part becomes a Digest, and the other parts remain.
    """
    match value:
        case Secret():
            return Digest(hmac_of(value.value, key))
        case Joined(parts=parts) if is_secret(value):
            if all(isinstance(part, (str, Secret)) for part in parts):
                text = "".join(part.value if isinstance(part, Secret) else str(part) for part in parts)
                return Digest(hmac_of(text, key))
            return Joined(tuple(digest(part, key) for part in parts))
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
            return hmac.compare_digest(hmac_of(value, key), recorded.hex)
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


def derived_key(key: str, purpose: str) -> str:
    """Another hex key, which does not reveal this one."""
    return hmac_of(purpose, key)


def hmac_of(text: str, key: str) -> str:
    """HMAC-SHA256 of the text under the hex key, in hex."""
    return hmac.digest(bytes.fromhex(key), text.encode("utf-8", "surrogatepass"), "sha256").hex()
