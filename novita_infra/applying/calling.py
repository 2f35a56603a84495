"""Calls of a step: sent again while the API refuses them as busy or in use, and judged later if the answer is lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, Final

from novita_infra.api.errors import Busy, InUse, Unanswered
from novita_infra.api.request import Request
from novita_infra.applying.run import StepRun
from novita_infra.model.clock import ANSWER, GRACE, Clock
from novita_infra.model.durations import in_words

RETRY_PAUSE: Final = 1.0
"""The most seconds before a call that was refused as busy or in use is sent again; doubles up to LONGEST_PAUSE."""
LONGEST_PAUSE: Final = 15.0


async def send(at: StepRun, request: Request, *, is_moot: Callable[[], Awaitable[bool]] | None = None) -> Any:
    """The answer to the call. A call that is refused as busy or in use is sent again until the step's time is up.

    The pause between two calls is the one that the API asked for plus a random part of a growing one, so that calls
    that were refused together do not return together. Returns None if `is_moot` becomes true meanwhile.
    Must hold a slot of the run; it is free for others during a pause. Raises ApiError.
    """
    run, longest = at.run, RETRY_PAUSE
    while True:
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
