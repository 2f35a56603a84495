"""The versions of novita-infra that a project accepts: `requires: ">=0.4,<1"` in its project file."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from itertools import zip_longest
from typing import Final

from novita_infra import __version__
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Problems, problem

_CLAUSE: Final = re.compile(r"\s*(>=|<=|==|!=|>|<)\s*([0-9]{1,9}(?:\.[0-9]{1,9}){0,3})\s*")
_NUMBERS: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})*")
_COMPARE: Final[dict[str, Callable[[int, int], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}


def unmet_version(required: str, place: Origin, *, version: str = __version__) -> Problems | None:
    """The problem that the project requires another version than this one; None if it does not.

    A text of another form is left to the schema.
    """
    clauses = [_CLAUSE.fullmatch(clause) for clause in required.split(",")]
    if all(clause is None or _COMPARE[clause[1]](_order(version, clause[2]), 0) for clause in clauses):
        return None
    asked = ",".join(clause[1] + clause[2] for clause in clauses if clause)
    summary = f"this project requires novita-infra {asked}, and this is {version}"
    return problem(summary, f"pip install 'novita-infra{asked}'", origin=place)


def _order(one: str, two: str) -> int:
    """Below 0 if the first version is lower, 0 if they are equal, above 0 if it is higher. 0.4 and 0.4.0 are equal."""
    for left, right in zip_longest(_parts(one), _parts(two), fillvalue=0):
        if left != right:
            return left - right
    return 0


def _parts(version: str) -> list[int]:
    numbers = _NUMBERS.match(version)
    return [int(part) for part in numbers[0].split(".")] if numbers else []
