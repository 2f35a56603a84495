"""Where a machine lets its user in by SSH, as soon as it does."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import Final

from novita_infra.api.errors import Throttled, Unanswered, Unreachable
from novita_infra.kinds import KINDS
from novita_infra.kinds.kind import Kind
from novita_infra.kinds.machine import Login
from novita_infra.model.concurrency import together
from novita_infra.model.diagnostics import Diagnostic, Problems, problem
from novita_infra.model.durations import in_words
from novita_infra.model.frozen import dataclass
from novita_infra.model.printable import printable, shortened
from novita_infra.model.resources import Live, Phase
from novita_infra.operations.account.targets import ObjectTarget, target_of, targets_of
from novita_infra.operations.account.view import AccountView
from novita_infra.refresh.objects import read_all, read_one

PAUSE: Final = 3.0
"""Seconds between two reads of a machine that is waited for."""
_HOST: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*|(?=[0-9A-Fa-f]*:)[0-9A-Fa-f:.]+")
_USER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9._-]*")
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
"""Words that mean nothing else to ssh: neither an option, nor a command, nor a pattern."""


@dataclass(frozen=True, slots=True)
class MachineLogin:
    """A machine that lets its user in."""

    title: str
    """Its address, else its id."""
    id: str
    login: Login


def kinds_with_login() -> list[Kind]:
    """The kinds whose objects may have a login."""
    return [kind for kind in KINDS.values() if kind.machine is not None and kind.machine.login is not None]


async def login_of(view: AccountView, word: str, *, wait: bool = False) -> MachineLogin:
    """The login of the one machine that the word means; with `wait`, as soon as it has one.

    Raises Problems that say what the machine waits for, and ApiError.
    """
    target = await target_of(view, word, kinds_with_login())
    until = view.clock.now() + target.kind.timeouts.create
    shown = ""
    with view.client.awaited.wait(f"the login of {target.title}"):
        while True:
            try:
                live = await read_one(view.client, target.kind, target.live.id)
            except (Throttled, Unanswered, Unreachable):
                if not wait or view.clock.now() >= until:
                    raise
                await view.clock.sleep(PAUSE)
                continue
            found = described_login(target, live)
            if isinstance(found, MachineLogin):
                return found
            if not wait or live is None or live.phase not in {Phase.CHANGING, Phase.READY}:
                raise Problems([found])
            if view.clock.now() >= until:
                passed = in_words(target.kind.timeouts.create)
                raise problem(f"{found.summary}, and {passed} have passed", _logs_of(target.title))
            if found.summary != shown:
                shown = found.summary
                view.report(f"Waiting: {shown}")
                view.heartbeat.heard()
            await view.clock.sleep(PAUSE)


async def logins_of(view: AccountView, words: Sequence[str]) -> tuple[list[MachineLogin], list[Diagnostic]]:
    """The logins of the machines that the words mean, and why the others have none. Raises Problems and ApiError.

    Without words, those of the machines that the project records; without a project, of all machines of the account.
    """
    kinds = kinds_with_login()
    if words:
        targets = await targets_of(view, words, kinds)
    else:
        targets = await _every_target(view, kinds)
    lives = await together(*(read_one(view.client, target.kind, target.live.id) for target in targets))
    found = [described_login(target, live) for target, live in zip(targets, lives, strict=True)]
    missing = [item for item in found if isinstance(item, Diagnostic)]
    return [item for item in found if isinstance(item, MachineLogin)], missing


async def _every_target(view: AccountView, kinds: Sequence[Kind]) -> list[ObjectTarget]:
    lists = await together(*(read_all(view.client, kind) for kind in kinds))
    recorded = view.recorded.by_id
    return [
        ObjectTarget(
            kind, live, recorded.get((kind.type, live.id)), view.recorded.address_of(kind.type, live.id) or live.id
        )
        for kind, lives in zip(kinds, lists, strict=True)
        for live in lives.values()
        if view.place is None or (kind.type, live.id) in recorded
    ]


def described_login(target: ObjectTarget, live: Live | None) -> MachineLogin | Diagnostic:
    """The login of a machine, or what it lacks."""
    title, machine = target.title, target.kind.machine
    assert machine is not None and machine.login is not None  # noqa: S101, PT018 -- of `kinds_with_login`
    login = machine.login(live) if live is not None else None
    match live:
        case None | Live(phase=Phase.LEAVING | Phase.GONE):
            return Diagnostic(
                f"{title} does not exist any more", "novita-infra plan shows what apply would do about it"
            )
        case Live(phase=Phase.STOPPED):
            return Diagnostic(f"{title} is stopped", f"start it: novita-infra instance start {shlex.quote(title)}")
        case Live(phase=Phase.FAILED):
            return Diagnostic(f"{title} has failed: {live.trouble}", _logs_of(title))
        case Live(phase=Phase.READY) if login is not None:
            return _checked(title, target.live.id, login)
        case Live(phase=Phase.READY):
            return Diagnostic(
                f"{title} runs, and the API shows no login by SSH for it",
                "that of a new machine takes a moment: add --wait; an image without an SSH server has none",
            )
        case _:
            status = printable(live.status) or "in transition"
            return Diagnostic(f"{title} is not ready to log in: its status is {status}", "add --wait to wait for it")


def _logs_of(title: str) -> str:
    return f"look at its logs: novita-infra logs {shlex.quote(title)}"


def _checked(title: str, id: str, login: Login) -> MachineLogin | Diagnostic:
    """The login, if its words cannot mean anything else to ssh."""
    sound = _HOST.fullmatch(login.host) and _USER.fullmatch(login.user) and _ID.fullmatch(id)
    if sound and 0 < login.port < 65_536:
        return MachineLogin(title, id, login)
    shown = shortened(printable(f"{login.user}@{login.host}:{login.port}"))
    return Diagnostic(f"the API shows a login of {title} that cannot be used: {shown}")
