"""Digests that version 0.2 wrote become slow ones, without the secrets."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from state_values import STATES

from novita_infra.encoding import digest, is_slow, matches_digest
from novita_infra.model.addresses import Address
from novita_infra.model.records import Record
from novita_infra.model.values import Secret
from novita_infra.state.state import State, with_slow_digests

OLD = "ab" * 32


@given(st.text())
def test_an_old_digest_becomes_that_of_the_same_secret_under_the_slow_key(text: str) -> None:
    spec = {"env": {"A": Secret(text, "env:A"), "$digest": "no digest"}, "list": [Secret(text, "env:B"), 1]}
    address = Address("template", "t")
    old = State(
        lineage="l", key=OLD, records={address: Record(address, id="1", spec=digest(spec, OLD))},
        outputs={"o": digest(Secret(text, "env:C"), OLD)},
    )  # fmt: skip
    new = with_slow_digests(old)
    assert is_slow(new.key)
    assert new.key.endswith(OLD)
    record = new.records[address]
    assert record.spec == digest(spec, new.key) != old.records[address].spec
    assert matches_digest(spec, record.spec, new.key)
    assert new.outputs == {"o": digest(Secret(text, "env:C"), new.key)}
    assert with_slow_digests(new) is new


@given(STATES)
def test_nothing_but_the_key_of_a_state_without_digests_changes(state: State) -> None:
    old = replace(state, key="00", records={}, outputs={}, used_plans=())
    assert with_slow_digests(old) == replace(old, key=with_slow_digests(old).key)
