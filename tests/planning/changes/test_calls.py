"""The calls that make differences, and their order."""

from __future__ import annotations

from planning_values import MACHINE, STORAGE, case, existing

from novita_infra.kinds import KINDS
from novita_infra.kinds.field import By, Refusal, Replaces
from novita_infra.model.resources import Live, Phase
from novita_infra.planning.changes.calls import calls_after_create, calls_on, judged_means, means_of

INSTANCE, DISK = KINDS["instance"], KINDS["network_storage"]
SIZE = DISK.field("sizeGb")


def live(phase: Phase) -> Live:
    return Live("m-1", "m", phase, phase.value, {})


def test_a_size_grows_by_its_call_and_does_not_shrink() -> None:
    assert means_of(SIZE, 10, 20) == By("update")
    assert isinstance(means_of(SIZE, 20, 10), Refusal)


def test_a_size_that_is_not_known_cannot_grow() -> None:
    ((_, _, _, means),) = judged_means(DISK, [(SIZE, None, 20)])
    assert isinstance(means, Refusal)


def test_an_unknown_size_does_not_matter_to_a_replacement() -> None:
    cluster = DISK.field("cluster")
    judged = judged_means(DISK, [(SIZE, None, 20), (cluster, "a", "b")])
    assert [type(means) for _, _, _, means in judged] == [By, Replaces]


def test_a_field_that_another_call_also_sets_takes_no_call_of_its_own() -> None:
    billing, months = INSTANCE.field("billingMode"), INSTANCE.field("months")
    judged = judged_means(INSTANCE, [(billing, "onDemand", "monthly"), (months, None, 3)])
    assert [call for call, _ in calls_on(INSTANCE, judged, live=live(Phase.READY))] == ["convert"]


def test_calls_have_the_order_of_the_kind_and_name_their_fields() -> None:
    changes = [(INSTANCE.field("ports"), [], ["80/http"]), (INSTANCE.field("image"), "a", "b")]
    calls = calls_on(INSTANCE, judged_means(INSTANCE, changes), live=live(Phase.READY))
    assert calls == (("upgrade", ("image",)), ("edit", ("ports",)))


def test_a_stopped_object_is_started_for_a_call_and_stopped_again() -> None:
    judged = judged_means(INSTANCE, [(INSTANCE.field("image"), "a", "b")])
    assert calls_on(INSTANCE, judged, live=live(Phase.STOPPED)) == (
        ("start", ()),
        ("upgrade", ("image",)),
        ("stop", ()),
    )


def test_a_call_that_takes_a_stopped_object_needs_no_start() -> None:
    judged = judged_means(INSTANCE, [(INSTANCE.field("ports"), [], ["80/http"])])
    assert calls_on(INSTANCE, judged, live=live(Phase.STOPPED)) == (("edit", ("ports",)),)


def test_fields_that_a_create_does_not_carry_follow_it() -> None:
    spec = {"image": "a", "autoMigrate": {"enabled": True}, "power": "stopped"}
    assert calls_after_create(case(MACHINE, spec)) == (("setAutoMigrate", ("autoMigrate",)), ("stop", ("power",)))


def test_a_default_takes_no_call_after_a_create() -> None:
    assert calls_after_create(case(MACHINE, {"image": "a", "power": "running"})) == ()


def test_a_storage_that_exists_is_compared_by_its_live_size() -> None:
    known = existing(STORAGE, {"sizeGb": 10}, {"sizeGb": 20})
    assert case(STORAGE, {"sizeGb": 20}, known).differences() == []
