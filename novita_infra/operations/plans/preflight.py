"""Pre-flight: reads the stock, the quotas and the balance that a plan needs, and checks them before any change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from novita_infra.account.balance import BALANCE, balance_of
from novita_infra.api.errors import Refused
from novita_infra.api.protocol import ApiClient
from novita_infra.api.request import Request
from novita_infra.catalogue.prices import price_list
from novita_infra.catalogue.products import MEMORY, Catalogue, Product
from novita_infra.catalogue.stock import StockQuery
from novita_infra.kinds import KINDS
from novita_infra.model.concurrency import together
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.resources import Declared
from novita_infra.operations.ownership import recorded_by_others
from novita_infra.operations.plans.duplicates import read_duplicates
from novita_infra.operations.session import Session
from novita_infra.planning.checks import placement as siting
from novita_infra.planning.checks import preflight
from novita_infra.planning.checks.foreign_objects import foreign_objects, unmarked_objects
from novita_infra.planning.checks.placement import PlacementInput
from novita_infra.planning.checks.preflight import Answers, PreflightInput, Questions
from novita_infra.planning.inputs import PlanInputs
from novita_infra.planning.plan.findings import Finding
from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.plan.review import Review
from novita_infra.planning.planner import make_review
from novita_infra.refresh.alternatives import read_alternatives
from novita_infra.refresh.catalogue import read_prices, read_stock


async def run_preflight(session: Session, inputs: PlanInputs) -> Review:
    """The review of the plan, in which every open place is found and everything that it needs is checked.

    A plan without changes makes no call. Raises Problems and ApiError.
    """
    client = session.client
    declared = {item.address: item for item in inputs.config.declared}
    ground = PlacementInput(
        declared={} if inputs.options.destroys else declared,
        found=inputs.world.existing,
        kinds=inputs.kinds,
        catalogue=inputs.world.catalogue,
        prices=price_list(inputs.world.catalogue),
    )
    stock, _ = _split(await read_stock(client, siting.placement_questions(ground)))
    ground = replace(ground, stock=stock)
    sites = siting.place_resources(ground)
    if sites.findings and ground.catalogue.lacks_memory:  # which products may be named instead of those that lack
        memory = await read_prices(client, (MEMORY,))
        sites = siting.place_resources(replace(ground, catalogue=ground.catalogue.filled_from(memory)))
    declared |= sites.declared
    config = replace(inputs.config, declared=tuple(declared.values()), placed=frozenset(sites.declared))
    review = make_review(replace(inputs, config=config))
    flight = PreflightInput(
        review=review,
        kinds=inputs.kinds,
        declared=declared,
        catalogue=inputs.world.catalogue,
        runway=inputs.options.runway,
        unsited=sites.findings,
        stock=stock,
        create_anyway=inputs.options.create_anyway,
        new_state=inputs.options.new_state and not inputs.prior.searched,
        duplicates=await read_duplicates(session, inputs, review.plan),
        foreign=_foreign(session, inputs, review.plan),
    )
    return await _cleared(client, flight)


def _foreign(session: Session, inputs: PlanInputs, plan: Plan) -> tuple[Finding | Diagnostic, ...]:
    """What is said about recorded objects that may belong to others; reads other states only if one may claim them."""
    existing = inputs.world.existing
    unmarked = unmarked_objects(plan.changes, existing)
    elsewhere = {key: found.place for key, found in recorded_by_others(session).items()} if unmarked else {}
    return tuple(foreign_objects(plan.changes, existing, inputs.config.identity, recorded_elsewhere=elsewhere))


async def cleared_again(
    client: ApiClient, review: Review, declared: tuple[Declared, ...], catalogue: Catalogue, *, runway: int
) -> Review:
    """The review of an approved plan: its choices must still be in stock, within quotas and paid for.

    `runway` is in minutes.
    """
    flight = PreflightInput(
        review=review,
        kinds=KINDS,
        declared={item.address: item for item in declared},
        catalogue=catalogue,
        runway=runway,
    )
    return await _cleared(client, flight)


async def _cleared(client: ApiClient, flight: PreflightInput) -> Review:
    questions = preflight.preflight_questions(flight)
    answers = await _answers(client, questions) if questions != Questions() else Answers()
    if lacking := preflight.lacking_stock(flight, answers):
        known = {**flight.stock, **answers.stock}
        catalogue, stock = await read_alternatives(client, lacking, known=flight.catalogue, stock=known)
        flight, answers = replace(flight, catalogue=catalogue), replace(answers, stock=stock)
    return flight.review.with_preflight(preflight.preflight_remarks(flight, answers))


async def _answers(client: ApiClient, questions: Questions) -> Answers:
    quotas = {prefix: quota for prefix in sorted(questions.quotas) if (quota := KINDS[prefix].market.quota) is not None}
    answers, (*numbers, balance) = await together(
        read_stock(client, questions.stock),
        together(
            *(_answer_to(client, quota.request) for quota in quotas.values()),
            _answer_to(client, BALANCE if questions.balance else None),
        ),
    )
    limits = {prefix: quota.read(answer) for (prefix, quota), answer in zip(quotas.items(), numbers, strict=True)}
    stock, refused = _split(answers)
    unread = [*refused, *(answer for answer in (*numbers, balance) if isinstance(answer, Refused))]
    return Answers(
        stock=stock,
        quotas={prefix: quota for prefix, quota in limits.items() if quota is not None},
        balance=balance_of(balance),
        unread=tuple(dict.fromkeys(str(refusal) for refusal in unread)),
    )


def _split(
    answers: Mapping[StockQuery, tuple[Product, ...] | Refused],
) -> tuple[dict[StockQuery, tuple[Product, ...]], list[Refused]]:
    """The answers, and the refusals."""
    answered = {ask: answer for ask, answer in answers.items() if not isinstance(answer, Refused)}
    return answered, [answer for answer in answers.values() if isinstance(answer, Refused)]


async def _answer_to(client: ApiClient, request: Request | None) -> Any:
    """The answer or the refusal, since not every key has every right; None without a request."""
    if request is None:
        return None
    try:
        return await client.send(request)
    except Refused as refusal:
        return refusal
