"""The parameters of operators and functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from novita_infra.model.computing.effort import Uncomputable
from novita_infra.model.computing.types import type_words
from novita_infra.model.frozen import dataclass
from novita_infra.model.values import Value

_TYPES: Final[dict[str, type]] = {"text": str, "list": list, "map": dict}


@dataclass(frozen=True, slots=True)
class Function:
    """An operator or a function by its parameters."""

    run: Callable[..., Value]
    """Computes the result from known values."""
    usage: str = ""
    """How a call is written, such as `join(separator, list)`; empty for operators."""
    types: tuple[str, ...] = ("any",)
    """The types of the parameters: `text`, `list`, `map` or `any`."""
    least: int = 1
    """The fewest arguments; every parameter is one unless this says less."""
    repeats: bool = False
    """Whether the last parameter takes any number of arguments."""
    whole: bool = False
    """Whether it leaves the items of lists and maps as they are, so that they may be secret or unknown."""

    def check_count(self, name: str, count: int) -> None:
        """Raises Uncomputable unless a call may have this many arguments."""
        most = None if self.repeats else len(self.types)
        if count < self.least or (most is not None and count > most):
            some = "at least " if most is None else "" if most == self.least else "at most "
            number = self.least if most is None or count < self.least else most
            raise Uncomputable(
                f"{name} takes {some}{number} argument{'s' * (number != 1)}, not {count}", f"write {self.usage}"
            )

    def check_types(self, name: str, arguments: Sequence[Value]) -> None:
        """Raises Uncomputable unless the known arguments are of the right types."""
        for number, item in enumerate(arguments):
            wanted = self.types[min(number, len(self.types) - 1)]
            if wanted != "any" and not isinstance(item, _TYPES[wanted]):
                summary = f"{name} wants a {wanted} as argument {number + 1}, not {type_words(item)}"
                raise Uncomputable(summary, f"write {self.usage}")


def operator(run: Callable[..., Value], count: int = 2, *, whole: bool = False, repeats: bool = False) -> Function:
    """An operator of `count` operands of any type."""
    return Function(run, types=("any",) * count, least=0 if repeats else count, repeats=repeats, whole=whole)


def function(run: Callable[..., Value], usage: str, *types: str, least: int = -1, **options: Any) -> Function:
    """A function of parameters of these types."""
    return Function(run, usage, types, len(types) if least < 0 else least, **options)
