"""The errors of a call, by their meaning for the caller.

ApiError
├── Refused            the service said no; nothing happened
│   ├── NotFound       no such object
│   ├── InUse          something still uses the object; may pass
│   ├── Busy           a node, a cluster or a dependency is not ready; may pass
│   ├── NoCapacity     nothing free of what was asked for
│   ├── NoMoney        the account cannot pay
│   ├── AtLimit        the account may have no more, or no larger one
│   └── Unauthorized   the key is wrong or lacks the right
├── Throttled          too many calls; nothing happened
├── Unanswered         the answer is lost: it may or may not have happened
└── Unreachable        the request did not leave; nothing happened
"""

from __future__ import annotations

from typing import Final

from novita_infra.api.request import Request
from novita_infra.model.diagnostics import NovitaInfraError

AGAIN: Final = "run the same command again; it looks before it acts"


class ApiError(NovitaInfraError):
    """A call that did not succeed. `str()` is fit for a person: the call, the API's reason and its words."""

    advice = ""
    """What a person can do; empty if neither the class nor the answer says it."""
    wait = 0.0
    """Seconds that the service asked to wait before the next call; 0 for none."""
    attempts = 1
    """How often the call was sent."""
    took = 0.0
    """Seconds that the last attempt took."""

    def __init__(self, request: Request, *, status: int = 0, reason: str = "", text: str = "") -> None:
        self.request = request
        self.status = status
        """The HTTP status; 0 without an answer."""
        self.reason = reason
        """The symbolic name, such as INSUFFICIENT_RESOURCE; empty if the answer has none."""
        self.text = text
        super().__init__(request, status, reason, text)

    @property
    def message(self) -> str:
        """The reason and the text of the service."""
        return ": ".join(part for part in (self.reason, self.text) if part) or "no reason given"

    def __str__(self) -> str:
        facts = [f"HTTP {self.status}"] if self.status else []
        facts += [f"tried {self.attempts} times"] if self.attempts > 1 else []
        after = f" ({', '.join(facts)})" if facts else ""
        return f"{self.request.method} {self.request.path}: {self.message}{after}"


class Refused(ApiError):
    """The service said no; nothing happened, and the same call would be refused again."""


class NotFound(Refused):
    """The object does not exist. After a write it may be one that the body names; `reason` says which."""


class InUse(Refused):
    """Something still uses the object; may pass."""


class Busy(Refused):
    """A node, a cluster or a dependency is not ready for it; may pass."""


class NoCapacity(Refused):
    """Nothing is free of what was asked for."""

    advice = "try again later, or ask for another product or cluster"


class NoMoney(Refused):
    """The account cannot pay."""

    advice = "top up the account, then run the same command again"


class AtLimit(Refused):
    """The account may have no more of it, or no larger one."""

    advice = "it is a limit of the account: ask for less, delete what is not needed, or ask Novita for a higher limit"


class Unauthorized(Refused):
    """The key is wrong, or it lacks the right."""

    advice = "check NOVITA_API_KEY"


class Throttled(ApiError):
    """Too many calls; nothing happened."""

    advice = "run the same command again in a minute"


class Unanswered(ApiError):
    """The answer is lost: it may or may not have happened."""

    advice = AGAIN

    def __init__(
        self, request: Request, *, status: int = 0, reason: str = "", text: str = "", repeats: bool = True
    ) -> None:
        super().__init__(request, status=status, reason=reason, text=text)
        self.repeats = repeats
        """Whether the same call may be answered better; false if the answer was too large."""


class Unreachable(ApiError):
    """The request did not leave this machine; nothing happened."""

    advice = "check the network and NOVITA_API_URL"

    def __init__(
        self, request: Request, *, status: int = 0, reason: str = "", text: str = "", repeats: bool = True
    ) -> None:
        super().__init__(request, status=status, reason=reason, text=text)
        self.repeats = repeats
        """Whether the same call may get through soon; false for settings of proxies and certificates."""


BLOCKING: Final = (NoCapacity, NoMoney, AtLimit)
"""Errors whose cause is neither in the manifests nor in the call: the command ends as blocked."""
