"""The records that a plan brings up to date without any call."""

from __future__ import annotations

from typing import Any

from planning_values import BASE, KEY, NET, decision, declared, existing

from novita_infra.kinds import KINDS
from novita_infra.kinds.kind import Circumstances
from novita_infra.model.addresses import Address
from novita_infra.model.clock import GRACE
from novita_infra.model.identity import Identity
from novita_infra.model.records import Record
from novita_infra.model.resources import Existing
from novita_infra.planning.changes.decisions import Decision, with_replacement
from novita_infra.planning.drift.record_updates import record_updates
from novita_infra.planning.inputs import AccountSnapshot, Config, PlanInputs, PriorState
from novita_infra.planning.options import PlanOptions, Refresh
from novita_infra.planning.plan.changes import Forced

SPEC = {"image": "a"}


def updates(
    spec: dict[str, Any] | None,
    known: Existing,
    *,
    now: float = 1000.0,
    needs: tuple[Address, ...] = (),
    refresh: Refresh = Refresh.ALL,
    made: Decision | None = None,
) -> list[Record]:
    inputs = PlanInputs(
        config=Config(identity=Identity(project="p", environment="e"), declared=()),
        prior=PriorState(lineage="l", serial=1, key=KEY),
        world=AccountSnapshot(existing={BASE: known}, circumstances=Circumstances(now)),
        kinds=KINDS,
        options=PlanOptions(refresh=refresh),
    )
    items = {} if spec is None else {BASE: declared(BASE, spec, needs=needs)}
    return list(record_updates(inputs, items, {BASE: made or decision(BASE, spec, known)}))


def known(sent: dict[str, Any] = SPEC, values: dict[str, Any] | None = None, **record: Any) -> Existing:
    return existing(BASE, sent, values, **{"source": "main.yaml", **record})


def test_a_record_that_is_up_to_date_is_left_alone() -> None:
    assert updates(SPEC, known()) == []


def test_the_file_the_needs_and_the_spec_of_the_manifest_are_recorded() -> None:
    (record,) = updates({**SPEC, "readme": "x"}, known(SPEC, {**SPEC, "readme": "x"}, source="old.yaml"), needs=(NET,))
    assert (record.source, record.needs, record.spec) == ("main.yaml", (NET,), {**SPEC, "readme": "x"})


def test_a_field_that_was_sent_a_moment_ago_is_not_forgotten_yet() -> None:
    lagging = known({**SPEC, "command": "run"}, {**SPEC, "command": ""}, seen_at=1000.0)
    assert updates(SPEC, lagging, now=1000.0 + GRACE / 2) == []
    (record,) = updates(SPEC, lagging, now=1000.0 + 2 * GRACE)
    assert record.spec == SPEC


def test_an_update_records_what_it_need_not_change() -> None:
    (record,) = updates({**SPEC, "image": "b", "readme": "x"}, known(SPEC, {**SPEC, "readme": "x"}))
    assert record.spec == {**SPEC, "readme": "x"}


def test_a_replacement_that_is_done_is_not_due_any_more() -> None:
    (record,) = updates(SPEC, known(recreate_reason="--replace"))
    assert record.recreate_reason == ""


def test_a_due_replacement_is_recorded_before_it_is_done() -> None:
    same = decision(BASE, SPEC, known())
    made = with_replacement(same, why="asked", forced=Forced.REQUEST, due="--replace")
    (record,) = updates(SPEC, known(), made=made)
    assert record.recreate_reason == "--replace"


def test_a_refresh_records_live_values() -> None:
    edited = known(SPEC, {"image": "b"})
    (record,) = updates(SPEC, edited, refresh=Refresh.ONLY)
    assert record.spec == {"image": "b"}
