"""State on a server that speaks the protocol of Terraform's backend `http`, such as the states that GitLab manages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from novita_infra.state.backend import Backend, OpenBackend, SettingError
from novita_infra.state.settings import StateSettings

ENVIRONMENT: Final = "{environment}"
"""What stands in an address for the name of the environment."""
_ADDRESSES: Final = ("address", "lockAddress", "unlockAddress")
_METHODS: Final = {"updateMethod": "POST", "lockMethod": "LOCK", "unlockMethod": "UNLOCK"}
_RETRIES: Final = 4
_URL: Final = re.compile(r"https?://[^/?#\s]+(?:[/?#]\S*)?")


def _open(settings: StateSettings) -> OpenBackend:
    from novita_infra.state.backends.http.client import Access, HttpClient  # noqa: PLC0415 -- it imports httpx
    from novita_infra.state.backends.http.place import Addresses, HttpPlace  # noqa: PLC0415 -- as above

    options = settings.options
    lock = options["lockAddress"]
    methods = {name: options.get(name, method) for name, method in _METHODS.items()}
    access = Access(
        username=options.get("username", ""),
        password=options.get("password", ""),
        token=options.get("bearerToken", ""),
        checks_certificates=not options.get("skipCertVerification", False),
        retries=options.get("retryMax", _RETRIES),
    )
    addresses = Addresses(
        state=(methods["updateMethod"], options["address"]),
        lock=(methods["lockMethod"], lock),
        unlock=(methods["unlockMethod"], options.get("unlockAddress", lock)),
    )
    return HttpPlace(HttpClient(access), addresses, settings.root)


def _errors_of(options: Mapping[str, Any]) -> Iterable[SettingError]:
    address = options.get("address")
    for name in _ADDRESSES:
        text = options.get(name)
        if not isinstance(text, str):
            continue
        if not _URL.fullmatch(text.replace(ENVIRONMENT, "x")):
            yield SettingError(name, "is no address of a web server", "write it with https://")
        elif other := re.search(r"\{[^{}]*\}", text.replace(ENVIRONMENT, "")):
            yield SettingError(name, f"has {other[0]}, and only {ENVIRONMENT} stands for something")
        elif isinstance(address, str) and (ENVIRONMENT in text) != (ENVIRONMENT in address):
            yield SettingError(name, f"and address must both have {ENVIRONMENT}, or none of them")
    if options.get("bearerToken") is not None and (options.get("username") or options.get("password")) is not None:
        yield SettingError("bearerToken", "stands beside username and password", "give one of them")


def _text(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "description": description, **more}


BACKEND: Final = Backend(
    summary="A server with the protocol of Terraform's http backend, such as GitLab.",
    open=_open,
    settings={
        "address": _text(
            "Where the state is read and written. {environment} stands for the name of the environment: each one needs "
            "an address of its own."
        ),
        "updateMethod": _text("The HTTP method that writes the state.", default=_METHODS["updateMethod"]),
        "lockAddress": _text("Where the lock is taken. A server without locks cannot be used."),
        "lockMethod": _text("The HTTP method that takes the lock.", default=_METHODS["lockMethod"]),
        "unlockAddress": _text("Where the lock is given back. Default: lockAddress."),
        "unlockMethod": _text("The HTTP method that gives the lock back.", default=_METHODS["unlockMethod"]),
        "username": _text("The user, for servers that ask for a name and a password."),
        "password": {"description": "The password of the user."},
        "bearerToken": {"description": "A token, for servers that ask for one instead of a name and a password."},
        "skipCertVerification": {
            "type": "boolean",
            "default": False,
            "description": "Whether any certificate is accepted. Anybody between could then read the state.",
        },
        "retryMax": {
            "type": "integer",
            "minimum": 0,
            "maximum": 20,
            "default": _RETRIES,
            "description": "How often a request is sent again that the server did not answer.",
        },
    },
    required=("address", "lockAddress"),
    secrets=("username", "password", "bearerToken"),
    errors_of=_errors_of,
)
