"""The pre-flight: which questions a plan raises, and what their answers say about it."""

from __future__ import annotations

from typing import Any

from planning_values import MACHINE, NET, declared

from novita_infra.catalogue.prices import Cost
from novita_infra.catalogue.products import Catalogue, Cluster, Product
from novita_infra.catalogue.stock import StockQuery
from novita_infra.kinds import KINDS
from novita_infra.model.diagnostics import EXIT_BLOCKED
from novita_infra.model.lifecycle import Lifecycle
from novita_infra.planning.checks.preflight import (
    Answers,
    PreflightInput,
    preflight_questions,
    preflight_remarks,
)
from novita_infra.planning.plan.changes import Action, Change
from novita_infra.planning.plan.costs import Money, Row
from novita_infra.planning.plan.plan import Basis, Plan
from novita_infra.planning.plan.review import Remarks, Review

SOLD_OUT = Product("g1", "G 1", available=False, price=100_000, clusters=("A",))
CATALOGUE = Catalogue(clusters=(Cluster("a", "A", network_storage=True, vpc=True),), gpu=(SOLD_OUT,))
SPEC = {"name": "m", "type": "gpu", "product": {"id": "g1", "name": "G 1"}, "gpuCount": 1, "billingMode": "onDemand"}
GPU = Cost("G 1", 100_000)


def checked(
    *changes: Change, lifecycle: Lifecycle = Lifecycle(), rows: tuple[Row, ...] = (), **more: Any
) -> PreflightInput:
    plan = Plan("p", "default", changes, (), Basis("l", 1))
    return PreflightInput(
        review=Review(plan, cost=Money(rows)),
        kinds=KINDS,
        declared={MACHINE: declared(MACHINE, SPEC, lifecycle=lifecycle)},
        catalogue=CATALOGUE,
        runway=60,
        **more,
    )


def created(**more: Any) -> PreflightInput:
    return checked(Change(MACHINE, Action.CREATE, after=SPEC), **more)


def said(remarks: Remarks) -> tuple[list[str], list[str]]:
    assert {item.code for item in remarks.findings} <= {EXIT_BLOCKED}
    return [item.diagnostic.summary for item in remarks.findings], [item.summary for item in remarks.notes]


def test_a_plan_that_creates_nothing_raises_no_question() -> None:
    questions = preflight_questions(checked(Change(NET, Action.DELETE, id="n-1")))
    assert (questions.stock, questions.quotas, questions.balance) == (frozenset(), frozenset(), False)


def test_a_create_asks_for_its_quota_and_an_added_cost_for_the_balance() -> None:
    questions = preflight_questions(checked(Change(NET, Action.CREATE), rows=(Row(NET, after=(GPU,)),)))
    assert questions.balance
    assert questions.quotas == {"vpc"} & {kind.type for kind in KINDS.values() if kind.market.quota}


def test_a_shortage_blocks_a_create() -> None:
    problems, notes = said(preflight_remarks(created(), Answers()))
    assert (len(problems), notes) == (1, [])
    assert "G 1" in problems[0]


def test_a_shortage_that_is_waited_for_is_a_note() -> None:
    problems, (note,) = said(preflight_remarks(created(lifecycle=Lifecycle(capacity_wait=60.0)), Answers()))
    assert problems == []
    assert note.endswith(": the create is tried again until something is free")


def test_a_quota_counts_what_exists_and_what_is_created() -> None:
    change = Change(NET, Action.CREATE)
    assert said(preflight_remarks(checked(change), Answers(quotas={"vpc": (1, 2)}))) == ([], [])
    problems, _ = said(preflight_remarks(checked(change), Answers(quotas={"vpc": (2, 2)})))
    assert problems == ["the account may have 2 vpc: there are 2, and the plan makes 1 more"]


def test_the_balance_must_pay_for_the_added_cost_over_the_runway() -> None:
    plan = checked(Change(NET, Action.CREATE), rows=(Row(NET, after=(GPU,)),))
    assert said(preflight_remarks(plan, Answers(balance=100_000))) == ([], [])
    ((problem,), _) = said(preflight_remarks(plan, Answers(balance=99_999)))
    assert problem.startswith("the balance is $0.99999, and what the plan adds costs $1")


def test_a_question_without_an_answer_is_a_note() -> None:
    assert said(preflight_remarks(checked(), Answers(unread=("no permission",)))) == (
        [],
        ["not checked: no permission"],
    )


def test_stock_that_is_known_already_needs_no_question() -> None:
    asked = preflight_questions(created()).stock
    known = dict.fromkeys(asked or {StockQuery("gpu")}, (SOLD_OUT,))
    assert preflight_questions(created(stock=known)).stock == frozenset()
