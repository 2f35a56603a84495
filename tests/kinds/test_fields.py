"""Change rules and defaults of fields, against the edits that each kind's folder of facts documents by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from edits import Edit, Fate
from kind_facts import FACTS
from sights import operation, writes

from novita_infra.kinds import KINDS
from novita_infra.kinds.field import By, Cases, ChangeRule, Default, Field, Grows, Local, Platform, Refusal, Replaces
from novita_infra.kinds.kind import Kind

COMPARED = [(kind, field) for kind in KINDS.values() for field in kind.fields if not isinstance(field.change, Local)]
each_compared_field = pytest.mark.parametrize(
    ("kind", "field"), COMPARED, ids=[f"{kind.type}-{field.name}" for kind, field in COMPARED]
)


def outcomes(rule: ChangeRule) -> Iterator[By | Replaces | Refusal]:
    match rule:
        case Grows(call=call, shrinking=shrinking):
            yield from (By(call), shrinking)
        case Cases(cases=cases, otherwise=otherwise):
            yield from (*cases.values(), otherwise)
        case By() | Replaces() | Refusal():
            yield rule


def edits_of(kind: Kind, field: Field, *, alone: bool) -> list[Edit]:
    """The documented edits that change the field, or only this field."""
    return [
        edit
        for edit in FACTS[kind.type].edits
        if (edit.fields == (field.name,) if alone else field.name in edit.fields)
        and edit.fate in {Fate.CHANGED, Fate.REPLACED}
    ]


@each_compared_field
def test_the_calls_of_a_change_rule_are_those_of_the_documented_edits(kind: Kind, field: Field) -> None:
    alone, together = (edits_of(kind, field, alone=alone) for alone in (True, False))
    calls = {rule.call for rule in outcomes(field.change) if isinstance(rule, By)}
    named = {operation(kind.type, call) for call in calls if writes(kind.type, call)}
    edited = {write for edit in together if edit.fate is Fate.CHANGED for write in edit.writes}
    assert {edit.writes[0] for edit in alone if edit.fate is Fate.CHANGED and len(edit.writes) == 1} <= named
    assert named <= edited, f"the change rule, or the edits of `{field.name}` in tests/support/kind_facts/{kind.type}"


@each_compared_field
def test_a_change_rule_replaces_where_a_documented_edit_does(kind: Kind, field: Field) -> None:
    replaces = any(isinstance(rule, Replaces) for rule in outcomes(field.change))
    fates = {edit.fate for edit in edits_of(kind, field, alone=True)}
    assert replaces or Fate.REPLACED not in fates
    assert Fate.REPLACED in fates | {edit.fate for edit in edits_of(kind, field, alone=False)} or not replaces


@each_compared_field
def test_a_field_returns_to_the_documented_default_or_is_left_to_the_service(kind: Kind, field: Field) -> None:
    removals = [
        edit
        for edit in FACTS[kind.type].edits
        if field.name in edit.fields and field.name in edit.before and field.name not in edit.after
    ]
    alone = [edit for edit in removals if edit.fields == (field.name,) and edit.fate is not Fate.REFUSED]
    removals = alone or removals  # where one of several fields must be declared, none is removed alone
    reset = [edit.shows[field.name] for edit in removals if edit.fate in {Fate.CHANGED, Fate.REPLACED}]
    match field.absent:
        case Default(value=value):
            assert reset, "no edit removes it"
            assert reset == [value] * len(reset)
        case Platform():
            # Another resource or the metadata gives a value: a template its image, `metadata.name` the name.
            given = {edit.shows[field.name] for edit in removals if edit.around and edit.shows}
            assert set(reset) <= given | {"it"}
