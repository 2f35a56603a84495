"""What a computation may cost, and the errors of computations."""

from __future__ import annotations

from typing import Final

from novita_infra.model.values import Value

LARGEST: Final = 1 << 18
"""The most characters of a text, or items of a list or map with all that is inside, that a computation gives."""
MOST_WORK: Final = 1 << 20
"""The most characters and items that all steps of one string may read and write together: far below a second."""


class Uncomputable(Exception):
    """Raised for a computation without a value. The message gives the reason, `hint` what to do."""

    def __init__(self, summary: str, hint: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.hint = hint
        self.unset = ""
        """The variable of the environment that is not set, where that is the reason."""
        self.unasked = False
        """Whether it is unset only because this command, or this load, did not ask for it."""
        self.cause = ""
        """What this error has in common with those of other expressions, such as an unknown variable."""


class Missing(Uncomputable):
    """Raised for a value that does not exist: a key of a map, an item of a list. It may exist later."""


class Effort:
    """The work that the computations of one string may still do."""

    def __init__(self) -> None:
        self._left = MOST_WORK

    def spend(self, size: int) -> None:
        """Counts work. Raises Uncomputable where too much was done."""
        self._left -= size
        if self._left < 0:
            raise Uncomputable("the expression does too much work", "compute less in one string")


def check_size(size: int) -> int:
    """Returns the size of a result. Raises Uncomputable if it is too large."""
    if size > LARGEST:
        raise Uncomputable(f"the result is larger than {LARGEST:,} characters or items", "make it smaller")
    return size


def size_of(*values: Value) -> int:
    """The characters and items of values with all that is inside; counting stops above the largest size."""
    total, waiting = 0, list(values)
    while waiting and total <= LARGEST:
        value = waiting.pop()
        total += 1
        match value:
            case str():
                total += len(value)
            case dict():
                waiting += value.values()
                waiting += value
            case list():
                waiting += value
    return total
