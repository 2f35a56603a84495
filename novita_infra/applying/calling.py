"""Calls of a step: sent again while the API refuses them as busy or in use, and judged later if the answer is lost.

Creates without an owner mark, of one type and name, are sent one after another among the runs that share their states.
Nothing distinguishes two such objects that appear at the same time, and many answers hold no id. So a run sends such a
create only when no other run waits for the object of one, and when all earlier ones have had their effect.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Final

from novita_infra.api.errors import Busy, InUse, Unanswered
from novita_infra.api.request import Request
from novita_infra.applying.errors import StepFailed
from novita_infra.applying.run import StepRun
from novita_infra.model.clock import ANSWER, GRACE, Clock
from novita_infra.model.diagnostics import Problems
from novita_infra.model.durations import in_words
from novita_infra.model.values import Spec
from novita_infra.refresh.objects import read_one
from novita_infra.refresh.other_states import OtherStates
from novita_infra.state.locks.locking import LockPatience
from novita_infra.state.store import LockRefused, NamedLock

RETRY_PAUSE: Final = 1.0
"""The most seconds before a call that was refused as busy or in use is sent again; doubles up to LONGEST_PAUSE."""
LONGEST_PAUSE: Final = 15.0
LONGEST_LOCK_WAIT: Final = 1800.0
"""Seconds that a run waits for the creates of another one."""
_INTERRUPTED: Final = "interrupted while it waited for another run; nothing was made"


async def send(
    at: StepRun,
    request: Request,
    *,
    is_moot: Callable[[], Awaitable[bool]] | None = None,
    guard: NamedLock | None = None,
) -> Any:
    """The answer to the call. A call that is refused as busy or in use is sent again until the step's time is up.

    The pause between two calls is the one that the API asked for plus a random part of a growing one, so that calls
    that were refused together do not return together. Returns None if `is_moot` becomes true meanwhile.
    Must hold a slot of the run; it is free for others during a pause. Raises ApiError, and Problems before a call whose
    `guard` is lost.
    """
    run, longest = at.run, RETRY_PAUSE
    while True:
        if guard is not None:
            await run.from_states(guard.check)
        try:
            return await run.client.send(request)
        except (Busy, InUse) as error:
            pause = error.wait + run.client.random.uniform(0, longest)
            over = at.span.until is None or run.clock.now() + pause > at.span.until
            if over or run.stop.is_set():
                raise
            if longest < LONGEST_PAUSE:  # later notes would say the same
                until = f" for up to {in_words(at.span.until - run.clock.now())}" if at.span.until else ""
                at.note(at.step.id, f"{error.message}: tried again{until} until it passes")
            run.slots.release()
            try:
                await run.pause(pause)
            finally:
                await run.slots.acquire()
            if run.stop.is_set():
                raise
            if is_moot is not None and await is_moot():
                return None
            longest = min(longest * 2, LONGEST_PAUSE)


async def check_unset(at: StepRun, spec: Spec) -> None:
    """Raises StepFailed if the object is the one part of something that has one, which others made since the plan."""
    id = at.kind.api.whole_of(spec)
    if id and await read_one(at.run.client, at.kind, id) is not None:
        raise StepFailed(f"{id} has a {at.kind.name} already, which others made since the plan", "plan again")


def effect_window(lost: Unanswered) -> float:
    """Seconds for which a call without an answer may still have an effect, or one that no list shows yet."""
    return ANSWER + GRACE - lost.took


def pauses(clock: Clock, lost: Unanswered, looks: Iterable[float]) -> Iterator[float]:
    """Seconds before each read that looks for the effect of a call without an answer.

    First those of `looks`; then the last of them again until the effect window is over.
    """
    over, pause = clock.now() + effect_window(lost), GRACE
    for pause in looks:
        yield pause
    while (left := over - clock.now()) > 0:
        yield min(left, pause)


async def lock_creates(at: StepRun, name: str) -> NamedLock | None:
    """The lock of the creates of this type and name; None where no state is shared. Must hold a slot of the run.

    Raises StepFailed if another run holds it for too long, and Interrupted.
    """
    patience = LockPatience(LONGEST_LOCK_WAIT, lambda note: at.note("", note, status="waiting"))
    take = partial(at.run.others.create_lock, f"{at.kind.type} {name}")
    while isinstance(lock := await at.run.from_states(take), LockRefused):
        other = f"another run creates a {at.kind.name} of this name ({lock.holder or 'just begun'})"
        try:
            pause = patience.pause_after(replace(lock, summary=other))
        except Problems:
            waited = f"; it was waited for {in_words(patience.waited)}" if patience.waited else ""
            raise StepFailed(f"{other}{waited}", lock.hint) from None
        await _pause(at, pause)
    return lock


async def settled_states(at: StepRun, sent: Spec) -> tuple[OtherStates, bool]:
    """What other states record after the effects of their creates of this type and name, and whether that took time.

    Must hold the lock and a slot of the run. Raises Interrupted.
    """
    run = at.run
    others = await run.from_states(run.others.states)
    unsettled = others.unsettled(at.kind.type, sent, now=run.clock.now())
    if not unsettled:
        return others, False
    name = unsettled[0].record.address
    seconds = ANSWER + GRACE
    at.note(
        "",
        f"the create of {name} in another environment has no answer; waiting {in_words(seconds)} for what it made",
        status="waiting",
    )
    await _pause(at, seconds)
    return await run.from_states(run.others.states), True


async def _pause(at: StepRun, seconds: float) -> None:
    """Sleeps; the slot is free for others meanwhile. Raises Interrupted."""
    run = at.run
    run.slots.release()
    try:
        await run.pause(seconds)
    finally:
        await run.slots.acquire()
    run.check_stop(_INTERRUPTED)
