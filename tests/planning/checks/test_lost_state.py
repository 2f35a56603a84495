"""Lost state: the objects that count as those of a project whose state does not record them, and the message."""

from __future__ import annotations

import pytest

from novita_infra.catalogue.prices import Cost
from novita_infra.model.addresses import Address, Origin
from novita_infra.model.diagnostics import EXIT_REFUSED
from novita_infra.model.identity import Identity
from novita_infra.model.resources import Declared, Live, Phase
from novita_infra.planning.checks.lost_state import NAMED, claimed_objects, lost_state, namesakes
from novita_infra.planning.orphans import Orphan

KNOWN = Identity(project="fleet", environment="prod", id="p1")
NEW = Identity(project="fleet", environment="prod", id="f0", settled=False)
DECLARED = (Declared(Address("instance", "a"), {}, Origin("a.yaml", 1, 1)),)


def live(id: str, owner: str = "", *, phase: Phase = Phase.READY, name: str = "") -> Live:
    return Live(id, name or id, phase, phase.value, {}, mark=f"{owner}/op" if owner else "")


def claimed(identity: Identity, *lives: Live) -> list[str]:
    return [item.id for _, item in claimed_objects({"instance": lives}, identity, DECLARED)]


def test_only_present_objects_of_this_project_and_environment_are_claimed() -> None:
    lives = (
        live("own", "fleet:p1/prod/instance.x"),
        live("old", "fleet/prod/instance.y"),
        live("dev", "fleet:p1/dev/instance.a"),
        live("other", "other:p2/prod/instance.a"),
        live("namesake", "fleet:p2/prod/instance.a"),
        live("unmarked"),
        live("going", "fleet:p1/prod/instance.a", phase=Phase.LEAVING),
    )
    assert claimed(KNOWN, *lives) == ["own", "old"]


def test_a_project_of_the_same_name_counts_where_an_address_is_declared_here() -> None:
    same = (live("a", "fleet:p2/prod/instance.a"), live("b", "fleet:p2/prod/instance.b"))
    assert claimed(NEW, *same) == ["a", "b"]
    assert claimed(NEW, live("b", "fleet:p2/prod/instance.b")) == []
    assert claimed(NEW, *same, live("c", "fleet:p3/prod/instance.c")) == ["a", "b"]


@pytest.mark.parametrize("count", [1, NAMED, NAMED + 3])
def test_the_finding_says_number_price_and_addresses(count: int) -> None:
    price = Cost("running", 250_000)
    objects = [Orphan("instance", live(f"i-{n}", f"fleet:p1/prod/instance.m{n}"), costs=(price,)) for n in range(count)]
    finding = lost_state(objects, KNOWN, place="state/prod.json")
    assert finding.code == EXIT_REFUSED
    summary = finding.diagnostic.summary
    assert f"${2.5 * count:.2f} per hour" in summary
    assert "state/prod.json" in summary
    assert "instance.m0 (i-0)" in summary
    assert (f"and {count - NAMED} more" in summary) == (count > NAMED)
    assert "orphans --env prod --adopt ADDR --id ID" in finding.diagnostic.hint
    assert finding.diagnostic.option == "--new-state"


def test_a_doubtful_owner_is_named_as_such() -> None:
    doubtful = lost_state([Orphan("instance", live("i", "fleet:p2/prod/instance.a"))], NEW, place="state/prod.json")
    assert "another project of this name" in doubtful.diagnostic.hint


def test_namesakes_are_unmarked_objects_with_a_declared_name() -> None:
    lives = {"instance": [live("i-1", name="a"), live("i-2", "other/prod/instance.a", name="a"), live("i-3", name="z")]}
    (note,) = namesakes(lives, DECLARED, KNOWN)
    assert "i-1" in note.summary
    (note,) = namesakes({"instance": [live("i; id #", name="a")]}, DECLARED, KNOWN)
    assert note.hint.endswith("--adopt instance.a --id 'i; id #'`")
