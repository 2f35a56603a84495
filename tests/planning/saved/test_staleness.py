"""Staleness of a saved plan: what differs from the plan that would be made now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.encoding import digest
from novita_infra.model.addresses import Address, Origin
from novita_infra.model.diagnostics import EXIT_BLOCKED, EXIT_ERROR, EXIT_REFUSED, Diagnostic
from novita_infra.model.resources import Declared, Loss
from novita_infra.model.values import Digest, Ref, Secret, Value
from novita_infra.planning.plan.changes import Action, Change
from novita_infra.planning.plan.findings import Finding
from novita_infra.planning.plan.plan import Basis, OutputChanges, Plan, Selection
from novita_infra.planning.plan.review import Remarks, Review
from novita_infra.planning.plan.steps import RecordData, Step, StepKind, Update
from novita_infra.planning.saved.staleness import manifest_digests, moved

KEY = "0b" * 32
A, DATA, NET = Address("instance", "a"), Address("network_storage", "data"), Address("vpc", "net")
BEFORE: dict[str, Value] = {"image": "a", "env": {"X": "1", "TOKEN": digest(Secret("hush", ""), KEY)}, "vpc": "v-1"}
UPDATE = Change(A, Action.UPDATE, id="i-1", before=BEFORE, after={**BEFORE, "image": "b"}, needs=(NET,))
STEP = Step("instance.a/upgrade", A, Update("upgrade"), "i-1", spec={"image": "b"}, record=RecordData(needs=(NET,)))
SAVED = Plan(
    "p",
    "dev",
    (
        UPDATE,
        Change(DATA, Action.NONE, id="s-1", before={"sizeGb": 10}, after={"sizeGb": 10}),
        Change(NET, Action.NONE, id="v-1"),
    ),
    (STEP,),
    Basis("l", 4),
)  # fmt: skip
DECLARED = (Declared(A, {"image": "b"}, Origin("main.yaml", 1, 1)), Declared(DATA, {"sizeGb": 10}, Origin("m", 9, 1)))


def findings(
    fresh: Review, *, saved: Plan = SAVED, digests: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {})
) -> list[Finding]:
    return moved(Review(saved), fresh, digests=digests, key=KEY, ago="3 h")


def messages(
    fresh: Plan, *, saved: Plan = SAVED, digests: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {})
) -> list[str]:
    return summaries(findings(Review(fresh), saved=saved, digests=digests))


def summaries(found: Iterable[Finding]) -> list[str]:
    return [f"{item.diagnostic.address}: {item.diagnostic.summary}".removeprefix(": ") for item in found]


def having(change: Change, plan: Plan = SAVED) -> Plan:
    others = [item for item in plan.changes if item.address != change.address]
    return replace(plan, changes=tuple(sorted([*others, change], key=lambda item: item.address)))


def with_live(name: str, value: Value) -> Plan:
    return having(replace(UPDATE, before={**BEFORE, name: value}, after={**BEFORE, name: value, "image": "b"}))


CASES: dict[str, tuple[Plan, list[str]]] = {
    "nothing": (SAVED, []),
    "a value": (with_live("image", "c"), ['instance.a: image was "a", and is "c"']),
    "a value inside": (
        with_live("env", {**BEFORE["env"], "X": "2"}),
        ['instance.a: env.X was "1", and is "2"'],
    ),
    "a secret": (
        with_live("env", {**BEFORE["env"], "TOKEN": digest(Secret("other", ""), KEY)}),
        ['instance.a: env.TOKEN was "(secret)", and is "(secret)"'],
    ),
    "something new": (with_live("command", "x"), ['instance.a: command was nothing, and is "x"']),
    "what is asked": (
        having(replace(UPDATE, after={**BEFORE, "image": "c"})),
        ['instance.a: image was to be "b", and would now be "c"'],
    ),
    "what is not known yet": (
        having(replace(UPDATE, after={**BEFORE, "image": "b", "vpc": Ref(NET)})),
        ['instance.a: vpc was to be "v-1", and would now be "(known after apply)"'],
    ),
    "the object": (
        having(replace(UPDATE, id="i-2")),
        ["instance.a: it was i-1, and is i-2"],
    ),
    "that it is there": (
        having(Change(A, Action.CREATE, after={"image": "b"}, why="i-1 is gone")),
        ["instance.a: it was i-1, and is not there: i-1 is gone"],
    ),
    "that it can stay": (
        having(replace(UPDATE, action=Action.REPLACE, why="it failed")),
        ["instance.a: the plan would replace it now, and was to update it: it failed"],
    ),
    "the bytes that vanish": (
        having(replace(UPDATE, loses=(Loss("what is on its disk", 60),))),
        ["instance.a: it would lose what is on its disk (60 GB) now, and was to lose nothing"],
    ),
    "the calls": (
        replace(SAVED, steps=(replace(STEP, action=Update("edit")),)),
        ["instance.a: it would take edit now, and was to take upgrade"],
    ),
    "that it is waited for": (replace(SAVED, steps=(Step("instance.a/wait", A, StepKind.WAIT), STEP)), []),
    "what it stands on": (having(Change(NET, Action.CREATE)), ["vpc.net: it was v-1, and is not there"]),
    "something of what it stands on": (having(Change(NET, Action.UPDATE, id="v-1", before={"name": "x"})), []),
    "what it does not touch": (having(Change(DATA, Action.UPDATE, id="s-1", before={"sizeGb": 20})), []),
    "the outputs": (
        replace(SAVED, outputs=OutputChanges(declared={"id": Ref(A)})),
        ["the outputs of the project file are not what they were"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_moved_is_reported(name: str) -> None:
    fresh, says = CASES[name]
    assert messages(fresh) == says


def test_problems_of_a_fresh_plan_count_for_the_same_resources() -> None:
    here, elsewhere = Diagnostic("no", address="instance.a"), Diagnostic("no", address="network_storage.data")

    def fresh(code: int) -> Review:
        problems = (here, elsewhere, Diagnostic("too much"))
        return Review(SAVED, checks=Remarks(tuple(Finding(item, code) for item in problems)))

    assert summaries(findings(fresh(EXIT_REFUSED))) == ["instance.a: no", "too much"]
    assert {item.code for item in findings(fresh(EXIT_REFUSED))} == {EXIT_REFUSED}
    assert findings(fresh(EXIT_BLOCKED)) == []  # of what a fresh plan would choose


def test_a_changed_manifest_counts_though_the_plan_does_not_touch_it() -> None:
    other = (DECLARED[0], replace(DECLARED[1], spec={"sizeGb": 30}))
    changed = having(Change(DATA, Action.UPDATE, id="s-1", before={"sizeGb": 10}, after={"sizeGb": 30}))
    digests = manifest_digests(DECLARED), manifest_digests(other)
    assert messages(changed, digests=digests) == ["network_storage.data: sizeGb was to be 10, and would now be 30"]
    assert messages(changed, saved=replace(SAVED, selection=Selection(partial=True)), digests=digests) == []
    assert {item.code for item in findings(Review(changed), digests=digests)} == {EXIT_ERROR}


def test_the_manifest_digest_depends_on_neither_position_nor_secret() -> None:
    def declared(secret: Secret, line: int = 1) -> dict[str, str]:
        return manifest_digests([Declared(A, {"password": secret}, Origin("main.yaml", line, 1))])

    first = declared(Secret("one", "manifest:main.yaml:3:5"))
    assert declared(Secret("two", "manifest:main.yaml:9:5"), 7) == first
    assert declared(Secret("one", "env:TOKEN")) != first


SPECS = st.dictionaries(
    st.sampled_from(["image", "env", "product", "cluster"]),
    st.recursive(
        st.one_of(st.none(), st.integers(), st.text(max_size=3), st.builds(Digest, st.just("0a")), st.just(Ref(NET))),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
        max_leaves=4,
    ),
)


@given(st.sampled_from(Action), SPECS, SPECS, SPECS)
def test_equal_plans_have_not_moved_and_a_changed_live_value_has(
    action: Action, before: dict[str, Value], after: dict[str, Value], now: dict[str, Value]
) -> None:
    plan = having(replace(UPDATE, action=action, before=before, after=after))
    assert messages(plan, saved=plan) == []
    seen = having(replace(UPDATE, action=action, before=now, after=after))
    alike = {name: value for name, value in before.items() if value is not None} == {
        name: value for name, value in now.items() if value is not None
    }
    assert bool(messages(seen, saved=plan)) is not alike
