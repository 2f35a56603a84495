"""Certificates: which authorities are trusted, and what a failure of TLS means.

`SSL_CERT_FILE` or else `SSL_CERT_DIR` replace the authorities that come with novita-infra, as in httpx.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import httpx

from novita_infra.model.diagnostics import Problems, problem

FILE: Final = "SSL_CERT_FILE"
FOLDER: Final = "SSL_CERT_DIR"
_OTHERS: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables of other programs that name a file of authorities."""
_KEYS: Final = "SSLKEYLOGFILE"
_HASHED: Final = re.compile(r"[0-9a-f]{8}\.\d+")
_PASSING: Final = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
"""Failures of TLS that are lost connections."""


class Failure(NamedTuple):
    """Why a connection could not be made."""

    summary: str
    advice: str
    repeats: bool = False
    """Whether the same call may succeed soon."""


def tls_context() -> ssl.SSLContext:
    """The settings of TLS, made once: that takes 20 ms. Raises Problems if the trusted authorities cannot be read."""
    return _context(*(os.environ.get(name, "") for name in (FILE, FOLDER, _KEYS)))


@lru_cache(maxsize=2)
def _context(file: str, folder: str, keys: str) -> ssl.SSLContext:
    if file:
        _check_file(file)
    elif folder:
        _check_folder(folder)
    try:
        return httpx.create_ssl_context()
    except ssl.SSLError:
        if not file:
            raise
        raise _unusable(FILE, file, "it holds no certificate in the form PEM") from None
    except OSError as error:
        if not keys:
            raise
        raise problem(f"{_KEYS} ({keys}) cannot be written: {error.strerror}", f"unset {_KEYS}") from error


def _check_file(file: str) -> None:
    try:
        Path(file).open("rb").close()
    except (OSError, ValueError) as error:
        raise _unusable(FILE, file, getattr(error, "strerror", None) or str(error)) from error


def _check_folder(folders: str) -> None:
    """Raises Problems if no folder has a certificate: OpenSSL ignores them, and later trusts nobody."""
    if not any(_HASHED.fullmatch(name) for folder in folders.split(os.pathsep) for name in _entries(folder)):
        raise _unusable(
            FOLDER,
            folders,
            "there is no certificate under the name that OpenSSL looks for",
            f"openssl rehash {folders}",
        )


def _entries(folder: str) -> Iterator[str]:
    try:
        yield from os.listdir(folder)  # noqa: PTH208 -- names are enough
    except (OSError, ValueError) as error:
        raise _unusable(FOLDER, folder, getattr(error, "strerror", None) or str(error)) from error


def _unusable(variable: str, path: str, reason: str, command: str = "") -> Problems:
    hint = f"set {variable} to the certificates of the authorities that you trust, or unset it"
    return problem(f"{variable} ({path}) cannot be used: {reason}", f"{command}, or {hint}" if command else hint)


def tls_failure(error: BaseException | None, host: str) -> Failure | None:
    """What a failed connection to the host says of TLS; None if it failed for another reason, or may succeed later."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    if error is None or isinstance(error, _PASSING):
        return None
    if not isinstance(error, ssl.SSLCertVerificationError):
        reason = (error.reason or "an unknown reason").replace("_", " ").lower()
        return Failure(
            f"{host} does not speak TLS as expected ({reason})",
            "check NOVITA_API_URL (http:// or https://, and the port) and the proxy settings",
        )
    match error.verify_code:  # X509_V_ERR_CERT_NOT_YET_VALID and so on, in openssl/x509_vfy.h
        case 9:
            return Failure(f"the certificate of {host} is not valid yet", "check the clock of this machine")
        case 10:
            return Failure(
                f"the certificate of {host} has expired",
                "check the clock of this machine; else the owner of the host has to renew the certificate",
            )
        case 62 | 64:
            return Failure(
                f"the certificate is not for {host}",
                "check NOVITA_API_URL and the proxy settings: another server answers there",
            )
        case _:
            return Failure(
                f"the certificate of {host} is of an authority that is not trusted ({error.verify_message})",
                _trust_advice(),
            )


def _trust_advice() -> str:
    """How to trust an authority, by the variables that are set."""
    if set_ := next((name for name in (FILE, FOLDER) if os.environ.get(name)), ""):
        return f"add the certificate of the authority to {set_} ({os.environ[set_]})"
    if other := next((name for name in _OTHERS if os.environ.get(name)), ""):
        return f"novita-infra does not read {other}; to trust the same authorities, export {FILE}=${other}"
    return f"if your network inspects TLS, set {FILE} to a file with the certificate of its authority"
