"""The daily life of an instance: product, place, times."""

from __future__ import annotations

from novita_infra.kinds.instance import INSTANCE
from novita_infra.kinds.instance.machine import MACHINE


def test_a_machine_names_its_product_and_place() -> None:
    answer = {"id": "a", "productName": "RTX 4090 24GB", "gpuNum": "2", "clusterId": "us-1", "clusterName": "US-01"}
    live = INSTANCE.api.read.parse(answer)
    assert (MACHINE.product(live), MACHINE.place(live)) == ("2 x RTX 4090 24GB", "US-01")
    bare = INSTANCE.api.read.parse({"id": "a", "clusterId": "us-1"})
    assert (MACHINE.product(bare), MACHINE.place(bare)) == ("", "us-1")
    assert MACHINE.charged(live) == live.values


def test_the_times_of_a_machine_are_unix_seconds() -> None:
    times = {"createdAt": "1700000000", "lastStartedAt": "1700000100", "lastStoppedAt": 1700000200}
    live = INSTANCE.api.read.parse({"id": "a", **times})
    assert (live.created, live.started, live.stopped) == (1700000000, 1700000100, 1700000200)
    bare = INSTANCE.api.read.parse({"id": "a", "lastStartedAt": "0", "lastStoppedAt": "soon"})
    assert (bare.started, bare.stopped) == (0, 0)
