"""Whether a declared value and a live one agree, and what is different inside values that do not.

Pure. Equality decides; deepdiff only explains pairs that are already known to differ.
"""

from __future__ import annotations

import hmac
from typing import Any

from novita_infra.encoding import digest
from novita_infra.kinds.kind import Field
from novita_infra.resources import Digest, Joined, Ref, Secret, Spec, Value, is_known, is_secret


def agree(field: Field, *, wanted: Value, found: Value, key: str) -> bool:
    """Whether what was found (live or on record) is what is wanted. What is not known yet never agrees.

    `key` is the hex key of the digests that stand for secrets in the books.
    """
    if not is_known(wanted):
        return False
    if field.satisfied is not None:
        return field.satisfied(wanted, found)
    if field.unordered and isinstance(wanted, list) and isinstance(found, list):
        return _agree_as_sets(wanted, found, key)
    return _equal(wanted, found, key)


def masked(value: Value, *, recorded: Value, wanted: Value, field: Field, key: str) -> Value:
    """A live value fit for the plan: what is, was or will be secret is a Digest, in whatever field it stands.

    An item of a map that may hold secrets (an env) is shown only where the books hold it in clear or the manifest
    declares it in clear: what somebody else put there may be a secret too.
    """
    if field.secret and value is not None:
        return _hidden(value, key)
    if not field.secret_items or not isinstance(value, dict):
        return _without_secrets(value, recorded, wanted, key)
    recorded = recorded if isinstance(recorded, dict) else {}
    wanted = wanted if isinstance(wanted, dict) else {}
    return {
        name: item if item == recorded.get(name) or isinstance(wanted.get(name), str) else _hidden(item, key)
        for name, item in value.items()
    }


def _without_secrets(value: Value, recorded: Value, wanted: Value, key: str) -> Value:
    """The value with a Digest wherever the books or the manifest have a secret at that place."""
    match value:
        case dict():
            known, asked = (other if isinstance(other, dict) else {} for other in (recorded, wanted))
            return {name: _without_secrets(item, known.get(name), asked.get(name), key) for name, item in value.items()}
        case list() if is_secret(recorded) or is_secret(wanted):
            return [_hidden(item, key) for item in value]
        case None | dict() | list():
            return value
        case _:
            return _hidden(value, key) if is_secret(recorded) or is_secret(wanted) else value


def _hidden(value: Value, key: str) -> Value:
    return value if isinstance(value, Digest) else digest(Secret(str(value), ""), key)


def unchanged(after: Value, *, before: Value, key: str) -> Value:
    """What is wanted, with the Digest of `before` in the place of each secret that stays the same."""
    match after, before:
        case Secret(), Digest() if _equal(after, before, key):
            return before
        case dict(), dict():
            return {name: unchanged(item, before=before.get(name), key=key) for name, item in after.items()}
        case _:
            return after


def explain(before: Value, after: Value) -> dict[str, Any]:
    """What differs inside two values that are known to differ, in deepdiff's words; for views of lists and objects."""
    from deepdiff import DeepDiff  # noqa: PLC0415 -- 120 ms of import, needed only where a nested value is explained

    return dict(DeepDiff(_plain(before), _plain(after), ignore_order=True, verbose_level=1).to_dict())


def written(spec: Spec, key: str) -> Spec:
    """The spec as the books hold it: secrets as digests, what is not known yet left out."""
    return {name: digest(value, key) for name, value in spec.items() if is_known(value)}


def _equal(wanted: Value, found: Value, key: str) -> bool:
    match wanted, found:
        case Secret(), str():
            return wanted.value == found
        case Secret(), Digest():
            return hmac.compare_digest(_hex(wanted, key), found.hex)
        case dict(), dict():
            return wanted.keys() == found.keys() and all(_equal(wanted[name], found[name], key) for name in wanted)
        case list(), list():
            return len(wanted) == len(found) and all(
                _equal(left, right, key) for left, right in zip(wanted, found, strict=True)
            )
        case _:
            return bool(wanted == found) and isinstance(wanted, bool) == isinstance(found, bool)


def _agree_as_sets(wanted: list[Value], found: list[Value], key: str) -> bool:
    left = list(found)
    for item in wanted:
        match = next((index for index, other in enumerate(left) if _equal(item, other, key)), None)
        if match is None:
            return False
        del left[match]
    return not left


def _hex(secret: Secret, key: str) -> str:
    found = digest(secret, key)
    return found.hex if isinstance(found, Digest) else ""


def _plain(value: Value) -> Value:
    match value:
        case Ref() | Joined():
            return "(known after apply)"
        case Secret():
            return "(new secret)"
        case Digest():
            return "(secret)"
        case dict():
            return {name: _plain(item) for name, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case _:
            return value
