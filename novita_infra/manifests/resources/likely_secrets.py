"""Texts that look like secrets although nothing says so."""

from __future__ import annotations

import re
from typing import Final

from novita_infra.api.credentials import holds_credential
from novita_infra.model.values import Value, is_secret_name

_LEAST: Final = 8
"""The fewest characters of a secret. `MAX_TOKENS` and `KEY_TYPE` hold shorter texts."""
_PLAIN: Final = re.compile(r"[a-z]+|[0-9.]+|(?i:true|false)|[A-Za-z0-9_-]+(?:/[A-Za-z0-9_.-]+)+|/.*")
"""A word, a number, a path, or a name such as `meta-llama/Llama-3`."""


def is_secret_in_clear(name: str, value: Value) -> bool:
    """Returns whether the value of a variable of a machine looks like a secret that stands in a file."""
    if not isinstance(value, str) or "${" in value:
        return False
    named = is_secret_name(name) and len(value) >= _LEAST and not _PLAIN.fullmatch(value)
    return named or "-----BEGIN " in value or holds_credential(value)
