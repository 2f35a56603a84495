"""The platform events of an object, from its answer, the state and the circumstances."""

from __future__ import annotations

from typing import Any

import pytest

from novita_infra.api.request import GPU
from novita_infra.kinds.endpoint import ENDPOINT
from novita_infra.kinds.instance import INSTANCE
from novita_infra.kinds.kind import Circumstances, Kind, PlatformEvent
from novita_infra.kinds.network_storage import NETWORK_STORAGE
from novita_infra.model.addresses import Address
from novita_infra.model.lifecycle import Cause
from novita_infra.model.records import Record
from novita_infra.model.resources import Live, Phase

NOW = 1_790_000_000.0
ENDED, GOES_ON = int(NOW) - 60, int(NOW) + 60


def event_of(
    kind: Kind,
    live: dict[str, Any] | None,
    *,
    spec: dict[str, Any] | None = None,
    outputs: dict[str, Any] | None = None,
    in_arrears: bool | None = None,
    moved: float = 0.0,
) -> PlatformEvent | None:
    record = Record(Address(kind.type, "a"), "i-1", spec=spec or {}, outputs=outputs or {}, seen_at=NOW - 100)
    assert kind.drift.platform_event is not None
    found = None if live is None else kind.api.read.parse({"id": "i-1", **live})
    return kind.drift.platform_event(record, found, Circumstances(NOW, in_arrears, {"i-1": moved} if moved else {}))


@pytest.mark.parametrize(
    ("live", "known", "cause"),
    [
        ({"status": "running"}, {}, None),
        ({"status": "exited"}, {}, None),
        ({"status": "running", "spotStatus": "running"}, {}, None),
        ({"status": "running", "spotStatus": "notified"}, {}, Cause.SPOT_RECLAIM),
        ({"status": "stopping", "spotStatus": "reclaiming"}, {}, Cause.SPOT_RECLAIM),
        ({"status": "exited", "spotStatus": "terminated"}, {}, Cause.SPOT_RECLAIM),
        ({"status": "migrating"}, {}, Cause.MIGRATION),
        ({"status": "running"}, {"moved": NOW - 50}, Cause.MIGRATION),
        ({"status": "running"}, {"moved": NOW - 200}, None),  # it was read since
        ({"status": "freezing"}, {}, Cause.EXPIRED),
        ({"status": "freezing"}, {"in_arrears": True}, Cause.ARREARS),
        ({"status": "freezing", "endTime": str(ENDED)}, {"in_arrears": True}, Cause.EXPIRED),
        ({"status": "exited", "endTime": str(ENDED)}, {}, Cause.EXPIRED),
        ({"status": "exited", "endTime": str(GOES_ON)}, {}, None),
        ({"status": "exited", "endTime": "-1"}, {}, None),
        ({"status": "exited"}, {"in_arrears": True, "spec": {"power": "running"}}, Cause.ARREARS),
        ({"status": "exited"}, {"in_arrears": True, "outputs": {"status": "running"}}, Cause.ARREARS),
        ({"status": "exited"}, {"in_arrears": True, "spec": {"power": "stopped"}}, None),  # as it should be
        ({"status": "exited", "statusError": {"state": "NodeFailure", "message": "it broke"}}, {}, Cause.FAILED),
        (None, {}, None),
        ({"status": "removing"}, {}, None),
        (None, {"spec": {"billingMode": "spot"}}, Cause.SPOT_RECLAIM),
        (None, {"outputs": {"spotStatus": "notified"}}, Cause.SPOT_RECLAIM),
        (None, {"outputs": {"endTime": ENDED}}, Cause.EXPIRED),
        (None, {"outputs": {"endTime": GOES_ON}}, None),
    ],
)
def test_the_platform_event_of_an_instance(
    live: dict[str, Any] | None, known: dict[str, Any], cause: Cause | None
) -> None:
    found = event_of(INSTANCE, live, **known)
    assert (found.cause if found else None) is cause
    assert found is None or (found.message and not found.temporary)


def test_a_notice_tells_when() -> None:
    found = event_of(INSTANCE, {"status": "running", "spotStatus": "notified", "spotReclaimTime": "1790000100"})
    assert found is not None
    assert found.message == "the spot machine is about to be reclaimed at 2026-09-21 14:15 UTC"
    odd = event_of(INSTANCE, {"status": "running", "spotStatus": "notified", "spotReclaimTime": str(10**18)})
    assert odd is not None
    assert odd.message.endswith(str(10**18))


def test_storages_are_released_in_arrears() -> None:
    found = event_of(NETWORK_STORAGE, None, in_arrears=True)
    assert found is not None
    assert found.cause is Cause.ARREARS
    for circumstances in (False, None):
        assert event_of(NETWORK_STORAGE, None, in_arrears=circumstances) is None
    assert event_of(NETWORK_STORAGE, {"storageId": "s-1"}, in_arrears=True) is None


def test_an_endpoint_without_workers_in_arrears_is_no_drift() -> None:
    config = {"workerConfig": {"minNum": 1, "maxNum": 2}, "state": {"state": "serving"}, "workers": []}
    found = event_of(ENDPOINT, config, in_arrears=True)
    assert found is not None
    assert found.temporary
    assert event_of(ENDPOINT, config, in_arrears=False) is None
    idle = {**config, "workerConfig": {"minNum": 0, "maxNum": 2}}
    assert event_of(ENDPOINT, idle, in_arrears=True) is None


def test_the_platform_s_moves_are_asked_for_only_where_one_is_allowed() -> None:
    moves = INSTANCE.drift.migrations
    assert moves is not None
    allowed = Record(Address("instance", "a"), "i-1", spec={"autoMigrate": {"enabled": True}})
    assert moves.possible(allowed)
    assert not moves.possible(Record(Address("instance", "a"), "i-1"))
    pages = moves.pages(NOW + 0.5)
    assert (pages.path, pages.query) == (f"{GPU}/jobs", {"type": "autoInstanceMigrate", "startTime": int(NOW)})
    assert moves.read({"Id": "j-1", "instanceId": "i-1", "createdAt": "1790000000"}) == ("i-1", NOW)
    assert moves.read({}) == ("", 0.0)


def test_what_is_live_and_well_tells_of_nothing() -> None:
    live = Live("i-1", "a", Phase.READY, "running", {})
    for kind in (INSTANCE, NETWORK_STORAGE, ENDPOINT):
        assert kind.drift.platform_event is not None
        assert (
            kind.drift.platform_event(Record(Address(kind.type, "a"), "i-1"), live, Circumstances(NOW, in_arrears=True))
            is None
        )
