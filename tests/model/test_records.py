"""Records on disk: the keys of version 0.1 are kept where a field has a new name."""

from __future__ import annotations

from novita_infra.encoding import decode_as, encode
from novita_infra.model.addresses import Address
from novita_infra.model.records import PendingCall, Record

RECORD = Record(
    Address("instance", "it"),
    "i-1",
    pending=PendingCall("op", "delete", 1.0, snapshot="instance#3", deletes_never_ready=True),
    retired=("i-0",),
    retired_unready=("i-0",),
    recreate_reason="--replace",
)
OLD = {
    "address": "instance.it",
    "id": "i-1",
    "underway": {"operation": "op", "call": "delete", "since": 1.0, "sight": "instance#3", "fresh": True},
    "retired": ["i-0"],
    "stillborn": ["i-0"],
    "anew": "--replace",
}


def test_a_record_is_written_with_the_keys_of_version_0_1() -> None:
    assert encode(RECORD) == OLD


def test_a_record_with_the_keys_of_version_0_1_is_read() -> None:
    assert decode_as(Record, OLD) == RECORD
