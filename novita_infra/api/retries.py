"""When a call is sent again, after how long, and when to give up. It never looks at what the call is about."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import tenacity

from novita_infra.api.errors import ApiError, Throttled, Unanswered, Unreachable
from novita_infra.api.request import Request
from novita_infra.model.clock import ANSWER, Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """The bounds of one send; all times in seconds."""

    deadline: float = 120.0
    """For the attempts and the waits between them together; waiting for a free place is not counted, so that a long
    queue makes no call fail. A wait that would end after it is not begun, and no single attempt lasts longer."""
    connect: float = 10.0
    """For a connection."""
    read: float = ANSWER
    """For the next bytes of an answer."""
    attempts: int = 8
    """Those that failed otherwise than by throttling."""
    all_attempts: int = 40
    """The throttled ones included: they cost the service little and are sure to have done nothing."""
    first_wait: float = 0.5
    longest_wait: float = 20.0


def may_repeat(request: Request, error: BaseException) -> bool:
    """Whether sending again does no harm and may help.

    Always when nothing happened (throttled, or never sent); after a lost answer only when the request says that twice
    does no more than once; never after a refusal, which the caller must judge.
    """
    match error:
        case Throttled() | Unreachable():
            return True
        case Unanswered():
            return request.repeatable or request.method in {"GET", "HEAD"}
        case _:
            return False


async def repeat(
    once: Callable[[], Awaitable[Any]],
    request: Request,
    *,
    clock: Clock,
    random: Random,
    patience: RetryPolicy,
    repeats: Callable[[float], None] = lambda _: None,
) -> Any:
    """What `once` returns, called again with exponential backoff and full jitter while `may_repeat` and `patience` say.

    Raises the last error with the number of its attempts on it. What the service asked to wait comes on top of the
    jitter, so that those that were sent away together do not come back together.
    """
    spent, failures = 0.0, 0

    async def attempt() -> Any:
        nonlocal spent, failures
        try:
            return await once()
        except ApiError as error:
            spent += error.took
            failures += not isinstance(error, Throttled)
            raise

    async def sleep(seconds: float) -> None:
        nonlocal spent
        spent += seconds
        repeats(seconds)
        await clock.sleep(seconds)

    def wait(state: tenacity.RetryCallState) -> float:
        longest = min(patience.longest_wait, patience.first_wait * 2 ** min(state.attempt_number - 1, 30))
        return _error(state).wait + random.uniform(0, longest)

    def stop(state: tenacity.RetryCallState) -> bool:
        _error(state).attempts = state.attempt_number
        has_tried = failures >= patience.attempts or state.attempt_number >= patience.all_attempts
        return has_tried or spent + state.upcoming_sleep > patience.deadline

    retrying = tenacity.AsyncRetrying(
        sleep=sleep,
        wait=wait,
        stop=stop,
        retry=tenacity.retry_if_exception(lambda error: may_repeat(request, error)),
        reraise=True,
    )
    return await retrying(attempt)


def _error(state: tenacity.RetryCallState) -> ApiError:
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, ApiError):
        raise TypeError("only an ApiError is repeated")
    return error
