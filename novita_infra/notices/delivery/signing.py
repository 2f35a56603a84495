"""Signs webhooks as the Standard Webhooks specification says: https://www.standardwebhooks.com."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Final

_PREFIX: Final = "whsec_"
_LEAST: Final = 24
"""Bytes of a key; the specification says 24 to 64."""


class UnusableKey(ValueError):
    """The secret of a webhook is not what the specification asks for. The message does not hold it."""


def signed_headers(secret: str, body: bytes, *, message_id: str, at: float) -> dict[str, str]:
    """The headers of a message with its id, at a time in Unix seconds. Raises UnusableKey."""
    seconds = str(int(at))
    signed = b".".join((message_id.encode(), seconds.encode(), body))
    signature = base64.b64encode(hmac.digest(_key(secret), signed, hashlib.sha256)).decode()
    return {"webhook-id": message_id, "webhook-timestamp": seconds, "webhook-signature": f"v1,{signature}"}


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < _LEAST:
        raise UnusableKey("its secret is not whsec_ and the base64 of 24 bytes or more")
    return key
