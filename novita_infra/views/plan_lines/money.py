"""The cost of a plan as lines. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from novita_infra.planning.plan.costs import Money, Row
from novita_infra.views.content.costs import (
    age_text,
    bound_text,
    is_priced,
    remaining_texts,
    row_text,
    standing_text,
    sum_texts,
    unknown_texts,
)
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.plan_lines.values import ARROW


def row_lines(row: Row | None) -> Iterator[Line]:
    """The change of the cost of a resource; nothing if it does not change."""
    if text := row_text(row):
        yield line(("      cost: ", Tone.STRONG), *_with_arrow(text))


def money_lines(money: Money | None, *, environment: str, now: float | None = None) -> Iterator[Line]:
    """The environment before and after, by the hour and by the month, with each group; nothing if everything is free.

    `now`, in Unix seconds, gives the age of the prices.
    """
    if money is None or not is_priced(money):
        return
    texts = sum_texts(money)
    if not texts:
        yield from standing_lines(money, environment=environment, now=now)
        yield line()
        return
    yield line((f"Cost of environment {environment}:", Tone.STRONG))
    for title, text in texts:
        yield line(f"      {title}: ", *_with_arrow(text))
    yield from _notes(money, now)
    yield line()


def _with_arrow(text: str) -> Iterator[str | tuple[str, Tone | None]]:
    """The text of amounts with the arrow from one to another as a part of its own."""
    for number, part in enumerate(text.split(ARROW[0])):
        if number:
            yield ARROW
        yield part


def standing_lines(money: Money | None, *, environment: str, now: float | None = None) -> Iterator[Line]:
    """The unchanged cost of the environment, in one line; nothing if everything is free."""
    if money is None or not is_priced(money):
        return
    yield line(f"Cost of environment {environment}: {standing_text(money)}, as before")
    yield from _notes(money, now)


def _notes(money: Money, now: float | None) -> Iterator[Line]:
    for title, text in (*unknown_texts(money), *remaining_texts(money)):
        yield line((f"      {title}: ", Tone.CHANGE), text)
    if money.bound is not None:
        yield line(("      if nobody comes back: ", Tone.STRONG), bound_text(money.bound))
    if now is not None:
        yield line((f"      prices read {age_text(now - money.read)}", Tone.FAINT))
