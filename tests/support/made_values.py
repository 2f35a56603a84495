"""A value of any type of the model with one text in every text field, found by the type hints: no field is missed."""

from __future__ import annotations

import dataclasses
import enum
import functools
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from novita_infra.kinds import KINDS
from novita_infra.model.addresses import Address
from novita_infra.planning.cost.durations import Estimate
from novita_infra.planning.saved.plan_file import SavedPlan
from novita_infra.state.recovery.past import Past

_TYPES: Final = tuple(KINDS)
_NAMES: Final = {"Estimate": Estimate, "Past": Past, "SavedPlan": SavedPlan}
"""Types that the modules import for type checkers alone."""
_DEEPEST: Final = 12


class Maker:
    """Makes values. `pick` chooses among members, kinds and shapes: a range of it takes each of them once."""

    def __init__(self, text: str, pick: int) -> None:
        self.text = text
        self.pick = pick

    def make(self, hint: Any, depth: int = 0) -> Any:
        """A value of the type."""
        origin, inside = typing.get_origin(hint), typing.get_args(hint)
        if origin in {typing.Union, types.UnionType}:
            members = [item for item in inside if item is not type(None)]
            if depth > _DEEPEST and len(members) < len(inside):
                return None
            return self.make(members[self.pick % len(members)], depth)
        if origin in {tuple, list, Sequence}:
            many = origin is not tuple or inside[1:] == (...,)
            if not many:
                return tuple(self.make(item, depth + 1) for item in inside)
            return () if depth > _DEEPEST else tuple(self.make(inside[0], depth + 1) for _ in range(2))
        if origin in {dict, Mapping}:
            return {} if depth > _DEEPEST else {self.make(inside[0], depth + 1): self.make(inside[1], depth + 1)}
        if hint is Any or origin is Callable:
            made = self._value() if hint is Any else self.make(inside[1], depth + 1)
            return made if hint is Any else lambda: made
        if hint is Address:
            return Address(_TYPES[self.pick % len(_TYPES)], "a", self.text)
        if isinstance(hint, type) and issubclass(hint, enum.Enum):
            return list(hint)[self.pick % len(hint)]
        if dataclasses.is_dataclass(hint) or hasattr(hint, "_fields"):
            return self._members(hint, depth)
        return self._plain(hint)

    def _members(self, hint: Any, depth: int) -> Any:
        hints = _hints(hint)
        names = (
            hint._fields if hasattr(hint, "_fields") else [item.name for item in dataclasses.fields(hint) if item.init]
        )
        return hint(**{name: self.make(hints[name], depth + 1) for name in names})

    def _plain(self, hint: Any) -> Any:
        match hint:
            case _ if hint is str:
                return self.text
            case _ if hint is bool:
                return self.pick % 2 == 0
            case _ if hint is int:
                return 1 + self.pick
            case _ if hint in {float, Fraction, Decimal}:
                return hint(1 + self.pick)
            case _ if hint is Path:
                return Path(self.text)
            case _ if hint is type(None):
                return None
            case _:
                raise TypeError(f"no value of {hint} is known")

    def _value(self) -> Any:
        """A value of a spec. A line feed in a text gives a difference of lines, which is another layout."""
        text = self.text.replace("\n", "\x0b")
        shapes: list[Any] = [
            text,
            {text: text},
            [text, text],
            {text: [text] * 9, "b": {text: text}, "c": 1},
        ]
        self.pick += 1  # what stands before and after differs
        return shapes[self.pick % len(shapes)]


@functools.cache
def _hints(shape: Any) -> dict[str, Any]:
    return typing.get_type_hints(shape, localns=_NAMES)
