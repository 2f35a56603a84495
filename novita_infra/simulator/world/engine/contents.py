"""The bytes of files: in the account file if there is one, else in memory."""

from __future__ import annotations

from novita_infra.simulator.world.engine.account_file import AccountFile


class Contents:
    """Bytes by the id of their file. With an account file, memory holds only what is not yet written."""

    def __init__(self, book: AccountFile | None) -> None:
        self._book = book
        self._held: dict[str, bytes | None] = {}

    def put(self, key: str, content: bytes) -> None:
        self._held[key] = content

    def drop(self, key: str) -> None:
        if self._book is None:
            self._held.pop(key, None)
        else:
            self._held[key] = None

    def get(self, key: str) -> bytes:
        """The bytes of a file; empty for an absent one."""
        if key in self._held:
            return self._held[key] or b""
        return b"" if self._book is None else self._book.content(key)

    def changes(self) -> dict[str, bytes | None]:
        """The bytes to write, None for a removed file. The call clears the list."""
        changed, self._held = self._held, {}
        return changed

    def unwritten(self, changed: dict[str, bytes | None]) -> None:
        """Puts changes back on the list: they could not be written."""
        self._held = {**changed, **self._held}
