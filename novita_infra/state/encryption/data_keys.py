"""The keys that encrypt contents: found again by their wrapped form, or made."""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, Final

from novita_infra.model.diagnostics import Problems, problem
from novita_infra.model.frozen import dataclass
from novita_infra.state.encryption.settings import Encryption
from novita_infra.state.encryption.wrapping import WrappedKey, Wrapping, pyrage

_LEVEL: Final = 6
"""The level of the compression: what is encrypted cannot be compressed any more."""
_SETTINGS: Final[Mapping[str, str]] = {
    "passphrase": "passphrase: {fromEnv: NAME}",
    "age": "age: [RECIPIENT], identity: {fromFile: PATH}",
    "command": "command: [PROGRAM]",
}
"""What to write under `state.encryption`, by the way in which a key is wrapped."""
_unwrapped: Final[dict[tuple[Wrapping, str], bytes]] = {}
"""The keys that this process has unwrapped: scrypt takes a fifth of a second, and a program longer."""


class NotSealed(Exception):
    """The content was not written with this key for this place: it was altered, or put there from elsewhere."""


@dataclass(frozen=True, slots=True, repr=False)
class DataKey:
    """A key of contents. Its public half is as secret as the other one."""

    wrapped: WrappedKey
    """The key as it is stored beside the contents."""
    by: Wrapping
    """What unwraps it."""
    identity: Any

    def seal(self, place: str, content: bytes) -> str:
        """The content, encrypted, in base64. It opens only under the name of the same place."""
        plain = place.encode() + b"\n" + zlib.compress(content, _LEVEL)
        return b64encode(pyrage().encrypt(plain, [self.identity.to_public()])).decode("ascii")

    def open(self, place: str, sealed: str) -> bytes:
        """The content. Raises NotSealed."""
        package = pyrage()
        try:
            found, _, content = package.decrypt(b64decode(sealed, validate=True), [self.identity]).partition(b"\n")
        except (package.DecryptError, ValueError) as error:  # ValueError: it is no base64
            raise NotSealed from error
        if found != place.encode():
            raise NotSealed
        return zlib.decompress(content)


def new_data_key(by: Wrapping) -> DataKey:
    """A new key. Raises Problems if it cannot be wrapped."""
    identity = pyrage().x25519.Identity.generate()
    key = str(identity).encode()
    wrapped = by.wrap(key)
    _unwrapped[by, str(wrapped["key"])] = key
    return DataKey(wrapped, by, identity)


def data_key_of(wrapped: WrappedKey, encryption: Encryption, *, place: str) -> DataKey:
    """The key in its stored form; `place` is where it is stored, for a message.

    Raises Problems if the settings do not unwrap it, with what to set.
    """
    method = str(wrapped.get("method"))
    known = [item for item in encryption.reading if item.method == method]
    hint = f"write state: {{encryption: {{{_SETTINGS[method]}}}}}" if method in _SETTINGS else "use a newer version"
    if not known:
        what = "for recipients of age" if method == "age" else f"by a {method}"
        others = encryption.reading
        why = f"and state.encryption has no {method}" if others else "and the project sets no state.encryption"
        raise problem(f"{place} is encrypted {what}, {why}", hint if not others else f"{hint}, also under fallback:")
    failure: Problems | None = None
    for by in known:
        try:
            key = _key(by, wrapped, place)
        except Problems as error:  # another program of the fallback may know the key
            failure = error
            continue
        if key is not None:
            return DataKey(wrapped, by, key)
    raise failure or _wrong_key(known, place)


def _key(by: Wrapping, wrapped: WrappedKey, place: str) -> Any:
    """The identity that was wrapped; None if it is not for this one."""
    name = by, str(wrapped.get("key"))
    try:
        key = _unwrapped.get(name) or by.unwrap(wrapped)
    except (ValueError, KeyError):
        raise problem(f"{place} is damaged: its wrapped key cannot be read") from None
    if key is None:
        return None
    try:
        identity = pyrage().x25519.Identity.from_str(key.decode("ascii").strip())
    except (pyrage().IdentityError, ValueError):
        raise problem(f"{by.setting} unwraps the key of {place} to something else than a key") from None
    _unwrapped[name] = key
    return identity


def _wrong_key(known: list[Wrapping], place: str) -> Problems:
    """The problem that none of these unwraps the key."""
    names = " and ".join(dict.fromkeys(item.setting for item in known))
    is_age = known[0].method == "age"
    what = "is not encrypted for the identity of" if is_age else "is encrypted with another passphrase than that of"
    return problem(
        f"{place} {what} {names}",
        "set the one that it was written with; after a change, the old one stands under state.encryption.fallback",
    )
