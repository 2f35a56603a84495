"""A price per hour over time as a chart of steps. Its colours are those of a page, by the classes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from html import escape
from typing import Final, NamedTuple

from novita_infra.catalogue.prices import Amount, usd
from novita_infra.model.clock import moment
from novita_infra.views.pictures.axis import picture_text, top_of

_WIDTH: Final = 940
_HEIGHT: Final = 220
_LEFT: Final = 84
_RIGHT: Final = 20
_TOP: Final = 16
_BOTTOM: Final = 34


class Rate(NamedTuple):
    """What an environment costs per hour from a time on, in 1/100000 USD."""

    at: float
    """Unix seconds."""
    amount: Amount


def course_svg(rates: Sequence[Rate], now: float) -> str:
    """The chart of at least one rate, the oldest first, until `now`; the least is drawn, too, where it differs."""
    begin, end = rates[0].at, max(now, rates[-1].at)
    top = top_of(max(rate.amount.most for rate in rates))

    def point(at: float, amount: Fraction) -> tuple[float, float]:
        x = _LEFT + (at - begin) / max(end - begin, 1.0) * (_WIDTH - _LEFT - _RIGHT)
        return round(x, 1), round(_TOP + float(1 - amount / top) * (_HEIGHT - _TOP - _BOTTOM), 1)

    def steps(amounts: Sequence[Fraction]) -> str:
        parts = []
        ends = [*(rate.at for rate in rates[1:]), end]
        for number, (rate, amount, until) in enumerate(zip(rates, amounts, ends, strict=True)):
            x, y = point(rate.at, amount)
            parts.append(f"{'V' if number else f'M{x:g} '}{y:g}H{point(until, amount)[0]:g}")
        return "".join(parts)

    label = f"Cost per hour after each run, now {usd(rates[-1].amount.most)}"
    svg = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="course" width="{_WIDTH}" height="{_HEIGHT}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(label)}" font-size="12">'
    ]
    for share in (Fraction(0), Fraction(1, 2), Fraction(1)):
        _, y = point(begin, top * share)
        svg.append(f'<path class="mark" d="M{_LEFT} {y:g}H{_WIDTH - _RIGHT}"/>')
        svg.append(picture_text(_LEFT - 8, y + 4, usd(top * share), "words", anchor="end"))
    most = steps([rate.amount.most for rate in rates])
    svg.append(f'<path class="area" d="{most}V{point(begin, Fraction(0))[1]:g}H{_LEFT}Z"/>')
    if any(rate.amount.least != rate.amount.most for rate in rates):
        svg.append(f'<path class="least" d="{steps([rate.amount.least for rate in rates])}"/>')
    svg.append(f'<path class="most" d="{most}"/>')
    for rate in rates:
        x, y = point(rate.at, rate.amount.most)
        svg.append(f'<circle class="dot" cx="{x:g}" cy="{y:g}" r="3.5"><title>{moment(rate.at)}</title></circle>')
    svg.append(picture_text(_LEFT, _HEIGHT - 10, moment(begin), "words"))
    svg.append(picture_text(_WIDTH - _RIGHT, _HEIGHT - 10, moment(end), "words", anchor="end"))
    return "\n".join([*svg, "</svg>"]) + "\n"
