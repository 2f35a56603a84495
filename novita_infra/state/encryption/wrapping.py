"""The ways to wrap a data key: by a passphrase, for recipients of age, and by a program that asks a KMS."""

from __future__ import annotations

import os
import threading
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias

from novita_infra.api.credentials import without_credentials
from novita_infra.api.redaction import redact
from novita_infra.model.diagnostics import problem, reason
from novita_infra.model.frozen import dataclass
from novita_infra.programs.environment import given_environment
from novita_infra.programs.processes import run_process
from novita_infra.state.encryption import passphrases
from novita_infra.state.encryption.passphrases import identity_of_passphrase

_TIMEOUT: Final = 120.0
"""Seconds after which a program is ended."""
_MOST: Final = 2**16
"""The most bytes of a wrapped key."""
_LAST_WORDS: Final = 300
"""Characters of the standard error that are shown when a program fails."""

WrappedKey: TypeAlias = Mapping[str, Any]
"""A wrapped data key as it is stored: `method`, `key` in base64; for recipients `for`, for a passphrase `salt` and
`rounds`. No field is secret."""


class Wrapping(Protocol):
    """One way to wrap data keys."""

    @property
    def method(self) -> str:
        """The name of the way: `passphrase`, `age` or `command`."""
        ...

    @property
    def setting(self) -> str:
        """What a person sets to unwrap a key, such as `state.encryption.passphrase`."""
        ...

    def wrap(self, key: bytes) -> WrappedKey:
        """The key as it is stored. Raises Problems if that is not possible."""
        ...

    def unwrap(self, wrapped: WrappedKey) -> bytes | None:
        """The key; None if it was wrapped with another passphrase, or for others. Raises Problems."""
        ...

    def would_wrap(self, wrapped: WrappedKey) -> bool:
        """Whether a key that `unwrap` returns is wrapped for exactly those for whom `wrap` would wrap it."""
        ...


def pyrage() -> Any:
    """The package that encrypts. Raises Problems if it is not installed."""
    try:
        import pyrage as package  # noqa: PLC0415 -- an extra, which only an encrypted state needs
    except ImportError:
        raise problem(
            "the encryption of states needs the package pyrage", "pip install 'novita-infra[encryption]'"
        ) from None
    return package


@dataclass(frozen=True, slots=True, repr=False)
class PassphraseWrapping:
    """By a passphrase, from which scrypt makes an identity of age; its salt and its rounds stand beside the key."""

    passphrase: str
    setting: str = "state.encryption.passphrase"

    @property
    def method(self) -> str:
        return "passphrase"

    def wrap(self, key: bytes) -> WrappedKey:
        package, salt = pyrage(), os.urandom(16)
        identity = package.x25519.Identity.from_str(identity_of_passphrase(self.passphrase, salt, passphrases.ROUNDS))
        sealed = package.encrypt(key, [identity.to_public()])
        return {**_wrapped(self.method, sealed), "salt": b64encode(salt).decode("ascii"), "rounds": passphrases.ROUNDS}

    def unwrap(self, wrapped: WrappedKey) -> bytes | None:
        package, salt = pyrage(), b64decode(str(wrapped["salt"]))
        identity = package.x25519.Identity.from_str(identity_of_passphrase(self.passphrase, salt, wrapped["rounds"]))
        try:
            key: bytes = package.decrypt(_key_in(wrapped), [identity])
        except package.DecryptError:
            return None
        return key

    def would_wrap(self, wrapped: WrappedKey) -> bool:
        return wrapped.get("for") is None


@dataclass(frozen=True, slots=True, repr=False)
class AgeWrapping:
    """For recipients of age. One of their identities unwraps the key."""

    recipients: tuple[str, ...]
    identity: str
    """The text of an identity file of age, or of a private SSH key; empty if none is given."""
    setting: str = "state.encryption.identity"

    @property
    def method(self) -> str:
        return "age"

    def wrap(self, key: bytes) -> WrappedKey:
        package = pyrage()
        return {
            **_wrapped(self.method, package.encrypt(key, [_recipient(text, package) for text in self.recipients])),
            "for": sorted(self.recipients),
        }

    def unwrap(self, wrapped: WrappedKey) -> bytes | None:
        if not self.identity:
            raise problem(
                f"{self.setting} is not set, and only an identity of one of the recipients reads what is encrypted",
                "write identity: {fromFile: PATH} or {fromEnv: NAME}",
            )
        package = pyrage()
        try:
            key: bytes = package.decrypt(_key_in(wrapped), self._identities(package))
        except package.DecryptError:
            return None
        return key

    def would_wrap(self, wrapped: WrappedKey) -> bool:
        return wrapped.get("for") == sorted(self.recipients)

    def _identities(self, package: Any) -> list[Any]:
        lines = [line.strip() for line in self.identity.split("\n")]
        try:
            if any(line.startswith("-----BEGIN") for line in lines):
                return [package.ssh.Identity.from_buffer(self.identity.encode() + b"\n")]
            return [package.x25519.Identity.from_str(line) for line in lines if line and line[0] != "#"]
        except (package.IdentityError, ValueError):
            raise problem(
                f"{self.setting} holds no identity of age",
                "age-keygen writes one: AGE-SECRET-KEY-1...; a private SSH key without a passphrase is one, too",
            ) from None


@dataclass(frozen=True, slots=True)
class CommandWrapping:
    """By a program: with the argument `wrap` or `unwrap` it reads bytes and prints them wrapped or unwrapped."""

    command: tuple[str, ...]
    """The path of the program and its first arguments."""
    root: Path
    """The folder in which it runs."""
    setting: str = "state.encryption.command"

    @property
    def method(self) -> str:
        return "command"

    def wrap(self, key: bytes) -> WrappedKey:
        return _wrapped(self.method, self._run("wrap", key, secrets=[key]))

    def unwrap(self, wrapped: WrappedKey) -> bytes | None:
        return self._run("unwrap", _key_in(wrapped), secrets=())

    def would_wrap(self, wrapped: WrappedKey) -> bool:
        return wrapped.get("for") is None

    def _run(self, verb: str, given: bytes, *, secrets: Sequence[bytes]) -> bytes:
        subject = f"{Path(self.command[0]).name} {verb}, which {self.setting} names,"
        try:
            exited = run_process(
                [*self.command, verb],
                given,
                folder=self.root.resolve(),
                environ=given_environment(os.environ),
                timeout=_TIMEOUT,
                off=threading.Event(),
                most_output=_MOST,
            )
        except OSError as error:
            raise problem(f"{subject} cannot be run: {reason(error)}") from None
        if exited.trouble:
            raise problem(f"{subject} was ended: {exited.trouble}")
        if exited.code:
            known = [item.decode("utf-8", "replace").strip() for item in (*secrets, exited.output)]
            words = redact(without_credentials(exited.complaints.decode("utf-8", "replace")), known)
            how = f"exit code {exited.code}" if exited.code > 0 else f"signal {-exited.code}"
            said = words[-_LAST_WORDS:].strip()
            raise problem(f"{subject} ended with {how}{f': {said}' if said else ''}")
        if not exited.output:
            raise problem(f"{subject} printed nothing", "it reads the key from its input and prints it")
        return exited.output


def _recipient(text: str, package: Any) -> Any:
    form = package.ssh if text.startswith("ssh-") else package.x25519
    try:
        return form.Recipient.from_str(text)
    except package.RecipientError:
        hint = "age-keygen prints one: age1...; an SSH key is one, too: ssh-ed25519 ..."
        raise problem(f'state.encryption.age names "{text}", which is no recipient of age', hint) from None


def _wrapped(method: str, key: bytes) -> dict[str, Any]:
    return {"method": method, "key": b64encode(key).decode("ascii")}


def _key_in(wrapped: WrappedKey) -> bytes:
    return b64decode(wrapped["key"])
