"""Bad luck on order: which requests go wrong, and how. Says nothing about the world itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase


class Trouble(Enum):
    """What happens to a request."""

    STATUS = "status"
    """It is answered with an error."""
    LOST = "lost"
    """The connection is dropped and no answer comes."""
    TRUNCATED = "truncated"
    """The answer breaks off in the middle."""
    LATE = "late"
    """The connection is dropped at once, and the request has its effect only some simulated seconds later."""
    SLOW = "slow"
    """The answer takes longer, in real seconds."""
    STALE = "stale"
    """A list shows the world as it was some simulated seconds ago."""


class Position(Enum):
    """Whether the trouble comes before or after the request has had its effect."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(slots=True, kw_only=True)
class Fault:
    """One piece of bad luck."""

    kind: Trouble = Trouble.STATUS
    operation: str = "*"
    """The operations it meets: a pattern over their names, such as `instances.create` or `*.list`."""
    method: str = "*"
    path: str = "*"
    """A pattern over the path of the request."""
    position: Position = Position.BEFORE
    status: int = 503
    reason: str = ""
    message: str = ""
    retry_after: str = ""
    """The Retry-After header; empty for none."""
    seconds: float = 0.0
    up_to: float = 0.0
    """Where it is above `seconds`, each slow answer takes a time between the two."""
    count: int | None = 1
    """How many requests it meets; None is every one."""
    skip: int = 0
    """How many matching requests it lets pass first."""
    per_cent: int = 100
    """How often it strikes."""
    met: int = 0
    """How many requests it has met."""

    def covers(self, *, operation: str, method: str, path: str) -> bool:
        """Whether a request is one of those it meets."""
        if self.count is not None and self.met >= self.count:
            return False
        return (
            fnmatchcase(operation, self.operation) and fnmatchcase(method, self.method) and fnmatchcase(path, self.path)
        )


@dataclass(slots=True)
class Luck:
    """What one request will meet."""

    failing: Fault | None = None
    wait_before: float = 0.0
    wait_after: float = 0.0
    lag: float = 0.0
    late: float = 0.0
    """Simulated seconds after which it has its effect, with nobody to be told; 0 where it has it now."""

    def fails(self, position: Position) -> Fault | None:
        """The trouble at this point, if any. A truncated answer comes after the effect by its nature."""
        if self.failing is None:
            return None
        there = Position.AFTER if self.failing.kind is Trouble.TRUNCATED else self.failing.position
        return self.failing if there is position else None


@dataclass(slots=True)
class Faults:
    """The faults in force, in the order in which they were added."""

    dice: Callable[[int], int] = field(default=lambda _sides: 0)
    """From 0 up to the number of sides, from the world's seed."""
    on_stale: Callable[[], None] = field(default=lambda: None)
    """Told when a stale list becomes possible, so that the past is kept from then on."""
    active: list[Fault] = field(default_factory=list)
    late: list[tuple[float, Callable[[], object]]] = field(default_factory=list)
    """What has yet to have its effect, and when, in Unix seconds."""

    def landed(self, now: float) -> list[Callable[[], object]]:
        """What has its effect by now, each told once."""
        due = [item for item in self.late if item[0] <= now]
        self.late = [item for item in self.late if item[0] > now]
        return [land for _, land in sorted(due, key=lambda item: item[0])]

    def add(self, fault: Fault) -> Fault:
        """Put a fault in force."""
        self.active.append(fault)
        if fault.kind is Trouble.STALE:
            self.on_stale()
        return fault

    def _wait(self, fault: Fault) -> float:
        if fault.up_to <= fault.seconds:
            return fault.seconds
        return fault.seconds + (fault.up_to - fault.seconds) * self.dice(1001) / 1000

    def clear(self) -> None:
        """Take all faults away."""
        self.active.clear()

    def strike(self, *, operation: str, method: str, path: str) -> Luck:
        """What a request meets: at most one failure, and all that is slow or stale. Counts it."""
        luck = Luck()
        for fault in self.active:
            failing = fault.kind in {Trouble.STATUS, Trouble.LOST, Trouble.TRUNCATED, Trouble.LATE}
            if (failing and luck.failing) or not fault.covers(operation=operation, method=method, path=path):
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
