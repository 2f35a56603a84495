"""Reads the money rules of a project file: the budget of an environment and the largest price rise. Never a float."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal, InvalidOperation
from typing import Any, Final

from novita_infra.catalogue.products import UNIT
from novita_infra.manifests.project.environments import Environment
from novita_infra.manifests.project.project_file import Settings
from novita_infra.manifests.yaml.positions import Position, origin_at
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.rules import Budget, OnUnknown

_AMOUNTS: Final = ("perHour", "perMonth", "once")
_MOST_USD: Final = 10**15
"""The largest amount of a budget: more is a mistake, and no figure of it could be compared exactly."""
_DIGITS: Final = 5
"""The digits after the point that prices have."""
_EXACT: Final = Context(prec=2000)
"""Rounds no amount that a manifest may hold."""


def budget_of(settings: Settings, environment: Environment) -> tuple[Budget, list[Diagnostic]]:
    """Returns the budget of the environment, with the project's values as fallback, and the diagnostics."""
    said = {**settings.part("budget")}
    diagnostics = _inexact(said, settings.position("budget"))
    for _, own, position in environment.settings("budget"):
        if isinstance(own, dict):
            diagnostics += _inexact(own, position)
            said |= own
    budget = Budget(
        per_hour=_units(said.get("perHour")),
        per_month=_units(said.get("perMonth")),
        once=_units(said.get("once")),
        unknown=OnUnknown.REFUSE if said.get("unknown") == OnUnknown.REFUSE.value else OnUnknown.WARN,
    )
    return budget, diagnostics


def max_price_rise_of(settings: Settings, environment: Environment) -> int:
    """Returns the largest allowed price rise in hundredths of a per cent.

    The environment's value overrides the project's.
    """
    own = environment.last("maxPriceRise")
    text = own if isinstance(own, str) else settings.text("maxPriceRise")
    amount = _decimal(text.removesuffix("%")) if text else None
    return int(amount * 100) if amount is not None else 0


def _inexact(said: Mapping[str, Any], position: Position) -> list[Diagnostic]:
    """Returns a diagnostic for each amount that is out of reach, or has more digits than prices have."""
    amounts = {name: _decimal(said[name]) for name in _AMOUNTS if name in said}
    diagnostics = []
    for name, amount in amounts.items():
        place = origin_at(position, (name,))
        if amount is not None and amount.copy_abs() > _MOST_USD:
            summary, hint = f"budget.{name} is more than any account has", f"at most {_MOST_USD:,} USD"
            diagnostics.append(Diagnostic(summary, hint, origin=place))
        elif (
            amount is not None and amount.scaleb(_DIGITS, _EXACT) != amount.scaleb(_DIGITS, _EXACT).to_integral_value()
        ):
            summary, hint = f"budget.{name} is finer than any price", "at most five digits after the point"
            diagnostics.append(Diagnostic(summary, hint, origin=place))
    return diagnostics


def _units(value: Any) -> int | None:
    """Converts USD to 1/100000 USD. Returns None if the value is no amount."""
    amount = _decimal(value)
    if amount is None or amount.copy_abs() > _MOST_USD:
        return None
    return int(amount * UNIT)


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None
