"""The attempts of one delivery: few, with pauses, and never more than half a minute of pauses."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Final

import tenacity

from novita_infra.api.redaction import redact
from novita_infra.model.printable import printable

ATTEMPTS: Final = 4
TIMEOUT: Final = 10.0
"""Seconds of silence after which an attempt has failed."""
_LONGEST_WAIT: Final = 10.0
"""Seconds; a receiver that asks for more gets its next attempt after this."""

_MOST_WORDS: Final = 200
_ERRNO: Final = re.compile(r"^\[Errno -?\d+\] ")

Sleep = Callable[[float], None]


class Undelivered(Exception):
    """Why a notification was not delivered, on one line without a secret. `wait` is the pause asked for, in seconds."""

    def __init__(self, why: str, *, may_pass: bool = False, wait: float = 0.0) -> None:
        super().__init__(why)
        self.may_pass = may_pass
        self.wait = wait


def said(text: str, secrets: Collection[str]) -> str:
    """The beginning of what somebody said, on one line without secrets."""
    return printable(redact(text, secrets))[:_MOST_WORDS]


def said_by(error: Exception, secrets: Collection[str]) -> str:
    """The same of an error, without the number that the system gives it."""
    return said(_ERRNO.sub("", str(error)) or type(error).__name__, secrets)


def delivered_by_attempts(attempt: Callable[[], str], sleep: Sleep) -> str:
    """The answer of the first attempt that succeeds. Raises Undelivered of the last one."""
    again = tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda error: isinstance(error, Undelivered) and error.may_pass),
        wait=_pause,
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        sleep=sleep,
        reraise=True,
    )
    return again(attempt)


def _pause(state: tenacity.RetryCallState) -> float:
    """The pause that the receiver asks for, or one that doubles from a second."""
    fault = state.outcome.exception() if state.outcome else None
    asked = fault.wait if isinstance(fault, Undelivered) else 0.0
    return min(_LONGEST_WAIT, asked or 2.0 ** (state.attempt_number - 1))
