"""No silent no-op: each field of each kind is edited, and the cloud shows what the plan said, or the plan says why not.

What must happen is written down in `edits`; where a field shows is written down in `sights`; neither asks the kinds.
"""

from __future__ import annotations

import asyncio
import copy
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sights
from crash_cases import EDITS
from edits import Edit, Fate, Resource
from kind_facts import FACTS, NOWHERE, UNEDITED
from rig import Rig
from sights import BY_HAND, SIGHTS, WRITES, operation, seen, set_by_hand

from novita_infra.kinds import KINDS
from novita_infra.kinds.field import Cases, Default, Grows, Local, Platform
from novita_infra.model.diagnostics import Diagnostic, Problems
from novita_infra.operations.applying import apply_plan
from novita_infra.operations.session import state_locked
from novita_infra.planning.plan.changes import Action, Change
from novita_infra.planning.plan.review import Review
from novita_infra.simulator import PROFILES

pytestmark = pytest.mark.slow

MEDDLED = [
    edit
    for edit in EDITS
    if edit.fate is Fate.CHANGED and edit.kind in BY_HAND and "template" not in {*edit.before, *edit.after}
]
FIELDS = [(kind.type, field.name) for kind in KINDS.values() for field in kind.fields]
ENVIRON = {"OLD": "old-secret", "NEW": "new-secret"}
BEFORE_CREATES = frozenset({"files.upload"})
"""Calls that are part of a create."""
NO_CALL = frozenset({"adopt", "wait", "forget", "record"})
ACTIONS = {Fate.CHANGED: Action.UPDATE, Fate.REPLACED: Action.REPLACE}


class Calls(Counter[str]):
    """The simulator's tally of calls, which also keeps their order."""

    def __init__(self) -> None:
        self.order: list[str] = []
        super().__init__()

    def __setitem__(self, name: str, count: int) -> None:
        self.order.append(name)
        super().__setitem__(name, count)

    def writes(self) -> tuple[str, ...]:
        return tuple(name for name in self.order if name in WRITES)


class Watched:
    """A rig with the object `it` of one edit in it."""

    def __init__(self, edit: Edit, folder: Path, *, profile: str) -> None:
        self.edit = edit
        self.address = f"{edit.kind}.it"
        # Calls are counted, so none is refused that passes; `test_passing_refusals` is about those.
        quirks = replace(PROFILES[profile], cluster_rests=False, endpoint_pause=0.0)
        self.rig = Rig(folder, environ=ENVIRON, quirks=quirks)
        self.calls = Calls()
        self.rig.world.calls = self.calls

    def declare(self, around: tuple[Resource, ...], spec: Mapping[str, Any]) -> None:
        it = (KINDS[self.edit.kind].name, "it", dict(spec))
        self.rig.declare(*((kind, name, dict(other)) for kind, name, other in around), it)

    def look(self) -> dict[str, Any]:
        """What the world shows of the object, once everything that is due has happened."""
        self.rig.world.advance()
        return copy.deepcopy(seen(self.rig.world, self.edit.kind, self.id))

    @property
    def id(self) -> str:
        return self.rig.record(self.address).id

    @property
    def mark(self) -> str:
        """The owner mark that it carries."""
        return sights.mark(self.rig.world, self.edit.kind, self.id)

    @property
    def started(self) -> float:
        """When the container of a machine began to run; 0 for what is no machine."""
        found = self.rig.world.instances.get(self.id)
        return found.started if found else 0.0

    def change(self, review: Review) -> Change:
        return next(change for change in review.plan.changes if str(change.address) == self.address)

    def text(self, problem: Diagnostic) -> str:
        """What a person reads: the message, and the line of the manifest that it points at."""
        lines = (self.rig.folder / "main.yaml").read_text(encoding="utf-8").splitlines()
        return f"{lines[problem.origin.line - 1]}\n{problem}" if problem.origin else str(problem)

    def apply(self, review: Review) -> None:
        """Applies this very review, as a program would that never looked at its problems."""

        async def work() -> None:
            async with self.rig.client() as client:
                session = self.rig._session(client)
                async with state_locked(session, "apply"):
                    result = await apply_plan(session, review, emit=lambda _: None, stop=asyncio.Event())
            assert result.succeeded, [f"{end.step.key}: {end.reason}" for end in result.ends if end.reason]

        self.rig.clock.run(work())


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.id)
def test_an_edit_has_the_effect_that_its_plan_says_or_is_refused(edit: Edit, tmp_path: Path) -> None:
    _hold_to_its_plan(Watched(edit, tmp_path, profile="live"))


@pytest.mark.parametrize("edit", [edit for edit in EDITS if edit.before.get("power") == "stopped"], ids=lambda e: e.id)
@pytest.mark.parametrize("profile", ["documented", "strict"])
def test_a_stopped_machine_is_edited_alike_under_each_profile(profile: str, edit: Edit, tmp_path: Path) -> None:
    _hold_to_its_plan(Watched(edit, tmp_path, profile=profile))


@pytest.mark.parametrize("edit", MEDDLED, ids=lambda edit: edit.id)
def test_a_call_that_sends_everything_keeps_undeclared_fields_set_by_hand(edit: Edit, tmp_path: Path) -> None:
    _hold_to_its_plan(Watched(edit, tmp_path, profile="live"), meddled=True)


def _hold_to_its_plan(watched: Watched, *, meddled: bool = False) -> None:
    edit = watched.edit
    watched.declare(edit.around, edit.before)
    watched.rig.apply()
    if not meddled:  # what is meddled with here converges there
        watched.rig.assert_converged()
    else:
        declared = {*edit.before, *edit.after}
        mounts = {"localStorage"} if "networkStorages" in declared else set()  # the world keeps both in one list
        set_by_hand(watched.rig.world, edit.kind, watched.id, but=declared | mounts)
    before, id, started, mark = watched.look(), watched.id, watched.started, watched.mark
    watched.calls.order.clear()
    watched.declare(edit.around if edit.instead is None else edit.instead, edit.after)
    match edit.fate:
        case Fate.REFUSED:
            _is_refused(watched)
            assert watched.id == id
        case Fate.LEFT:
            _is_left(watched)
            assert watched.id == id
        case Fate.FOUND:
            assert watched.rig.plan().empty
            recorded = {*watched.rig.record(watched.address).spec}
            assert {*edit.fields} - {*FACTS[edit.kind].needed_once} <= recorded
        case Fate.CHANGED | Fate.REPLACED:
            plan = _asked_where_data_goes_at_once(watched)
            _says_what_is_expected(watched, plan, before)
            watched.apply(plan)
            assert (watched.id != id) == (edit.fate is Fate.REPLACED)
            _did_what_it_said(watched, plan, before, started=started)
    after = watched.look()
    chosen = FACTS[edit.kind].chosen
    if edit.fate is Fate.REPLACED and chosen and chosen not in {*edit.after, *edit.shows}:
        before[chosen] = after[chosen]
    assert after == {**before, **edit.shows}
    assert watched.calls.writes() == edit.writes
    assert bool(watched.mark) == bool(mark) == bool(KINDS[edit.kind].api.mark_place)
    if edit.fate is not Fate.REPLACED:
        assert watched.mark == mark
    watched.rig.assert_converged()


def _is_refused(watched: Watched) -> None:
    """By the manifests or by the plan, with a reason that names the field, and whoever applies it gets nowhere."""
    try:
        plan = watched.rig.plan()
    except Problems as problems:
        output = [watched.text(problem) for problem in problems.diagnostics]
    else:
        output = [watched.text(problem) for problem in plan.problems]
        output += [f"{item.name}: {item.means.text}" for item in watched.change(plan).fields]
        assert plan.problems
        assert plan.code
        with pytest.raises(Problems):
            watched.apply(plan)
    assert any(field in text for text in output for field in watched.edit.fields), output
    watched.declare(watched.edit.around, watched.edit.before)


def _is_left(watched: Watched) -> None:
    """Nothing is called, a warning names the fields without a default, and they are no longer recorded."""
    plan = watched.rig.plan()
    assert plan.empty
    warned = {
        name
        for item in plan.notes
        if item.address == watched.address and item.summary.startswith("no longer managed, and remains as it is: ")
        for name in item.summary.partition(": ")[2].split(", ")
    }
    fields = {name: KINDS[watched.edit.kind].field(name) for name in watched.edit.fields}
    assert {name for name, item in fields.items() if isinstance(item.absent, Platform)} <= warned
    watched.apply(plan)
    assert not set(watched.edit.fields) & set(watched.rig.record(watched.address).spec)


def _says_what_is_expected(watched: Watched, review: Review, before: Mapping[str, Any]) -> None:
    """The review names the fields, and for each of them the call, or that it takes a replacement."""
    edit, change = watched.edit, watched.change(review)
    assert not review.problems
    assert change.action is ACTIONS[edit.fate]
    moved = {name for name, value in edit.shows.items() if value != before[name]}
    compared = {name for name in moved if not isinstance(KINDS[edit.kind].field(name).change, Local)}
    if edit.fate is Fate.REPLACED:
        assert any(item.replaces and item.means.text.startswith("forces replacement: ") for item in change.fields)
        calls = {item.name for item in KINDS[edit.kind].api.updates}
        assert not [item for item in change.fields if item.means.text.partition(":")[0] in calls]
        assert {item.name for item in change.fields} & {*edit.fields, *compared}
    else:
        calls_by_field = {item.name: operation(edit.kind, item.means.text.partition(":")[0]) for item in change.fields}
        writing = {name: call for name, call in calls_by_field.items() if call in WRITES}
        assert set(writing) == compared
        assert set(writing.values()) <= set(edit.writes)
    acting = [step for step in review.plan.steps if step.call_name not in NO_CALL]
    steps = tuple(operation(step.address.type, step.call_name) for step in acting)
    assert [name for name in steps if name in WRITES] == [name for name in edit.writes if name not in BEFORE_CREATES]


def _asked_where_data_goes_at_once(watched: Watched) -> Review:
    """The plan, with leave to lose data only where the plan without it asks for that: for each loss, and no other."""
    unasked = watched.rig.plan(allow_data_loss=())
    review = watched.rig.plan() if unasked.problems else unasked
    lost = [change for change in review.plan.changes if any(not loss.when for loss in change.loses)]
    assert [problem.address for problem in unasked.problems] == [str(change.address) for change in lost]
    return review


def _did_what_it_said(watched: Watched, review: Review, before: Mapping[str, Any], *, started: float) -> None:
    """What the words of the plan promise of restarts, data and the old object is what happened."""
    edit, change = watched.edit, watched.change(review)
    if edit.fate is Fate.REPLACED:
        assert change.id not in watched.rig.live_ids()
        disk = FACTS[edit.kind].disk
        assert [loss.gb for loss in change.loses][:1] == ([before[disk]] if disk else [])
        assert (len(change.loses) == 2) == bool(before.get("localStorage"))
        return
    if edit.kind != "instance":
        return
    words = [step.says for step in review.plan.steps if step.address == change.address]
    restarts = any("container restarts" in text or "container starts" in text for text in words)
    assert (watched.started != started) == restarts
    found = watched.rig.world.instances.get(watched.id)
    assert found is not None
    assert any(not loss.when for loss in change.loses) == (found.container > 1)


# --- no field is forgotten --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "field"), FIELDS, ids=lambda part: part)
def test_every_means_of_every_field_has_an_edit(kind: str, field: str) -> None:
    edits = [edit for edit in EDITS if edit.kind == kind and field in edit.fields]
    item = KINDS[kind].field(field)
    if field in UNEDITED.get(kind, ()):
        return
    assert edits, f"no edits known for {kind}.{field}"
    assert field in SIGHTS.get(kind, {}) or field in NOWHERE.get(kind, ()), f"nobody knows where {kind}.{field} shows"
    steps = [(edit.before.get(field), edit.after.get(field)) for edit in edits]
    missing = [name for name in _missing(steps, needed=item.required) if name]
    match item.change:
        case Grows():
            sizes = [(old, new) for old, new in steps if old is not None and new is not None]
            missing += [] if any(old < new for old, new in sizes) else ["grow"]
            missing += [] if any(old > new for old, new in sizes) else ["shrink"]
        case Cases():
            default = item.absent.value if isinstance(item.absent, Default) else None
            done = {(default if old is None else old, default if new is None else new) for old, new in steps}
            choices = item.schema["enum"]
            missing += [f"{a} to {b}" for a in choices for b in choices if a != b and (a, b) not in done]
            assert set(item.change.cases) <= {(a, b) for a in choices for b in choices}
    for edit in edits:
        if edit.fate is Fate.LEFT:
            assert not isinstance(item.absent, Default) or edit.before[field] == item.absent.value
    assert not missing, f"no edit of {kind}.{field} that does this: {missing}"


def _missing(steps: list[tuple[Any, Any]], *, needed: bool) -> Iterator[str]:
    yield "" if needed or any(old is None and new is not None for old, new in steps) else "add"
    yield "" if any(None not in (old, new) and old != new for old, new in steps) else "change"
    yield "" if any(old is not None and new is None for old, new in steps) else "remove"


def test_every_edit_is_of_a_field_that_exists() -> None:
    assert {(edit.kind, field) for edit in EDITS for field in edit.fields} <= set(FIELDS)
    assert len({edit.id for edit in EDITS}) == len(EDITS)
