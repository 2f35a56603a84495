"""The document of a notice in words: a title, facts, and items, each a text of one line. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from novita_infra.model.frozen import dataclass
from novita_infra.model.printable import printable

_LONGEST: Final = 300
"""Characters of a line."""
_TITLES: Final[Mapping[str, str]] = {
    "afterPlan": "plan",
    "afterApply": "apply",
    "plan": "plan",
    "apply": "apply",
    "failure": "failure",
    "drift": "drift",
    "budget": "over budget",
    "idle": "idle machines",
    "test": "test message",
}


@dataclass(frozen=True, slots=True)
class Wording:
    """A notice for a person. No line has a control character or more than 300 characters."""

    title: str
    facts: tuple[str, ...]
    items: tuple[str, ...]
    left_out: int = 0
    """How many items the document leaves out."""


def wording_of(document: Mapping[str, Any]) -> Wording:
    """The document for a person."""
    where = f"{document['project']} ({document['environment']})"
    event = str(document["event"])
    outcome = f": {document['outcome']}" if document.get("outcome") else ""
    title = f"{where}: {_TITLES.get(event, event)}{outcome}"
    items = [_item(item) for item in document.get("items") or ()]
    return Wording(
        _line(title, most=150), tuple(map(_line, _facts(document))), tuple(items), document.get("itemsLeftOut") or 0
    )


def cut_to_fit(lines: Sequence[str], left_out: int, fits: Callable[[Sequence[str]], bool]) -> list[str]:
    """As many of the lines as fit, with a last one that says how many are left out, those before included."""

    def shown(count: int) -> list[str]:
        missing = len(lines) - count + left_out
        return [*lines[:count], *([f"... and {missing} more"] if missing else [])]

    low, high = 0, len(lines)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(shown(middle)) else (low, middle - 1)
    return shown(low)


def _facts(document: Mapping[str, Any]) -> Iterator[str]:
    yield f"command: {document['command']}"
    yield f"time: {document['time']}"
    counts = {name: count for name, count in (document.get("summary") or {}).items() if count}
    if document.get("summary") is not None:
        yield f"plan: {', '.join(f'{count} to {name}' for name, count in counts.items()) or 'no changes'}"
    if cost := document.get("hourlyCost"):
        yield f"cost per hour, at most: {_usd(cost['before'])} before, {_usd(cost['after'])} after"
    if document.get("planDigest"):
        yield f"digest: {document['planDigest']}"
    for error in document.get("errors") or ():
        yield f"error: {error}"


def _item(item: Mapping[str, Any]) -> str:
    words = " ".join(str(item[name]) for name in ("address", "what") if item.get(name))
    cost = f" ({_usd(item['hourlyCost'])} per hour)" if item.get("hourlyCost") else ""
    return _line(f"{words}{cost}")


def _usd(amount: str) -> str:
    """`$0.35833`, of the decimals of a document."""
    rounded = f"{Decimal(amount):.5f}".rstrip("0")
    whole, _, digits = rounded.partition(".")
    return f"${whole}.{digits:0<2}"


def _line(text: str, *, most: int = _LONGEST) -> str:
    text = printable(text)
    return text if len(text) <= most else f"{text[: most - 3]}..."
