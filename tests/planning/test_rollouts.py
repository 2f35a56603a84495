"""The order of the steps of a rollout."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from planning_values import NET, decision, declared, existing

from novita_infra.kinds import KINDS
from novita_infra.model.addresses import Address
from novita_infra.model.lifecycle import Lifecycle, RolloutRules
from novita_infra.model.resources import Existing, Phase
from novita_infra.planning.ordering import Schedule, schedule
from novita_infra.planning.rollouts import rolled_members, rollout_findings

A, B, C = (Address("instance", "w", key) for key in "abc")
OLD: dict[str, Any] = {"image": "a", "product": {"id": "1"}}
RESTARTED, REPLACED = {**OLD, "image": "b"}, {**OLD, "product": {"id": "2"}}
IN_ORDER = RolloutRules(in_order=True)


def scheduled(
    *members: tuple[Address, dict[str, Any], Existing],
    needs: dict[Address, tuple[Address, ...]] | None = None,
    rules: RolloutRules = IN_ORDER,
    rolled: dict[Address, bool] | None = None,
    new_net: bool = False,
) -> Schedule:
    """The schedule of members in the order of their manifest, and of a network that does not exist yet."""
    decisions, items = {}, {}
    if new_net:
        place = {"name": "n", "cluster": "c"}
        decisions[NET], items[NET] = decision(NET, place), declared(NET, place)
    for rank, (address, spec, known) in enumerate(members):
        lifecycle = Lifecycle(rollout=rules, rank=rank)
        needed = (needs or {}).get(address, ())
        decisions[address] = decision(address, spec, known, needs=needed, lifecycle=lifecycle)
        items[address] = declared(address, spec, needs=needed, lifecycle=lifecycle)
    return schedule(decisions, items, KINDS, timeouts={}, rolled=rolled or {})


def up(address: Address) -> Existing:
    return existing(address, OLD)


def order(made: Schedule) -> list[Address]:
    (rollout,) = made.rollouts
    return list(rollout.order)


def test_members_of_a_rollout_have_the_order_of_the_manifest() -> None:
    made = scheduled((C, RESTARTED, up(C)), (A, RESTARTED, up(A)), (B, RESTARTED, up(B)))
    assert (order(made), [step.address for step in made.steps]) == ([C, A, B], [C, A, B])
    assert {step.rollout for step in made.steps} == {"instance.w"}


def test_a_member_of_a_rollout_is_taken_down_after_what_it_needs() -> None:
    made = scheduled((A, REPLACED, up(A)), needs={A: (NET,)}, new_net=True)
    assert [(step.call_name, step.after) for step in made.steps[:2]] == [("create", ()), ("delete", ("vpc.n/create",))]


def test_needs_go_before_the_order_of_the_manifest() -> None:
    made = scheduled((A, RESTARTED, up(A)), (B, RESTARTED, up(B)), (C, RESTARTED, up(C)), needs={A: (C,)})
    assert order(made).index(C) < order(made).index(A)
    assert all(rollout.kept for rollout in made.rollouts)


def test_a_member_that_is_down_comes_first_and_one_that_is_new_does_not_count() -> None:
    failed = existing(B, OLD, phase=Phase.FAILED)
    made = scheduled((A, RESTARTED, up(A)), (B, REPLACED, failed), (C, OLD, Existing()))
    (rollout,) = made.rollouts
    assert (rollout.order, rollout.down, rollout.members) == ((A,), (B,), 3)
    gone = scheduled((A, RESTARTED, up(A)), (C, OLD, Existing()), rolled={C: False})
    assert gone.rollouts[0].down == (C,)


def test_a_rollout_that_no_order_keeps_is_refused() -> None:
    failed = existing(B, OLD, phase=Phase.FAILED)
    made = scheduled((A, RESTARTED, up(A)), (B, REPLACED, failed), needs={B: (A,)})
    (rollout,) = made.rollouts
    assert not rollout.kept
    assert [step.rollout for step in made.steps] == [""] * len(made.steps)
    (finding,) = rollout_findings(made.rollouts)
    assert "cannot be kept" in finding.diagnostic.summary
    assert list(rollout_findings([replace(rollout, order=())])) == []


def test_members_that_an_interrupted_rollout_left_down_block_one_for_others() -> None:
    made = scheduled((A, RESTARTED, up(A)), (B, OLD, existing(B, OLD, gone=True)), rolled={B: False})
    made = replace(made, rollouts=(replace(made.rollouts[0], left_down=(B,), down=()),))
    (finding,) = rollout_findings(made.rollouts)
    assert 'left instance.w["b"] down' in finding.diagnostic.summary
    assert list(rollout_findings((replace(made.rollouts[0], limit=2),))) == []


def test_a_member_is_up_again_when_the_state_or_its_object_says_so() -> None:
    found = {A: up(A), B: existing(B, OLD, gone=True), C: existing(C, OLD, phase=Phase.CHANGING)}
    assert rolled_members({A: 0.0, B: 0.0, C: 5.0}, found) == {A: True, B: False, C: True}
