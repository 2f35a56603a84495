"""The secrets that no text of the API may show. The client asks here where a text enters: errors, statuses, log lines.

Whoever shows, stores or sends such a text later needs to do nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Final, TypeAlias

from novita_infra.api.redaction import redact, without_secrets_in_value

SecretSource: TypeAlias = Callable[[], Iterable[str]]
"""Returns secrets in clear. It is called when the first text arrives; most runs see none."""


class KnownSecrets:
    """The API key, and the secrets of the project, its plan and its environment."""

    def __init__(self, *secrets: str) -> None:
        self._secrets = frozenset(secrets)
        self._sources: list[SecretSource] = []

    def add(self, source: SecretSource) -> None:
        """Adds the secrets of the source."""
        self._sources.append(source)

    def all(self) -> frozenset[str]:
        """Every secret in clear."""
        if self._sources:
            self._secrets = self._secrets.union(*(source() for source in self._sources))
            self._sources = []
        return self._secrets

    def redacted(self, text: str, *others: str) -> str:
        """The text on one line without the secrets, and without the other ones."""
        return redact(text, self.all().union(others)) if text else text

    def in_values(self, texts: Collection[str]) -> dict[str, str]:
        """The texts of values that hold a secret, each with itself without it; see `without_secrets_in_value`."""
        secrets = self.all() if texts else frozenset()
        together = "\n".join(texts)
        if without_secrets_in_value(together, secrets) == together:
            return {}
        clean = {text: without_secrets_in_value(text, secrets) for text in texts}
        return {text: without for text, without in clean.items() if without != text}


OF_THIS_RUN: Final = KnownSecrets()
"""Those of the project that this process works on, for a message about an error of the program itself."""
