"""Pretended limits of a service: each says of a call at a time whether it is one too many, and when to come again."""

from __future__ import annotations

from typing import Protocol


class Limit(Protocol):
    """A limit of `rate` calls per second."""

    rate: float
    stock: float
    """The calls that it lets pass beyond the rate after a long rest."""

    def refuses(self, now: float) -> float:
        """0 where it takes the call, else the seconds after which it would take one."""
        ...


class Bucket:
    """A token bucket; what it refuses costs nothing."""

    def __init__(self, rate: float, *, stock: float) -> None:
        self.rate, self.stock = rate, stock
        self._tokens, self._at = stock, 0.0

    def refuses(self, now: float) -> float:
        self._tokens = min(self.stock, self._tokens + (now - self._at) * self.rate)
        self._at = now
        if self._tokens < 1:
            return (1 - self._tokens) / self.rate
        self._tokens -= 1
        return 0.0


class Window:
    """So many calls in each window of the clock; what it refuses is counted too."""

    def __init__(self, rate: float, *, seconds: float = 1.0) -> None:
        self.rate, self.stock, self._seconds = rate, 0.0, seconds
        self._window, self._count = -1, 0

    def refuses(self, now: float) -> float:
        window = int(now // self._seconds)
        if window != self._window:
            self._window, self._count = window, 0
        self._count += 1
        return 0.0 if self._count <= self.rate * self._seconds else (window + 1) * self._seconds - now


class Sliding:
    """So many calls in any second."""

    def __init__(self, rate: float) -> None:
        self.rate, self.stock = rate, 0.0
        self._log: list[float] = []

    def refuses(self, now: float) -> float:
        self._log = [at for at in self._log if at > now - 1]
        if len(self._log) < self.rate:
            self._log.append(now)
            return 0.0
        return self._log[0] + 1 - now


class Several:
    """So many calls at once, each lasting so long; the rate is what that comes to."""

    def __init__(self, at_once: int, *, seconds: float) -> None:
        self.rate, self.stock, self._seconds = at_once / seconds, 0.0, seconds
        self._at_once = at_once
        self._ends: list[float] = []

    def refuses(self, now: float) -> float:
        self._ends = [end for end in self._ends if end > now + 1e-9]
        if len(self._ends) < self._at_once:
            self._ends.append(now + self._seconds)
            return 0.0
        return min(self._ends) - now
