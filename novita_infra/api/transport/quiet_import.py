"""The import of httpx by a program of others."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Final

_COMMAND: Final = "httpx._main"
"""The command line of httpx, which httpx imports where click and rich are installed. It takes longer than httpx."""


def import_httpx() -> None:
    """Imports httpx without its command line, which can still be imported after."""
    if "httpx" in sys.modules or _COMMAND in sys.modules:
        return
    sys.modules[_COMMAND] = None  # type: ignore[assignment]  # the import system takes it for "not there"
    try:
        import_module("httpx")
    finally:
        del sys.modules[_COMMAND]
