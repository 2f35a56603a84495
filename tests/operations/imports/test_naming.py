"""Names of imported resources: readable, valid, and without repetition."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from novita_infra.model.addresses import Address
from novita_infra.operations.imports.naming import FreeNames


def test_names_are_readable_and_numbered_where_they_repeat() -> None:
    free = FreeNames("network_storage", [Address("network_storage", "taken"), Address("vpc", "data")])
    names = ["data", "Data", "my data (old)", "1st", "", "数据", "taken", "_x_"]
    assert [free.take(name) for name in names] == [
        "data",
        "Data-2",
        "my-data-old",
        "network-storage-1st",
        "network-storage",
        "network-storage-2",
        "taken-2",
        "x",
    ]


def test_a_name_is_free_again_where_those_that_took_it_give_it_back() -> None:
    free = FreeNames("instance", [])
    taken = [free.take("worker"), free.take("worker")]
    assert free.take_for("worker", taken) == "worker"
    assert free.take("worker") == "worker-2"


@given(st.lists(st.text()))
def test_any_names_give_addresses_that_differ(texts: list[str]) -> None:
    free = FreeNames("instance", [])
    names = [free.take(text) for text in texts]
    assert len({name.lower().replace("_", "-") for name in names}) == len(names)
    for name in names:
        assert re.fullmatch("[A-Za-z_][A-Za-z0-9_-]*", name)
        assert str(Address.parse(f"instance.{name}")) == f"instance.{name}"
