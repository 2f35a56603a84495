"""Names of resources that are made from the names of objects: readable and without repetition. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from novita_infra.model.addresses import Address

_OTHER: Final = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST: Final = 60


class FreeNames:
    """The names of one resource type that are not taken yet. Two names that differ in case or `_` alone are one."""

    def __init__(self, type_: str, taken: Iterable[Address]) -> None:
        self._type = type_
        self._taken = {_alike(address.name) for address in taken if address.type == type_}
        self._next: dict[str, int] = {}

    def take(self, name: str) -> str:
        """A free name like that of an object: `worker`, or `worker-2`."""
        text = _OTHER.sub("-", name)[:_LONGEST].strip("-_")
        if not text[:1].isalpha():
            text = "-".join(filter(None, (self._type.replace("_", "-"), text)))
        found, number = text, self._next.get(_alike(text), 2)
        while _alike(found) in self._taken:
            found, number = f"{text}-{number}", number + 1
        self._next[_alike(text)] = number
        self._taken.add(_alike(found))
        return found

    def take_for(self, name: str, others: Iterable[str]) -> str:
        """A free name like this one, where the others are given back."""
        self._taken -= {_alike(other) for other in others}
        self._next.pop(_alike(name), None)
        return self.take(name)


def _alike(name: str) -> str:
    return name.lower().replace("_", "-")
