"""The values that are being computed, one for the other: it finds circles and ends a chain that is too long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

from novita_infra.model.addresses import Address
from novita_infra.model.computing.effort import Uncomputable

Reading: TypeAlias = tuple[Address | str, str]
"""A field of a resource, or `local` with the name of a local value."""


class ReadingPath:
    """The way from the first value that is being read to the last."""

    def __init__(self) -> None:
        self._path: dict[Reading, None] = {}

    def __contains__(self, value: Reading) -> bool:
        return value in self._path

    @contextmanager
    def reading(self, value: Reading) -> Iterator[None]:
        """Adds the value to the path while it is computed. Raises Uncomputable for a chain that is too long."""
        self._path[value] = None
        try:
            yield
        except RecursionError:
            if len(self._path) > 1:
                raise
            summary = "this value is computed from too long a chain of others"
            too_long = Uncomputable(summary, "let one of them have a value of its own")
            too_long.cause = "chain"
            raise too_long from None
        finally:
            del self._path[value]

    def since(self, value: Reading) -> list[Reading]:
        """Returns the values from this one on."""
        path = list(self._path)
        return path[path.index(value) :]

    def circle(self, value: Reading) -> str:
        """Returns the circle that the value closes, as messages show it."""
        return " -> ".join(f"{owner}.{name}" for owner, name in (*self.since(value), value))
