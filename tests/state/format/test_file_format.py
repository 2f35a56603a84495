"""The text of a stored state: read back unchanged, damaged content named with its place."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from state_values import STATES

from novita_infra.model.diagnostics import Problems
from novita_infra.state.format.file_format import check_version, read_json, read_state, write_state
from novita_infra.state.state import VERSION, State, new_state


@given(STATES)
def test_a_written_state_is_read_unchanged(state: State) -> None:
    assert read_state(write_state(state), "a table", hint="") == state


def test_damaged_content_is_named_with_place_and_hint() -> None:
    with pytest.raises(Problems, match=r"row 7:2:1: the file is damaged: expecting value; ask for help"):
        read_state(b'{"version":\n?}', "row 7", hint="ask for help")
    with pytest.raises(Problems, match=r"row 7:6:2: the file is damaged: this is not text"):
        read_json(b"[\xff]", "row 7", hint="", line=6)
    with pytest.raises(Problems, match=r"row 7 is not a state file of novita-infra"):
        read_state(b"[]", "row 7", hint="")


def test_only_a_newer_format_is_refused() -> None:
    check_version(VERSION, "9.9", "row 7")
    with pytest.raises(Problems, match=r"use novita-infra 9\.9 or newer"):
        check_version(VERSION + 1, "9.9", "row 7")


def test_two_new_states_differ_in_lineage_and_key() -> None:
    one, other = new_state("p", "dev"), new_state("p", "dev")
    assert one.lineage != other.lineage
    assert one.key != other.key
    assert replace(one, lineage="", key="") == replace(other, lineage="", key="")
