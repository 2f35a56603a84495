"""`{fromVault: {mount: NAME, path: PATH, field: NAME}}`: a field of a secret in OpenBao or Vault, KV version 2.

The server, the token and the rest come from the variables of their programs: `BAO_ADDR` or else `VAULT_ADDR`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from novita_infra.api.redaction import redact
from novita_infra.encoding.files import read_file
from novita_infra.manifests.secrets.picking import data_in, hint_for, text_at
from novita_infra.manifests.secrets.source import (
    LONGEST,
    Asking,
    ManifestPlace,
    Pointed,
    PointedSource,
    Question,
    Unreadable,
)
from novita_infra.model.printable import is_text

_SEGMENT: Final = re.compile(r"(?!\.{1,2}/)[^\x00-\x1f\x7f/?#%]{1,500}/")
_SHOWN: Final = 300
_LONGEST_TOKEN: Final = 2**16


def _pointed(parts: Any, _: ManifestPlace) -> Pointed:
    mount, path = (str(text).strip("/") for text in (parts.get("mount", "secret"), parts["path"]))
    for text in (mount, path):
        if _SEGMENT.sub("", f"{text}/") or not is_text(text):
            raise Unreadable("this is no path of a vault", "write words with / between them, such as training/registry")
    question = Question("fromVault", (mount, path), f"the secret {mount}/{path} of the vault")
    return Pointed(question, parts["field"], f"vault:{mount}/{path}#{parts['field']}")


async def _ask(question: Question, asking: Asking) -> Mapping[str, Any]:
    from novita_infra.api.transport.single_get import Unreached, get_once  # noqa: PLC0415 -- httpx takes 100 ms

    mount, path = question.words
    address, headers = _address(asking.environ), _headers(asking.environ)
    url = f"{address}/v1/{quote(mount)}/data/{quote(path)}"
    try:
        status, body = await get_once(
            url, headers, authorities=_given(asking.environ, "CACERT"), most=LONGEST, subject="the vault"
        )
    except Unreached as error:
        raise Unreadable(str(error), error.advice) from None
    secrets = [*asking.secrets, headers["X-Vault-Token"]]
    return _fields(status, body, subject=question.subject, secrets=secrets)


def _fields(status: int, body: bytes, *, subject: str, secrets: list[str]) -> Mapping[str, Any]:
    """Returns the secret in an answer."""
    if status != 200:
        raise _refused(status, body, subject=subject, secrets=secrets)
    data = data_in(body, subject="the vault")
    fields = data.get("data", {}) if isinstance(data, dict) else {}
    fields = fields.get("data") if isinstance(fields, dict) else None
    if not isinstance(fields, dict):
        hint = "look at the mount: vault secrets list"
        raise Unreadable(f"{subject} has no data of the KV engine version 2", hint)
    return fields


def _refused(status: int, body: bytes, *, subject: str, secrets: list[str]) -> Unreadable:
    """Returns what an answer without a secret means."""
    try:
        errors = data_in(body, subject="")["errors"]
        said = redact("; ".join(map(str, errors)), secrets)[:_SHOWN]
    except (Unreadable, KeyError, TypeError):
        said = ""
    more = f": {said}" if said else ""
    match status:
        case 404:
            return Unreadable(f"there is no {subject.removeprefix('the ')}{more}", "it may be deleted: vault kv get")
        case 403:
            hint = "look at the token (BAO_TOKEN or VAULT_TOKEN), its policies and the namespace"
            short = subject.removesuffix(" of the vault")
            return Unreadable(f"the vault does not let this token read {short}{more}", hint)
        case _ if 300 <= status < 400:
            hint = "set BAO_ADDR or VAULT_ADDR to the address of the active server"
            return Unreadable("the vault answers with a redirect, which is not followed", hint)
        case _:
            return Unreadable(f"the vault answers {subject} with the HTTP status {status}{more}")


def _text(answer: Mapping[str, Any], pointed: Pointed) -> str:
    subject, name = pointed.question.subject, pointed.part
    if name not in answer:
        raise Unreadable(f"{subject} has no field {name}", hint_for(name, answer))
    return text_at(answer[name], part=name, subject=subject)


def _address(environ: Mapping[str, str]) -> str:
    text = _given(environ, "ADDR").rstrip("/")
    hint = "set BAO_ADDR or VAULT_ADDR to the address of the server, such as https://vault.example.com:8200"
    if not text:
        raise Unreadable("there is no address of a vault", hint, unset="BAO_ADDR")
    try:
        parts = urlsplit(text)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        sound = False
    if not sound or parts.username or parts.query or parts.fragment or not text.isascii() or not text.isprintable():
        raise Unreadable("BAO_ADDR or VAULT_ADDR holds no address of a server", hint)
    return text


def _headers(environ: Mapping[str, str]) -> dict[str, str]:
    token = _given(environ, "TOKEN") or _stored_token(environ)
    if not token:
        raise Unreadable("there is no token for the vault", "set BAO_TOKEN or VAULT_TOKEN", unset="BAO_TOKEN")
    namespace = _given(environ, "NAMESPACE")
    headers = {"X-Vault-Token": token, "X-Vault-Request": "true"}
    headers |= {"X-Vault-Namespace": namespace} if namespace else {}
    if not all(text.isascii() and text.isprintable() for text in headers.values()):
        raise Unreadable("the token or the namespace of the vault has a character that no header holds")
    return headers


def _stored_token(environ: Mapping[str, str]) -> str:
    """Returns the token that `vault login` left in the home of the user; empty without one."""
    home = environ.get("HOME", "")
    if not home:
        return ""
    try:
        return read_file(Path(home) / ".vault-token", most=_LONGEST_TOKEN).decode("ascii").strip()
    except (OSError, ValueError):
        return ""


def _given(environ: Mapping[str, str], name: str) -> str:
    return (environ.get(f"BAO_{name}") or environ.get(f"VAULT_{name}") or "").strip()


SOURCE: Final = PointedSource(_pointed, _text, ask=_ask)
