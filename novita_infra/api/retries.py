"""Decides whether and when a call is sent again. It does not know the meaning of a call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any, Final

from novita_infra.api.errors import ApiError, Throttled, Unanswered, Unreachable
from novita_infra.api.request import Request
from novita_infra.model.clock import ANSWER, Clock
from novita_infra.model.frozen import dataclass

if TYPE_CHECKING:
    import tenacity


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """The limits of one send; all times in seconds."""

    deadline: float = 120.0
    """For all attempts and the waits between them. Waiting for a free slot does not count: a long queue makes no call
    fail. A wait that would end later is not started, and no single attempt lasts longer."""
    connect: float = 10.0
    """For a connection."""
    read: float = ANSWER
    """For the next bytes of an answer."""
    attempts: int = 8
    """The most attempts that fail otherwise than by throttling."""
    all_attempts: int = 40
    """The most attempts including throttled ones, which cost the service little and certainly did nothing."""
    first_wait: float = 0.5
    longest_wait: float = 20.0

    def of_transfer(self) -> RetryPolicy:
        """The same for a file, which takes as long as it is large: only silence ends an attempt."""
        return replace(self, deadline=max(self.deadline, _TRANSFER))


_TRANSFER: Final = 6 * 3600.0
"""Seconds for the largest file over a slow line."""


def may_repeat(request: Request, error: BaseException) -> bool:
    """Whether sending again does no harm and may help.

    Always if nothing happened (throttled, or never sent for a reason that may pass); after a lost answer only if the
    request is repeatable; never after a refusal, which the caller must judge.
    """
    match error:
        case Throttled() | Unreachable(repeats=True):
            return True
        case Unanswered(repeats=True):
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
    """The result of `once`, which is called again with exponential backoff and full jitter as `may_repeat` and
    `patience` allow. `repeats` is called with the seconds before each wait.

    Raises the last error with the number of attempts. The wait that the service asked for is added to the jitter, so
    that calls which were throttled together are not repeated together.
    """
    try:
        return await once()
    except ApiError as error:
        if not may_repeat(request, error):
            raise
        failed: ApiError | None = error
    import tenacity  # noqa: PLC0415 -- almost every call succeeds at once: neither the start of a command nor such a call pays for it

    spent, failures = 0.0, 0

    async def attempt() -> Any:
        """The first attempt, whose error is known already, or another one."""
        nonlocal failed, spent, failures
        try:
            if failed is not None:
                error, failed = failed, None
                raise error
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
