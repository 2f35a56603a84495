"""Drafts the manifest of an imported object from its live values. It writes no file."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from novita_infra.api.credentials import holds_credential, without_credentials
from novita_infra.api.redaction import HIDDEN
from novita_infra.kinds.field import Default, Field, Local, Secrecy
from novita_infra.kinds.kind import Kind
from novita_infra.manifests.export.drafts import Draft, escaped
from novita_infra.model.addresses import Address
from novita_infra.model.resources import Live
from novita_infra.model.values import Spec, Value, is_secret_name

GENERATED: Final = "it is the id of the object"
NOT_RETURNED: Final = "the API does not return it"
WITHHELD: Final = "its value may be secret, so it is not written here"
_SECRET_WORDS: Final = (
    *("PASS", "PWD", "AUTH", "PRIVATE", "COOKIE", "SESSION", "DSN", "SIGNATURE", "CERT", "LICENSE"),
    *("JWT", "BEARER", "WEBHOOK", "SALT", "MNEMONIC", "CONNECTION"),
)
"""Parts of names of variables that often hold a secret, beside those that always count as one."""
_LONG_WORD: Final = re.compile(r"[A-Za-z0-9+_=]{20,}")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PRIVATE_KEY: Final = "-----BEGIN "


def draft_of(
    kind: Kind,
    address: Address,
    live: Live,
    *,
    owner: Callable[[str, str], str],
    redacted: Callable[[str], str],
) -> Draft:
    """Returns the draft of a live object's manifest. Fields with the kind's default are omitted.

    `owner` maps a type and an id to the name of the resource that declares it, or to an empty string; `redacted` takes
    known secrets out of a text. A value that may be secret is left out; of an `env`, only that variable. A field that a
    manifest must declare and the API does not return gets a substitute.
    """
    spec = {name: _written(kind, kind.field(name), value, owner) for name, value in written_fields(kind, live).items()}
    shown = {name: _without_secrets(kind.field(name), value, redacted) for name, value in spec.items()}
    draft = Draft(kind, address, spec, {name: value for name, value in shown.items() if value is not None})
    for name, value in shown.items():
        if kind.field(name).secret_items:
            for key, text in live.values[name].items():
                if _is_secret_variable(key, text) or redacted(text) != text:
                    draft = draft.without(name, key=key, reason=WITHHELD)
        elif value != spec[name]:
            draft = draft.without(name, reason=WITHHELD)
        elif value == live.id and not kind.field(name).required:
            draft = draft.without(name, reason=GENERATED)
    for item in kind.fields:
        if item.required and item.name not in live.values:
            if item.secret:
                draft = draft.pointing(item.name, NOT_RETURNED)
            else:
                draft = draft.without(item.name, reason=NOT_RETURNED)
    return draft


def written_fields(kind: Kind, live: Live) -> Spec:
    """Returns the live values that a manifest states: those that the API returns and that differ from the kind's
    default.
    """
    return {
        item.name: live.values[item.name]
        for item in kind.fields
        if item.name in live.values and not _is_default(item, live.values[item.name])
    }


def unwritable(kind: Kind, live: Live) -> tuple[str, ...]:
    """Returns the required fields that the API does not return and no substitute may stand for: a product."""
    return tuple(
        item.name
        for item in kind.fields
        if item.required and item.name not in live.values and item.name == kind.placement.product
    )


def _is_default(item: Field, value: Value) -> bool:
    if isinstance(item.change, Local):
        return not item.required
    return isinstance(item.absent, Default) and bool(item.absent.value == value)


def _written(kind: Kind, item: Field, value: Value, owner: Callable[[str, str], str]) -> Value:
    if item.refers:
        return _with_names(value, item.refers_at, lambda id: owner(item.refers, id) or {"id": escaped(id)})
    return escaped(kind.resolution.written.get(item.name, lambda whole: whole)(value))


def _with_names(value: Value, path: tuple[str, ...], named: Callable[[str], Value]) -> Value:
    if not path:
        return named(value)
    if path[0] == "*":
        return [_with_names(item, path[1:], named) for item in value]
    others = {name: escaped(item) for name, item in value.items()}
    return {**others, path[0]: _with_names(value[path[0]], path[1:], named)}


def _is_secret_variable(name: str, text: str) -> bool:
    """Returns whether a variable may hold a secret: by its name, or by what its value looks like."""
    if not text:
        return False
    named = is_secret_name(name) or any(word in name.upper() for word in _SECRET_WORDS)
    return named or _may_hold_secret(text)


def _may_hold_secret(text: str) -> bool:
    """Returns whether a text holds a credential, or something that looks like a token: a long word with digits."""
    words = _LONG_WORD.findall(text)
    looks_random = any(any(map(str.isdigit, word)) and any(map(str.isalpha, word)) for word in words)
    return looks_random or holds_credential(text) or _UUID.search(text) is not None or _PRIVATE_KEY in text


def _without_secrets(item: Field, value: Value, redacted: Callable[[str], str]) -> Value:
    """Returns the value without credentials and known secrets; that of a map of variables is None."""
    match value:
        case _ if item.secret_items:
            return None
        case str():
            plain = redacted(value)
            if item.secrecy is Secrecy.PUBLIC:
                return without_credentials(plain, certain=True)
            return HIDDEN if _may_hold_secret(plain) else plain
        case dict():
            return {name: _without_secrets(item, part, redacted) for name, part in value.items()}
        case list():
            return [_without_secrets(item, part, redacted) for part in value]
        case _:
            return value
