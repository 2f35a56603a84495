"""How many examples a property draws that needs more or fewer of them than the others."""

from __future__ import annotations

from typing import Final

from hypothesis import settings

_USUAL: Final = 40
"""The examples of a property in the whole suite (tests/conftest.py)."""


def draws(count: int) -> int:
    """The count in the whole suite, and in the same ratio fewer in the fast lane and more in a wide run."""
    return max(1, count * settings().max_examples // _USUAL)
