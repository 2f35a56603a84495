"""Redacts secrets in recorded exchanges: keys, passwords, tokens and values of environment variables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final

from novita_infra.simulator.json_text import read_unicode_json

REDACTED: Final = "[redacted]"
LEFT_OUT: Final = "[left out: broken JSON]"
_HEADERS: Final = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "api-key", "x-webhook-signature"}
)
_NAMES: Final = re.compile(
    r"(?i)passw(or)?d|passphrase|secret|credential|token$|api_?-?key|^image_?auth$|private_?key|signature"
)
"""Fields of a body and of a query whose values are secrets. `max_tokens` and `imageAuthId` do not match."""
_ENVS: Final = frozenset({"envs", "env"})
_KEY: Final = re.compile(r"\bsk_[A-Za-z0-9_\-]+")
_QUERY: Final = re.compile(
    r"(?i)((?:^|[?&])[^=&#?\s\"']*(?:token|key|secret|signature|password|credential)=)[^&#\s\"']+"
)


def redact_headers(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers, with `[redacted]` for each value that carries a secret."""
    return [(name, REDACTED if name.lower() in _HEADERS else redact_text(value)) for name, value in pairs]


def redact_query(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The parameters of a query, with `[redacted]` for each value that is a secret."""
    return [(name, REDACTED if _NAMES.search(name) else redact_text(value)) for name, value in pairs]


def redact_body(content: str) -> str:
    """A body: JSON and JSON lines field by field, other text by the patterns of keys and signed addresses.

    A body that begins like JSON and is not JSON is left out.
    """
    if not _like_json(content):
        return redact_text(content)
    whole = _json(content)
    clean = [whole] if whole is not None else [_json(line) for line in content.split("\n") if line.strip()]
    return LEFT_OUT if None in clean else "\n".join(filter(None, clean))


def redact_text(content: str) -> str:
    """Text without API keys and without the secrets in the query of an address."""
    return _KEY.sub(f"sk_{REDACTED}", _QUERY.sub(rf"\g<1>{REDACTED}", content))


def _like_json(content: str) -> bool:
    return content.lstrip()[:1] in {"{", "["}


def _json(content: str) -> str | None:
    try:
        value = read_unicode_json(content)
    except (ValueError, RecursionError):
        return None
    return json.dumps(_value(value), ensure_ascii=False, separators=(",", ":"))


def _value(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        if name in _ENVS and not {"key", "value"} <= value.keys():
            return dict.fromkeys(value, REDACTED)
        hidden = {"value"} if name in _ENVS else set()
        return {
            key: REDACTED if key in hidden or (_NAMES.search(key) and inner) else _value(inner, key)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_value(inner, name) for inner in value]
    return redact_text(value) if isinstance(value, str) else value
