"""The pre-flight: stock, quotas and balance that a plan needs before its first call. Pure.

`preflight_questions` says what must be read; `preflight_remarks` judges the answers. A shortage blocks the plan; a
question without an answer is a note.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from fractions import Fraction
from typing import Final

from novita_infra.catalogue.prices import paid_once, usd, usd_apart
from novita_infra.catalogue.products import Catalogue
from novita_infra.catalogue.stock import Stock, StockNeed, StockQuery, shortage
from novita_infra.kinds.call import Call
from novita_infra.kinds.kind import Kind
from novita_infra.kinds.toolkit.market import alternatives, alternatives_in_words
from novita_infra.model.addresses import Address, Origin
from novita_infra.model.diagnostics import EXIT_BLOCKED, Diagnostic, Severity
from novita_infra.model.frozen import dataclass
from novita_infra.model.resources import Declared, Phase
from novita_infra.planning.checks.duplicates import Duplicate, duplicate_diagnostics
from novita_infra.planning.plan.changes import Action, Change
from novita_infra.planning.plan.costs import Money
from novita_infra.planning.plan.findings import Finding
from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.plan.review import Remarks, Review

_MAKES: Final = frozenset({Action.CREATE, Action.REPLACE})
_HOUR: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """The questions that a plan raises before it is carried out; empty for a plan that creates nothing."""

    stock: frozenset[StockQuery] = frozenset()
    quotas: frozenset[str] = frozenset()
    """The types whose quota must be known."""
    balance: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The answers that were read."""

    stock: Stock = field(default_factory=dict)
    quotas: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """By type: how many objects exist, and how many may exist."""
    balance: int | None = None
    """In 1/100000 USD."""
    unread: tuple[str, ...] = ()
    """The questions that could not be read, each with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreflightInput:
    """A plan with what is known of it, and what it is checked against."""

    review: Review
    kinds: Mapping[str, Kind]
    declared: Mapping[Address, Declared]
    catalogue: Catalogue
    runway: int
    """Minutes that the balance must pay for."""
    stock: Stock = field(default_factory=dict)
    """The stock that is known already."""
    unsited: Mapping[Address, Finding] = field(default_factory=dict)
    """The findings on resources without a place."""
    duplicates: tuple[Duplicate, ...] = ()
    """Live objects of what the plan creates that are in no state."""
    create_anyway: tuple[str, ...] = ()
    """The resources that are created beside an object that is alike; addresses or patterns."""
    new_state: bool = False
    """Whether the plan begins a new state though objects of a lost one may exist."""
    foreign: tuple[Finding | Diagnostic, ...] = ()
    """What is said about recorded objects that may belong to others."""

    @property
    def plan(self) -> Plan:
        """The plan that is checked."""
        return self.review.plan


def preflight_questions(flight: PreflightInput) -> Questions:
    """The questions that must be read. Stock in the catalogue, and quotas of types that are not created, need none."""
    plan = flight.plan
    takes = (take for need in _needs(flight) for take in need.takes)
    return Questions(
        stock=frozenset(take.query for take in takes if not take.query.in_catalogue and take.query not in flight.stock),
        quotas=frozenset(
            change.address.type
            for change in plan.changes
            if change.action in _MAKES and flight.kinds[change.address.type].market.quota is not None
        ),
        balance=_price(flight, *_additions(flight.review.cost)) > 0,
    )


def lacking_stock(flight: PreflightInput, answers: Answers) -> tuple[StockNeed, ...]:
    """The stock of which nothing is free, so that the plan is blocked: alternatives to it should be known."""
    stock = {**flight.stock, **answers.stock}
    return tuple(
        take
        for need, reasons in _short(flight, stock)
        if all(reasons) and need.change.action in _MAKES and not _waits(flight, need.change)
        for take in need.takes
    )


def preflight_remarks(flight: PreflightInput, answers: Answers) -> Remarks:
    """The remarks on the answers. A question without an answer gives a note."""
    plan = flight.plan
    stuck = frozenset(item.address for item in flight.review.problems if not item.option)
    remarks = [
        *flight.foreign,
        *(
            duplicate_diagnostics(
                stray, plan, new_state=flight.new_state, create_anyway=flight.create_anyway, stuck=stuck
            )
            for stray in flight.duplicates
        ),
        *_places(flight),
        *_stock(flight, {**flight.stock, **answers.stock}),
        *_quotas(flight, answers.quotas),
        *_funds(flight, answers.balance),
        *(_note(f"not checked: {text}") for text in answers.unread),
    ]
    return Remarks(
        findings=tuple(item for item in remarks if isinstance(item, Finding)),
        notes=tuple(item for item in remarks if isinstance(item, Diagnostic)),
    )


def _places(flight: PreflightInput) -> Iterator[Finding]:
    changing = {change.address for change in flight.plan.changes if change.action not in {Action.NONE, Action.DELETE}}
    yield from dict.fromkeys(finding for address, finding in sorted(flight.unsited.items()) if address in changing)


# --- stock ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Need:
    """The stock that a change needs: any one of the products will do."""

    change: Change
    takes: tuple[StockNeed, ...]


def _needs(flight: PreflightInput) -> Iterator[_Need]:
    started = {step.address for step in flight.plan.steps if _starts(flight.kinds[step.address.type], step.call_name)}
    for change in flight.plan.changes:
        takes = flight.kinds[change.address.type].market.stock_needed
        if takes is not None and (change.action in _MAKES or change.address in started):
            yield _Need(change, takes(change.after, flight.catalogue))


def _starts(kind: Kind, name: str) -> bool:
    """Whether the call starts a stopped object, which needs stock again."""
    calls: Iterable[Call] = kind.api.updates
    return any(
        call.name == name and call.allowed_phases == {Phase.STOPPED} and Phase.READY in call.final_phases
        for call in calls
    )


def _short(flight: PreflightInput, stock: Stock) -> Iterator[tuple[_Need, list[str]]]:
    """Each need whose first choice is not free, with the shortage of each choice; empty for one that is free."""
    faulted = {problem.address for problem in flight.review.problems if problem.origin is not None}
    for need in _needs(flight):
        if need.change.address in flight.unsited or str(need.change.address) in faulted:
            continue  # another finding says why its manifest is impossible
        reasons = [shortage(take, stock, flight.catalogue) for take in need.takes]
        if reasons and reasons[0]:
            yield need, reasons


def _stock(flight: PreflightInput, stock: Stock) -> Iterator[Finding | Diagnostic]:
    for need, reasons in _short(flight, stock):
        had = next((take for take, reason in zip(need.takes, reasons, strict=True) if not reason), None)
        if had is not None:
            place = f" in {had.query.cluster}" if had.query.cluster else ""
            yield _note(f"{reasons[0]}: {had.name}{place} will do", need.change.address)
        else:
            yield _none_free(flight, need, "; ".join(dict.fromkeys(reasons)), stock)


def _waits(flight: PreflightInput, change: Change) -> bool:
    """Whether the create is tried until something is free."""
    wanted = flight.declared.get(change.address)
    waits = wanted is not None and wanted.lifecycle.capacity_wait > 0
    return waits and not _deletes_first(change)


def _deletes_first(change: Change) -> bool:
    return change.action is Action.REPLACE and not change.create_first


def _none_free(flight: PreflightInput, need: _Need, why: str, stock: Stock) -> Finding | Diagnostic:
    change = need.change
    wanted, kind = flight.declared.get(change.address), flight.kinds[change.address.type]
    if _waits(flight, change):
        then = (
            "the create is tried again until something is free"
            if change.action in _MAKES
            else "it is tried all the same"
        )
        return _note(f"{why}: {then}", change.address)
    option = ""
    if change.action not in _MAKES:
        option = f"--exclude '{change.address}'"
        hint = f"leave it stopped until something is free, or leave it out: {option}"
    elif _deletes_first(change):
        hint = "the one that is there would be deleted first, so it is left alone; name another product or cluster"
        hint += ", or set lifecycle.createBeforeDestroy with waitForCapacity"
    else:
        several = f"{kind.market.alternatives}, " if kind.market.alternatives else ""
        hint = f"name another product or cluster, {several}or set lifecycle.waitForCapacity"
    if change.action in _MAKES:
        free = alternatives_in_words(alternatives(need.takes, stock, flight.catalogue), kind, flight.catalogue)
        hint = "; ".join(filter(None, (hint, free)))
    return _blocked(why, hint, address=change.address, origin=_place(wanted, kind.placement.product), option=option)


# --- quotas ---------------------------------------------------------------------------------------------------------


def _quotas(flight: PreflightInput, quotas: Mapping[str, tuple[int, int]]) -> Iterator[Finding | Diagnostic]:
    made = Counter(
        change.address.type
        for change in flight.plan.changes
        if change.action is Action.CREATE or (change.action is Action.REPLACE and change.create_first)
    )
    gone = Counter(change.address.type for change in flight.plan.changes if change.action is Action.DELETE)
    for prefix, (there, most) in sorted(quotas.items()):
        if there + made[prefix] <= most:
            continue
        summary = f"the account may have {most} {prefix}: there are {there}, and the plan makes {made[prefix]} more"
        if there + made[prefix] - gone[prefix] <= most:
            yield _note(f"{summary}; those that it deletes may have to go first")
        else:
            yield _blocked(summary, "delete those that are not needed any more: what is finished counts too")


# --- money ----------------------------------------------------------------------------------------------------------


def _price(flight: PreflightInput, running: Fraction, once: int) -> int:
    """The added cost over the runway and the purchases, in 1/100000 USD, without unknown prices."""
    return math.ceil(running * Fraction(flight.runway, _HOUR)) + once


def _additions(cost: Money | None) -> tuple[Fraction, int]:
    """The least added cost per hour, and the purchases, in 1/100000 USD. Savings do not count."""
    rows = [row for row in cost.rows if row.moves] if cost else []
    running = sum((max(Fraction(0), row.delta.least) for row in rows), Fraction(0))
    return running, sum(paid_once(row.once) for row in rows)


def _funds(flight: PreflightInput, balance: int | None) -> Iterator[Finding]:
    running, once = _additions(flight.review.cost)
    price = _price(flight, running, once)
    if balance is None or balance >= price:
        return
    hours = f"{flight.runway / _HOUR:g} h"
    parts = [f"{usd(running)}/h for {hours}"] if running and flight.runway else []
    parts += [f"{usd(once)} at once"] if once else []
    has, costs = usd_apart(balance, price)
    summary = f"the balance is {has}, and what the plan adds costs {costs}: {' and '.join(parts)}"
    less = "--runway HOURS"
    yield _blocked(summary, f"top up the account, or ask for less time with {less}", option=less)


# --- words ----------------------------------------------------------------------------------------------------------


def _blocked(
    summary: str, hint: str, *, address: Address | None = None, origin: Origin | None = None, option: str = ""
) -> Finding:
    where = str(address) if address else ""
    return Finding(Diagnostic(summary, hint, origin=origin, address=where, option=option), EXIT_BLOCKED)


def _note(summary: str, address: Address | None = None) -> Diagnostic:
    return Diagnostic(summary, address=str(address) if address else "", severity=Severity.WARNING)


def _place(wanted: Declared | None, name: str) -> Origin | None:
    return wanted.places.get(name, wanted.origin) if wanted else None
