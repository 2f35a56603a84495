"""Shows the changes of several keys of one `forEach` once, where they differ only in the key. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

from novita_infra.model.addresses import Address
from novita_infra.model.frozen import dataclass
from novita_infra.planning.plan.changes import Change
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.plan import change_sentence, heading

_MOST_KEYS: Final = 40
"""The most keys that a line lists."""
_MOST_FORMS: Final = 20
"""The most forms of one `forEach` of which others are searched that are alike; the rest is shown one by one."""
_EACH: Final = "${each.key}"
"""What stands in the place of the key."""


@dataclass(frozen=True, slots=True)
class ChangeLines:
    """A change with the lines below its first one."""

    change: Change
    lines: tuple[Line, ...]
    costs: tuple[Line, ...]
    """The lines on the cost, below the others."""


def shown_once(items: Iterable[ChangeLines]) -> Iterator[Line]:
    """The lines of all changes: those of a `forEach` that are alike once, with a list of their keys."""
    for _, group in groupby(items, key=lambda item: item.change.address.base):
        waiting, forms = [*group], 0
        while waiting:
            first, *others = waiting
            alike, lines, forms = [first], first.lines, forms + 1
            waiting = [] if forms < _MOST_FORMS else others
            for other in others if forms < _MOST_FORMS else ():
                common = _common(first, other)
                if common is None or (len(alike) > 1 and common != lines):
                    waiting.append(other)
                else:
                    alike.append(other)
                    lines = common
            yield _head([item.change for item in alike])
            yield from lines
            yield from (Line((*cost.parts, (" each", None))) if len(alike) > 1 else cost for cost in first.costs)
            yield line()


def _head(changes: Sequence[Change]) -> Line:
    """The first line: `+ instance.worker["a"], ["b"] will be created`."""
    sign, tone, _ = heading(changes[0])
    if len(changes) == 1:
        return line((f"{sign:>3} ", tone), (str(changes[0].address), Tone.STRONG), change_sentence(changes[0]))
    keys = [f'["{item.address.key}"]{f" ({item.id})" if item.id else ""}' for item in changes[:_MOST_KEYS]]
    more = f" and {len(changes) - _MOST_KEYS:,} more" if len(changes) > _MOST_KEYS else ""
    named = f"{changes[0].address.base}{', '.join(keys)}{more}"
    return line((f"{sign:>3} ", tone), (named, Tone.STRONG), change_sentence(replace(changes[0], id="")))


def _common(one: ChangeLines, other: ChangeLines) -> tuple[Line, ...] | None:
    """The lines of both, with `${each.key}` where they differ in the key; None if they differ otherwise."""
    if not one.change.address.key or _kind_of(one.change) != _kind_of(other.change):
        return None
    if len(one.lines) != len(other.lines) or one.costs != other.costs:
        return None
    words = _words(one.change.address, other.change.address)
    found = []
    for left, right in zip(one.lines, other.lines, strict=True):
        if left == right:
            found.append(left)
            continue
        if [tone for _, tone in left.parts] != [tone for _, tone in right.parts]:
            return None
        texts = [_aligned(text, right.parts[index][0], words) for index, (text, _) in enumerate(left.parts)]
        if None in texts:
            return None
        parts = zip(texts, (tone for _, tone in left.parts), strict=True)
        found.append(Line(tuple((text or "", tone) for text, tone in parts)))
    return tuple(found)


def _kind_of(change: Change) -> tuple[object, ...]:
    """What the first line says beside the address and the id."""
    return (heading(change), change_sentence(replace(change, id="")))


def _words(one: Address, other: Address) -> list[tuple[str, str]]:
    """The words that differ between both: the keys, and what the default names hold of them."""
    start = len(one.base.object_name) + 1
    return [(one.key, other.key), (one.object_name[start:], other.object_name[start:])]


def _aligned(left: str, right: str, words: Sequence[tuple[str, str]]) -> str | None:
    """The text that both have, with `${each.key}` for the words; None if they differ otherwise."""
    if left == right:
        return left
    text, at, to = "", 0, 0
    while at < len(left) or to < len(right):
        for word, counterpart in words:
            if _stands_at(left, at, word) and _stands_at(right, to, counterpart):
                text, at, to = text + _EACH, at + len(word), to + len(counterpart)
                break
        else:
            if at >= len(left) or to >= len(right) or left[at] != right[to]:
                return None
            text, at, to = text + left[at], at + 1, to + 1
    return text


def _stands_at(text: str, at: int, word: str) -> bool:
    """Whether the word stands there, and no letter or digit beside it."""
    if not word or not text.startswith(word, at):
        return False
    before, after = text[at - 1 : at] if at else "", text[at + len(word) : at + len(word) + 1]
    return not (before.isalnum() or after.isalnum())
