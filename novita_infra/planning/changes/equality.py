"""Whether a declared and a live value agree, and what differs inside values that do not.

Pure. Equality decides; deepdiff only explains lists and maps that are already known to differ.
"""

from __future__ import annotations

import hmac
from collections.abc import Hashable
from typing import Any, TypeAlias

from novita_infra.api.credentials import credentials_in
from novita_infra.api.redaction import without_secrets
from novita_infra.encoding import digest
from novita_infra.kinds.field import Comparison, Field
from novita_infra.model.frozen import dataclass
from novita_infra.model.values import PLAIN, Computation, Digest, Ref, Secret, Spec, Value, is_known, is_secret


def agree(field: Field, *, wanted: Value, found: Value, key: str) -> bool:
    """Whether a value that was found (live or recorded) is the wanted one. An unknown value never agrees.

    `key` is the hex key of the digests that stand for secrets in the state.
    """
    if not is_known(wanted):
        return False
    if not isinstance(field.compared, Comparison):
        return field.compared(wanted, found)
    match field.compared, wanted, found:
        case Comparison.TRIMMED, str(), str():
            return found in {wanted, wanted.strip(), wanted.lstrip(), wanted.rstrip()}
        case Comparison.AS_SET, list(), list():
            return _agree_as_sets(wanted, found, key)
        case _:
            return _equal(wanted, found, key)


def masked(value: Value, *, recorded: Value, wanted: Value, field: Field, key: str) -> Value:
    """A live value fit for the plan: present, earlier and future secrets are Digests, in whatever field they stand.

    An item of a map that may hold secrets (an env) is shown only where the state holds it in clear or the manifest
    declares it in clear: what somebody else put there may be a secret too.
    """
    if field.secret and value is not None:
        return _hidden(value, key)
    if value == recorded == wanted:
        return value  # the state and the manifest have it in clear
    if not field.secret_items or not isinstance(value, dict):
        return _without_secrets(value, recorded, wanted, key)
    recorded = recorded if isinstance(recorded, dict) else {}
    wanted = wanted if isinstance(wanted, dict) else {}
    return {
        name: item if item == recorded.get(name) or isinstance(wanted.get(name), str) else _hidden(item, key)
        for name, item in value.items()
    }


def without_known_secrets(value: Value, secrets: frozenset[str], *, key: str) -> Value:
    """A live value with a Digest for each text that holds one of the secrets or a credential, wherever it stands."""
    match value:
        case str() if without_secrets(value, secrets.union(credentials_in(value))) != value:
            return _hidden(value, key)
        case dict():
            return {name: without_known_secrets(item, secrets, key=key) for name, item in value.items()}
        case list():
            return [without_known_secrets(item, secrets, key=key) for item in value]
        case _:
            return value


def _without_secrets(value: Value, recorded: Value, wanted: Value, key: str) -> Value:
    """The value with a Digest wherever the state or the manifest has a secret at that place."""
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
    """The wanted value, with the Digest of `before` in the place of each unchanged secret."""
    match after, before:
        case Secret(), Digest() if _equal(after, before, key):
            return before
        case dict(), dict():
            return {name: unchanged(item, before=before.get(name), key=key) for name, item in after.items()}
        case _:
            return after


def revealed(value: Value, live: Value, *, key: str) -> Value:
    """The value with the live text, as a Secret, in the place of each Digest that stands for it."""
    match value, live:
        case Digest(), str() if _equal(value, live, key):
            return Secret(live, "live")
        case dict(), dict():
            return {name: revealed(item, live.get(name), key=key) for name, item in value.items()}
        case list(), list() if len(value) == len(live):
            return [revealed(item, other, key=key) for item, other in zip(value, live, strict=True)]
        case _:
            return value


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference inside a list or map."""

    path: tuple[str | int, ...]
    """The keys and positions that lead there; a position is that of the value before, if there was one."""
    before: Value
    """None where there was nothing."""
    after: Value
    """None where the value is removed."""


def explain_difference(before: Value, after: Value) -> tuple[Difference, ...]:
    """The differences between two lists or maps. The order of a list counts only where nothing else differs.

    Secrets and unknown values are compared as a whole.
    """
    from deepdiff import DeepDiff  # noqa: PLC0415 -- 120 ms of import, needed only where nested values are explained

    stood_for: _Tokens = {}
    pair = (_plain(before, stood_for), _plain(after, stood_for))
    deeply: Any = {"view": "tree", "threshold_to_diff_deeper": 0}
    found: Any = DeepDiff(*pair, ignore_order=True, **deeply) or DeepDiff(*pair, **deeply)
    leaves = {token: leaf for leaf, token in stood_for.items()}
    levels = [level for kind in found.values() for level in kind]
    differences = [
        Difference(tuple(level.path(output_format="list")), _restored(level.t1, leaves), _restored(level.t2, leaves))
        for level in levels
    ]
    return tuple(sorted(differences, key=lambda item: _rank(item, before, after)))


def written(spec: Spec, key: str) -> Spec:
    """The spec as the state holds it: secrets as Digests, unknown values left out."""
    return {name: digest(value, key) for name, value in spec.items() if is_known(value)}


def _equal(wanted: Value, found: Value, key: str) -> bool:
    if isinstance(wanted, PLAIN) and type(wanted) is type(found):
        return bool(wanted == found)  # as most are
    match wanted, found:
        case Secret(), str():
            return wanted.value == found
        case Secret(), Digest():
            return hmac.compare_digest(_hex(wanted, key), found.hex)
        case Digest(), str():
            return hmac.compare_digest(wanted.hex, _hex(Secret(found, ""), key))
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


_Tokens: TypeAlias = dict[tuple[type, Hashable], str]
"""By its type and itself, the text that stands for a leaf while deepdiff looks at the value around it."""


def _plain(value: Value, stood_for: _Tokens) -> Any:
    match value:
        case bool() | Ref() | Computation() | Secret() | Digest():
            return stood_for.setdefault((type(value), value), f"\0{len(stood_for)}")
        case dict():
            return {name: _plain(item, stood_for) for name, item in value.items()}
        case list():
            return [_plain(item, stood_for) for item in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value


def _restored(value: Any, leaves: dict[str, tuple[type, Hashable]]) -> Any:
    match value:
        case str() if value in leaves:
            return leaves[value][1]
        case dict():
            return {name: _restored(item, leaves) for name, item in value.items()}
        case list():
            return [_restored(item, leaves) for item in value]
        case None | str() | int() | float():
            return value
        case _:  # deepdiff's word for nothing
            return None


def _rank(item: Difference, before: Value, after: Value) -> tuple[int, list[str], bool]:
    """The rank by the order of the keys as they are written; removed values before added ones."""
    top = item.path[0] if item.path else ""
    keys = [*before, *after] if isinstance(before, dict) and isinstance(after, dict) else []
    return keys.index(top) if top in keys else 0, [f"{part:>6}" for part in item.path], item.before is None
