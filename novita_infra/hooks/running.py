"""Runs hooks one after the other, and says what their failures mean.

A hook gets the environment of every program that is started here: all of it, without the API key. Its output is
reported line by line when it has ended, without secrets.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from novita_infra.api.awaited import AwaitedCalls
from novita_infra.api.known_secrets import KnownSecrets
from novita_infra.api.redaction import without_secrets
from novita_infra.hooks.failures import FailedHook, HookInterrupted
from novita_infra.model.concurrency import racing
from novita_infra.model.frozen import dataclass
from novita_infra.model.lifecycle import Hook
from novita_infra.model.printable import lines_of
from novita_infra.notices.document import Notice

if TYPE_CHECKING:
    from novita_infra.programs.processes import Exited

_MOST_LINES: Final = 200
"""The lines of the output of a hook that are reported: the last ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HookRunner:
    """Runs the hooks of one command."""

    folder: Path
    """The folder of the project."""
    environ: Mapping[str, str]
    """What the hooks get."""
    known: KnownSecrets
    awaited: AwaitedCalls
    """Shows which hook runs while it takes long."""
    report: Callable[[str], None]
    """Shows a line of a hook's output."""

    def missing(self, hook: Hook) -> str:
        """Why the program of the hook cannot be run; empty if it can."""
        from novita_infra.programs.endings import ProgramMissing, find_program  # noqa: PLC0415 -- few runs have hooks

        try:
            find_program(hook.words[0], self.folder, self.environ.get("PATH"))
        except ProgramMissing as error:
            return self.known.redacted(str(error))
        return ""

    async def run(self, hook: Hook, notice: Notice, stop: asyncio.Event | None = None) -> FailedHook | None:
        """Runs the hook, and returns its failure; None if it succeeded. Raises HookInterrupted when `stop` is set."""
        from novita_infra.programs.endings import ending, last_words  # noqa: PLC0415 -- few runs have hooks

        if stop is not None and stop.is_set():
            raise HookInterrupted
        address = str(notice.resource.address) if notice.resource else ""
        if why := self.missing(hook):
            return FailedHook(hook, why, address)
        try:
            exited = await self._exited(hook, notice, stop)
        except OSError as error:
            return FailedHook(hook, self.known.redacted(f"{hook.words[0]}: {error.strerror or error}"), address)
        where = f"{address} {hook}" if address else str(hook)
        for line in self._output(exited):
            self.report(f"[{where}] {line}")
        if not exited.trouble and exited.code == 0:
            return None
        why = exited.trouble or ending(exited.code)
        last = last_words(exited.complaints.decode("utf-8", "replace"), self.folder)
        return FailedHook(hook, self.known.redacted(f"{why}{last}"), address)

    async def _exited(self, hook: Hook, notice: Notice, stop: asyncio.Event | None) -> Exited:
        from novita_infra.programs.endings import find_program  # noqa: PLC0415 -- few runs have hooks
        from novita_infra.programs.processes import run_process  # noqa: PLC0415 -- likewise

        off = threading.Event()
        work = partial(
            run_process,
            [find_program(hook.words[0], self.folder, self.environ.get("PATH")), *hook.words[1:]],
            notice.to_json(self.known),
            folder=self.folder,
            environ=self.environ,
            timeout=hook.timeout,
            off=off,
        )
        loop = asyncio.get_running_loop()

        async def ended() -> Exited:
            return await loop.run_in_executor(pool, work)

        with self.awaited.program(f"the hook {hook}"), ThreadPoolExecutor(max_workers=1) as pool:
            try:
                async with racing(ended(), (stop or asyncio.Event()).wait()) as (running, _):
                    if not running.done():
                        raise HookInterrupted
                    result: Exited = running.result()
                    return result
            finally:
                off.set()  # the pool waits for the end of the program

    def _output(self, exited: Exited) -> Iterator[str]:
        """The lines of both streams, fit for a terminal, without secrets."""
        text = "\n".join(
            part.decode("utf-8", "replace").rstrip() for part in (exited.output, exited.complaints) if part.strip()
        )
        lines = lines_of(without_secrets(text, self.known.all())) if text else []
        if len(lines) > _MOST_LINES:
            yield f"({len(lines) - _MOST_LINES:,} earlier lines are left out)"
        for line in lines[-_MOST_LINES:]:
            yield self.known.redacted(line.rstrip())
