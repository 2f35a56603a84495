"""Waits for the end of what the service works on, such as a job or a task, with a look at it now and then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Protocol, TypeVar

from novita_infra.operations.account.view import AccountView

FIRST: Final = 1.0
"""Seconds to the second look,"""
_LONGEST: Final = 5.0
"""and their maximum, to which they grow."""
_GROWTH: Final = 1.5


class Ending(Protocol):
    """What comes to an end by itself."""

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""


_T = TypeVar("_T", bound=Ending)


async def wait_for_end(
    view: AccountView,
    what: str,
    look: Callable[[], Awaitable[_T]],
    *,
    status: Callable[[_T], str],
    says: Callable[[_T], str],
    most: float,
) -> _T:
    """What `look` gives when it is over, or after `most` seconds. What it `says` at each new status is reported.

    `what` is its name for a sign of life, such as `job 5f8e`. Raises what `look` raises.
    """
    until, pause, before = view.clock.now() + most, FIRST, ""
    with view.client.awaited.wait(f"the end of {what}"):
        while True:
            found = await look()
            left = until - view.clock.now()
            if found.is_over or left <= 0:
                return found
            if status(found) != before:
                view.report(says(found))
                before = status(found)
            await view.clock.sleep(min(pause, left))
            pause = min(pause * _GROWTH, _LONGEST)
