"""Faults: which requests fail, and how. This module does not know the world."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase


class Trouble(Enum):
    """What a fault does to a request."""

    STATUS = "status"
    """The answer is an error."""
    LOST = "lost"
    """The connection is closed without an answer."""
    TRUNCATED = "truncated"
    """The answer ends in the middle."""
    TEXT = "text"
    """The answer is the message as plain text with status 200 (`OK`), as gateways give it."""
    LATE = "late"
    """The connection is closed at once. The request has its effect some simulated seconds later."""
    SLOW = "slow"
    """The answer takes longer, in real seconds."""
    STALE = "stale"
    """A list shows the world as it was some simulated seconds ago."""


class Position(Enum):
    """Whether a fault strikes before or after the request has its effect."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(slots=True, kw_only=True)
class Fault:
    """A fault: which requests it matches, and what it does to them."""

    kind: Trouble = Trouble.STATUS
    operation: str = "*"
    """A pattern over the names of operations, such as `instances.create` or `*.list`."""
    method: str = "*"
    path: str = "*"
    """A pattern over the path of the request."""
    position: Position = Position.BEFORE
    status: int = 503
    reason: str = ""
    message: str = ""
    retry_after: str = ""
    """The value of the Retry-After header; empty for none."""
    seconds: float = 0.0
    up_to: float = 0.0
    """If it is above `seconds`, each slow answer takes a time between the two."""
    count: int | None = 1
    """How many requests the fault strikes; None is every one."""
    skip: int = 0
    """How many matching requests pass first."""
    per_cent: int = 100
    """The probability that the fault strikes a matching request, in per cent."""
    met: int = 0
    """How many requests the fault has struck."""

    def covers(self, *, operations: Sequence[str], method: str, path: str) -> bool:
        """Whether the fault matches a request. `operations` are the names of its operation."""
        if self.count is not None and self.met >= self.count:
            return False
        return (
            any(fnmatchcase(name, self.operation) for name in operations)
            and fnmatchcase(method, self.method)
            and fnmatchcase(path, self.path)
        )


@dataclass(slots=True)
class FaultEffects:
    """The effects of all faults on one request."""

    failing: Fault | None = None
    wait_before: float = 0.0
    wait_after: float = 0.0
    lag: float = 0.0
    late: float = 0.0
    """Simulated seconds until the request has its effect, without an answer; 0 is at once."""

    def fails(self, position: Position) -> Fault | None:
        """The failure at this point, if any. A truncated answer and one as text always come after the effect."""
        if self.failing is None:
            return None
        is_answered = self.failing.kind in {Trouble.TRUNCATED, Trouble.TEXT}
        return self.failing if position is (Position.AFTER if is_answered else self.failing.position) else None


@dataclass(slots=True)
class Faults:
    """The faults in force, in the order in which they were added."""

    dice: Callable[[int], int] = field(default=lambda _sides: 0)
    """Returns a number from 0 up to the number of sides, from the seed of the world."""
    on_stale: Callable[[], None] = field(default=lambda: None)
    """Called when a stale list becomes possible, so that the world records its past from then on."""
    active: list[Fault] = field(default_factory=list)
    late: list[tuple[float, Callable[[], object]]] = field(default_factory=list)
    """The late effects: the time of each in Unix seconds, and the function that makes it."""

    def landed(self, now: float) -> list[Callable[[], object]]:
        """Removes and returns the late effects that are due."""
        due = [item for item in self.late if item[0] <= now]
        self.late = [item for item in self.late if item[0] > now]
        return [land for _, land in sorted(due, key=lambda item: item[0])]

    def add(self, fault: Fault) -> Fault:
        """Puts a fault in force."""
        self.active.append(fault)
        if fault.kind is Trouble.STALE:
            self.on_stale()
        return fault

    def _wait(self, fault: Fault) -> float:
        if fault.up_to <= fault.seconds:
            return fault.seconds
        return fault.seconds + (fault.up_to - fault.seconds) * self.dice(1001) / 1000

    def clear(self) -> None:
        """Removes all faults."""
        self.active.clear()

    def strike(self, *, operations: Sequence[str], method: str, path: str) -> FaultEffects:
        """The effects on one request: at most one failure, and all that is slow or stale. Counts them."""
        luck = FaultEffects()
        for fault in self.active:
            failing = fault.kind in {Trouble.STATUS, Trouble.LOST, Trouble.TRUNCATED, Trouble.TEXT, Trouble.LATE}
            if (failing and luck.failing) or not fault.covers(operations=operations, method=method, path=path):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            if fault.per_cent < 100 and self.dice(100) >= fault.per_cent:
                continue
            fault.met += 1
            if fault.kind is Trouble.LATE:
                luck.failing, luck.late = fault, self._wait(fault)
            elif failing:
                luck.failing = fault
            elif fault.kind is Trouble.STALE:
                luck.lag = max(luck.lag, fault.seconds)
            elif fault.position is Position.BEFORE:
                luck.wait_before += self._wait(fault)
            else:
                luck.wait_after += self._wait(fault)
        return luck
