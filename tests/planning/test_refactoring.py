"""Edits of a state: records that get other addresses, also into and out of keys, all at the same time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from novita_infra.model.addresses import Address, Origin
from novita_infra.model.identity import in_mark
from novita_infra.model.records import Record
from novita_infra.model.refactoring import Move, MovedRecord, Refactoring, StateEdits
from novita_infra.planning.refactoring import state_edits
from novita_infra.state.state import State, StateIdentity, edited

HERE = Origin("novita-infra.yaml", 1, 1)
ADDRESSES = st.builds(
    Address, st.sampled_from(["instance", "vpc"]), st.sampled_from("abc"), st.sampled_from(["", "eu", "us"])
)


def state(*addresses: Address, needs: dict[Address, tuple[Address, ...]] | None = None) -> State:
    records = {item: Record(item, f"id-{in_mark(item)}", needs=(needs or {}).get(item, ())) for item in addresses}
    return State("l", "k", 1, records=records)


def moves(*pairs: tuple[str, str]) -> Refactoring:
    return Refactoring(tuple(Move(Address.parse(one), Address.parse(two), HERE) for one, two in pairs))


def test_a_whole_name_moves_with_every_key() -> None:
    worker = [Address("instance", "worker", key) for key in ("", "eu", "us")]
    declared = [Address("instance", "trainer", key) for key in ("", "eu", "us")]
    edits, errors = state_edits(moves(("instance.worker", "instance.trainer")), state(*worker).records, declared)
    assert not errors
    assert edits.previous == dict(zip(declared, worker, strict=True))


def test_a_resource_moves_into_a_key_and_out_of_one() -> None:
    single, keyed = Address("instance", "worker"), Address("instance", "worker", "eu")
    into = moves(("instance.worker", 'instance.worker["eu"]'))
    assert state_edits(into, state(single).records, [keyed])[0] == StateEdits((MovedRecord(single, keyed),))
    out = moves(('instance.worker["eu"]', "instance.worker"))
    assert state_edits(out, state(keyed).records, [single])[0] == StateEdits((MovedRecord(keyed, single),))


def test_a_move_to_a_key_that_this_environment_does_not_have_is_an_error_only_where_it_is_recorded() -> None:
    single, keyed = Address("instance", "worker"), Address("instance", "worker", "eu")
    into = moves(("instance.worker", 'instance.worker["us"]'))
    assert state_edits(into, {}, [keyed]) == (StateEdits(), [])
    _, (error,) = state_edits(into, state(single).records, [keyed])
    assert str(error) == (
        'instance.worker: instance.worker moves to instance.worker["us"], which is not declared in this environment; '
        "it would be deleted: if that is wanted, name it under removed; "
        'did you mean "instance.worker["eu"]"?'
    )


def test_the_marks_of_earlier_addresses_are_accepted_in_a_chain() -> None:
    a, b, c = (Address("instance", name) for name in "abc")
    once = edited(state(a), StateEdits((MovedRecord(a, b),)))
    twice = edited(once, StateEdits((MovedRecord(b, c),)))
    assert twice.identity == StateIdentity(accepted={"instance.c": ("instance.a", "instance.b")})
    assert edited(twice, StateEdits((MovedRecord(b, c),))) == twice, "an edit that is done has no effect"


@given(st.lists(ADDRESSES, unique=True), st.data())
def test_any_addresses_move_to_any_others_and_nothing_else_changes(
    addresses: list[Address], data: st.DataObject
) -> None:
    """Also where each takes the address that another one leaves."""
    needs = {item: tuple(sorted(data.draw(st.sets(st.sampled_from(addresses))))) for item in addresses}
    before = state(*sorted(addresses), needs=needs)
    targets = dict(zip(addresses, data.draw(st.permutations(addresses)), strict=True))
    after = edited(before, StateEdits(tuple(MovedRecord(one, two) for one, two in targets.items() if one != two)))
    assert list(after.records) == sorted(addresses)
    for source, target in targets.items():
        record = after.records[target]
        assert (record.address, record.id) == (target, before.records[source].id)
        assert record.needs == tuple(sorted(targets[need] for need in before.records[source].needs))
        assert source == target or in_mark(source) in after.identity.accepted[str(target)]
