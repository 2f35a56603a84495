"""Names that suggest a secret, such as `HF_TOKEN` and `dbPassword`."""

from __future__ import annotations

from typing import Final

_SECRET_WORDS: Final = ("TOKEN", "SECRET", "PASSWORD", "PASSWD", "KEY", "CREDENTIAL")


def is_secret_name(name: str) -> bool:
    """Returns whether a variable or label of that name counts as a secret."""
    return any(word in name.upper() for word in _SECRET_WORDS)
