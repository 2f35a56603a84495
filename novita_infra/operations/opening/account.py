"""The account of a command: opened once, for what is looked up before the project is loaded, or for its session."""

from __future__ import annotations

import hmac
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from novita_infra.api.noting.calls import CallNote
from novita_infra.api.protocol import ApiClient
from novita_infra.api.request import API_URL, Request
from novita_infra.manifests.language.expressions import secrets_of_environment
from novita_infra.model.clock import Clock, RealClock
from novita_infra.model.diagnostics import problem
from novita_infra.model.frozen import dataclass
from novita_infra.operations.opening.simulated import sim_log, simulated

if TYPE_CHECKING:
    import httpx

    from novita_infra.api.retries import RetryPolicy
    from novita_infra.state.audit.user_log import UserLog

SIMULATOR: Final = "simulator"
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class OpenAccount:
    """An open account."""

    client: ApiClient
    clock: Clock
    cloud: str
    """What the state calls the account: `simulator`, or the API's host."""
    digest: str
    """A digest of the API's address and of the key: states name by it the account of a create."""
    sim: bool
    """Whether it is the simulator in this process."""
    cache: Path | None
    """The folder of what the runs of this machine share; None if there is none."""


class UserNotes:
    """Implements CallNotes on the log of the user. It is opened with the first call: most commands only read."""

    def __init__(
        self, path: Path | None, environ: Mapping[str, str], *, clock: Clock, redacted: Callable[[str], str]
    ) -> None:
        """`path` is that of the simulator's log; None for the one in the user's folder."""
        self._path = path
        self._environ = environ
        self._clock = clock
        self._redacted = redacted

    @cached_property
    def _log(self) -> UserLog:
        from novita_infra.state.audit.user_log import UserLog, user_log_path  # noqa: PLC0415 -- see above

        path = self._path or user_log_path(self._environ)
        return UserLog(path, clock=self._clock, environ=self._environ, redacted=self._redacted)

    def announce(self, request: Request) -> None:
        """As CallNotes.announce: each call is written by itself."""

    async def before(self, request: Request) -> CallNote:
        return await self._log.before(request)

    def after(self, note: CallNote) -> None:
        self._log.after(note)


class AccountOpener:
    """Opens the account of a command when it is needed, and once."""

    def __init__(
        self,
        environ: Mapping[str, str],
        stack: AsyncExitStack,
        *,
        sim: bool,
        in_flight: int | None,
        patience: RetryPolicy | None = None,
    ) -> None:
        """`sim` uses the simulator; `stack` closes the account."""
        self._patience = patience
        self._environ = environ
        self._stack = stack
        self._sim = sim or environ.get("NOVITA_INFRA_SIM", "") not in {"", "0"}
        self._in_flight = in_flight
        self._opened: OpenAccount | None = None

    async def open(self, root: Path) -> OpenAccount:
        """The account. `root` is the project's folder, which holds that of the simulator. Raises Problems."""
        if self._opened is None:
            self._opened = await self._open(root)
        return self._opened

    async def _open(self, root: Path) -> OpenAccount:
        environ, sim = self._environ, self._sim
        transport: httpx.AsyncBaseTransport | None = None
        clock: Clock = RealClock()
        url, key = environ.get("NOVITA_API_URL", "").strip() or API_URL, environ.get("NOVITA_API_KEY", "")
        if sim:
            transport, clock = self._stack.enter_context(simulated(root))
            url, key = "http://simulator.invalid", "sk_simulator"
        elif not key.strip():
            raise problem("there is no API key", "set NOVITA_API_KEY, or add --sim to use the built-in simulator")
        from novita_infra.api.client import Client  # noqa: PLC0415 -- httpx takes 100 ms; not every command calls
        from novita_infra.api.limits.shared_limits import cache_folder  # noqa: PLC0415 -- likewise

        cache = None if sim else cache_folder(environ)
        client = Client(
            url=url,
            key=key,
            clock=clock,
            random=random.Random(),  # noqa: S311 -- jitter, no secret
            transport=transport,
            in_flight=self._in_flight,
            patience=self._patience,
            shared=cache,
        )
        await self._stack.enter_async_context(client)
        client.hide(partial(secrets_of_environment, environ))
        client.notes = UserNotes(sim_log(root) if sim else None, environ, clock=clock, redacted=client.redacted)
        host = urlsplit(url).hostname or url
        cloud = SIMULATOR if sim or host in _LOOPBACK else host
        return OpenAccount(client, clock, cloud, _digest(url, key), sim=sim, cache=cache)


@asynccontextmanager
async def account_opener(
    environ: Mapping[str, str], *, sim: bool, in_flight: int | None, patience: RetryPolicy | None = None
) -> AsyncIterator[AccountOpener]:
    """The opener of an account, which is closed at the end. `patience` is that of each call, if not the usual one."""
    async with AsyncExitStack() as stack:
        yield AccountOpener(environ, stack, sim=sim, in_flight=in_flight, patience=patience)


def _digest(url: str, key: str) -> str:
    """The digest of address and key. A key is long and random, so the digest does not reveal it."""
    return hmac.digest(key.strip().encode(), url.rstrip("/").encode(), "sha256").hex()[:16]
