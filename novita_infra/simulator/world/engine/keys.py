"""API keys: which ones the account accepts, and which are revoked."""

from __future__ import annotations

from dataclasses import dataclass, field

PREFIX = "sk_"


@dataclass(slots=True)
class Keys:
    """The keys of the account. Every key that begins with `sk_` is good until it is revoked."""

    revoked: set[str] = field(default_factory=set)
    all_revoked: bool = False

    def good(self, key: str) -> bool:
        """Whether the account accepts the key."""
        return key.startswith(PREFIX) and len(key) > len(PREFIX) and not self.all_revoked and key not in self.revoked

    @staticmethod
    def of_header(header: str) -> str:
        """The key in an Authorization header; empty if there is none."""
        scheme, _, key = header.partition(" ")
        return key.strip() if scheme.lower() == "bearer" else ""
