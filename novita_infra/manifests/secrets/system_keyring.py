"""`{fromKeyring: {service: NAME, name: NAME}}`: a password of the system's keyring, by the package `keyring`."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from novita_infra.api.redaction import redact
from novita_infra.manifests.secrets.source import Asking, ManifestPlace, Pointed, PointedSource, Question, Unreadable
from novita_infra.model.concurrency import in_thread

_LONGEST: Final = 300


def _pointed(parts: Any, _: ManifestPlace) -> Pointed:
    service, name = parts["service"], parts["name"]
    question = Question("fromKeyring", (service, name), f"{name} of {service} in the keyring")
    return Pointed(question, "", f"keyring:{service}/{name}")


async def _ask(question: Question, asking: Asking) -> str:
    service, name = question.words
    try:
        import keyring  # noqa: PLC0415 -- an extra, and it looks for the keyrings of the system
    except ImportError:
        hint = "pip install 'novita-infra[keyring]'"
        raise Unreadable("the package for the system's keyring is not installed", hint) from None
    try:
        password = await in_thread(partial(keyring.get_password, service, name))
    except Exception as error:  # noqa: BLE001 -- each keyring has errors of its own
        why = redact(str(error) or type(error).__name__, asking.secrets)[:_LONGEST]
        raise Unreadable(f"the keyring cannot be read: {why}") from None
    if not password:
        hint = f"store it: keyring set {service} {name}"
        raise Unreadable(f"the keyring has no password of {name} for {service}", hint, unset=f"{service}/{name}")
    return str(password)


SOURCE: Final = PointedSource(_pointed, lambda answer, _: str(answer), ask=_ask)
