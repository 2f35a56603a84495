"""The words of a setting that names a remote: the name of one, or a URL."""

from __future__ import annotations

import re
from typing import Final

NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
"""The name of a remote. Everything else is a URL."""
_LOGIN: Final = re.compile(r"://[^/\s@]*@")


def without_login(text: str) -> str:
    """The text without what stands before the @ of a URL, which may be a token."""
    return _LOGIN.sub("://", text)
