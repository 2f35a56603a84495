"""The protocol of an API client: all that other packages need of one, without the cost of importing httpx."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from random import Random
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from novita_infra.api.awaited import AwaitedCalls
from novita_infra.api.known_secrets import SecretSource
from novita_infra.api.limits.kept_answers import KeptAnswers
from novita_infra.api.noting.calls import CallNotes
from novita_infra.api.request import Pages, Request, WalkedItems

if TYPE_CHECKING:
    from novita_infra.api.logs.reader import LogReader
    from novita_infra.api.streams.calls import AddressedCalls
    from novita_infra.api.transfers.form import FileForm, Moved


class ApiClient(Protocol):
    """Sends requests of one account. `api.client.Client` does so over HTTP."""

    random: Random
    """The source of jitter, also for pauses between two calls."""

    awaited: AwaitedCalls
    """The calls under way."""

    kept: KeptAnswers
    """Answers that were read for a lookup, for the next reader of the same list."""

    dated: tuple[str, float] | None
    """The `Date` header of the last answer, and our time then, in Unix seconds; None without one."""

    notes: CallNotes | None
    """Where the calls are noted that may change something; None where they are not."""

    addressed: AddressedCalls
    """Calls of whole addresses, and answers that are read as they come."""

    async def send(self, request: Request) -> Any:
        """The answer as JSON data, as a str if it is plain text, as None if it is empty. Raises ApiError."""
        ...

    async def upload(self, request: Request, form: FileForm, moved: Moved) -> Any:
        """The answer to a request whose body is a file. `moved` gets the bytes that have gone. Raises ApiError."""
        ...

    async def download(self, request: Request, file: BinaryIO, moved: Moved, *, size: int = 0) -> int:
        """Writes what the request reads into an empty file, and returns its bytes. Raises ApiError."""
        ...

    async def walk(self, pages: Pages) -> WalkedItems:
        """Every item of a list once. Raises ApiError."""
        ...

    def is_own(self, masked: str) -> bool:
        """Whether a key that is shown as `sk_abc***` may be the one that this client uses."""
        ...

    def hide(self, source: SecretSource) -> None:
        """Keeps the secrets of the source, too, out of every text of the API from now on."""
        ...

    def redacted(self, text: str) -> str:
        """A text of the API from inside of an answer, on one line and without any secret."""
        ...

    def secrets_in_values(self, texts: Collection[str]) -> Mapping[str, str]:
        """The texts of values that hold a secret, each with itself without it."""
        ...

    async def last_log_lines(self, address: str, *, secrets: Iterable[str]) -> tuple[str, ...]:
        """The last lines of the log there, without the secrets; none if it cannot be read within seconds."""
        ...

    def log_reader(self, *, secrets: Iterable[str]) -> LogReader:
        """A reader of one log, whose entries hold none of the secrets."""
        ...
