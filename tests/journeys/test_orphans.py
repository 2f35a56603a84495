"""Live objects that no state records: listed with their price and use, imported, deleted."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from rig import Rig

from novita_infra.api.request import Request
from novita_infra.catalogue.prices import MONTH
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Problems
from novita_infra.operations import orphans
from novita_infra.operations.orphans import find_orphans, orphan_for, orphans_named, terminate
from novita_infra.planning.orphans import Orphan
from novita_infra.views.content.lines import plain
from novita_infra.views.results.orphans import orphan_listing

STORAGE = ("NetworkStorage", "data", {"cluster": "us-ca-nas-2", "sizeGb": 20})
HOUR = 3600


def _find(
    rig: Rig, *, beside: Sequence[Path] = (), detailed: bool | None = None, sent: list[str] | None = None
) -> list[Orphan]:
    """The orphans; the paths of the calls are added to `sent`."""

    async def work() -> list[Orphan]:
        async with rig.client() as client:
            send = client.send

            async def noted(request: Request) -> Any:
                if sent is not None:
                    sent.append(request.path)
                return await send(request)

            client.send = noted  # type: ignore[method-assign]
            return (await find_orphans(rig._session(client), beside=beside, detailed=detailed)).items

    return rig.clock.run(work())


def _terminate(rig: Rig, orphans: Sequence[Orphan]) -> list[str]:
    """How each ended."""

    async def work() -> list[str]:
        async with rig.client() as client:
            session = rig._session(client)
            stop = asyncio.Event()
            result = await terminate(session, orphans, emit=rig.events.append, stop=stop)
            return [end.outcome.value for end in result.ends]

    return rig.clock.run(work())


def _wait(rig: Rig, seconds: float) -> None:
    rig.clock.run(rig.clock.sleep(seconds))
    rig.world.advance()


def _names(orphans: Sequence[Orphan]) -> list[tuple[str, str]]:
    return [(item.kind, item.live.name) for item in orphans]


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    rig = Rig(tmp_path, scenario="orphans")
    rig.declare(STORAGE)
    rig.apply()
    return rig


def test_what_no_state_knows_is_listed_the_dearest_first(rig: Rig) -> None:
    _wait(rig, 2 * HOUR)
    found = _find(rig)
    assert sorted(_names(found)) == [
        ("endpoint", "left-behind"),
        ("instance", "left-behind-1"),
        ("instance", "left-behind-2"),
        ("instance", "left-behind-3"),
        ("network_storage", "left-behind"),
    ]
    prices = [item.per_hour.most for item in found]
    assert prices == sorted(prices, reverse=True)
    assert all(prices)


def test_the_price_is_what_the_bill_then_says(rig: Rig) -> None:
    _wait(rig, HOUR)
    (machine, *_) = [item for item in _find(rig) if item.live.name == "left-behind-1"]
    meters = [meter for meter in rig.world.meters if meter.owner == machine.live.id]
    per_hour = sum(Fraction(meter.price * meter.units * HOUR, meter.period) for meter in meters)
    assert machine.per_hour.most == machine.per_hour.least == per_hour


def test_orphans_are_listed_with_age_and_last_gpu_use(rig: Rig) -> None:
    begun = rig.clock.now()
    _wait(rig, 30 * HOUR)
    found = {item.live.name: item for item in _find(rig) if item.kind == "instance"}
    idle, busy = found["left-behind-2"], found["left-behind-1"]
    assert idle.use is not None
    assert idle.use.last is not None
    assert busy.use is not None
    assert busy.use.last is not None
    assert idle.use.last < begun + HOUR
    assert busy.use.last > rig.clock.now() - HOUR
    text = plain(orphan_listing(list(found.values()), now=rig.clock.now()).lines())
    lines = {line.split()[2]: line for line in text.splitlines() if "left-behind" in line}
    assert "1 d 6 h" in lines["left-behind-2"]
    assert "1 d 5 h" in lines["left-behind-2"].replace("1 d 6 h", "")
    assert "now" in lines["left-behind-1"]


def test_many_orphans_take_as_many_calls_as_their_pages(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    few = _find(rig, sent=calls)
    assert not any(item.unread for item in few)
    plainly, calls = len(calls), []
    monkeypatch.setattr(orphans, "FEW", 2)
    many = _find(rig, sent=calls)
    machines = [item for item in many if item.kind == "instance"]
    assert [item.unread for item in machines] == [True, True, True]
    assert plainly - len(calls) >= len(machines)  # the age, too, where the list does not show it
    assert not any("metrics" in path for path in calls)
    text = plain(orphan_listing(many, now=rig.clock.now()).lines())
    assert text.count("not read") >= len(machines)
    data = orphan_listing(many, now=rig.clock.now()).data()
    assert [item["details_read"] for item in data] == [item.kind != "instance" for item in many]
    assert [item.unread for item in _find(rig, detailed=True)] == [False] * len(many)


def test_a_machine_that_never_did_anything_says_since_when(rig: Rig) -> None:
    _wait(rig, 10 * 24 * HOUR)
    (idle,) = [item for item in _find(rig) if item.live.name == "left-behind-2"]
    assert idle.use is not None
    assert idle.use.last is None
    assert "none in 7 d" in plain(orphan_listing([idle], now=rig.clock.now()).lines())


def test_the_table_sums_up_and_the_json_says_the_same(rig: Rig) -> None:
    found, now = _find(rig), rig.clock.now()
    data: list[dict[str, Any]] = orphan_listing(found, now=now).data()
    assert [item["id"] for item in data] == [item.live.id for item in found]
    assert all(item["per_hour"]["most"] for item in data)
    text = plain(orphan_listing(found, now=now).lines())
    assert text.splitlines()[0].split()[:3] == ["KIND", "ID", "NAME"]
    total = sum((item.per_hour.most for item in found), Fraction(0)) * MONTH / 100_000
    assert "5 objects in no state: " in text
    assert f"{float(total):,.2f} per month" in text


def test_what_another_environment_or_another_project_owns_is_no_orphan(rig: Rig, tmp_path: Path) -> None:
    rig.environment = "prod"
    rig.write(
        "novita-infra.yaml",
        {
            "apiVersion": "novita-infra/v1",
            "kind": "Project",
            "metadata": {"name": "rig"},
            "environments": {"prod": {}},
        },
    )
    assert ("network_storage", "data") not in _names(_find(rig))
    elsewhere = tmp_path / "states" / "other.json"
    elsewhere.parent.mkdir()
    (tmp_path / "state" / "default.json").rename(elsewhere)
    shutil.rmtree(tmp_path / "state")
    assert ("network_storage", "data") in _names(_find(rig))
    for beside in (elsewhere, elsewhere.parent):
        assert ("network_storage", "data") not in _names(_find(rig, beside=[beside]))
    with pytest.raises(Problems, match="there is no state at"):
        _find(rig, beside=[tmp_path / "nowhere"])
    (tmp_path / "bare").mkdir()
    with pytest.raises(Problems, match="no state file"):
        _find(rig, beside=[tmp_path / "bare"])


def test_damaged_state_stops_the_search_for_orphans(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "state" / "old.json").write_text("{", encoding="utf-8")
    with pytest.raises(Problems):
        _find(rig)


def test_an_orphan_is_taken_in_and_the_next_plan_is_empty(rig: Rig) -> None:
    orphan = orphan_for(_find(rig), Address("network_storage", "left"))
    assert orphan.live.name == "left-behind"
    rig.take_in("network_storage.left", orphan.live.id)
    assert "$schema" not in (rig.folder / "network_storage-left.yaml").read_text()
    assert ("network_storage", "left-behind") not in _names(_find(rig))
    assert rig.plan().empty


def test_the_manifest_of_an_orphan_names_the_schema_of_the_project(rig: Rig) -> None:
    rig.write(".novita-infra/schemas/manifest.json", {})
    rig.take_in("network_storage.left", orphan_for(_find(rig), Address("network_storage", "left")).live.id)
    first, *_ = (rig.folder / "network_storage-left.yaml").read_text().splitlines()
    assert first == "# yaml-language-server: $schema=.novita-infra/schemas/manifest.json"


def test_which_orphan_is_meant_must_be_plain(rig: Rig) -> None:
    found = _find(rig)
    with pytest.raises(Problems, match="several orphans may be meant"):
        orphan_for(found, Address("instance", "trainer"))
    by_name = orphan_for(found, Address("instance", "left-behind-3"))
    assert by_name.live.name == "left-behind-3"
    assert orphan_for(found, Address("instance", "trainer"), id=by_name.live.id) == by_name
    with pytest.raises(Problems, match="no orphan"):
        orphan_for(found, Address("vpc", "net"))
    with pytest.raises(Problems, match="no orphan"):
        orphan_for(found, Address("instance", "trainer"), id="nothing")


def test_orphans_are_deleted_and_the_wait_is_kept(rig: Rig) -> None:
    kept = rig.record("network_storage.data").id
    found = _find(rig)
    assert _terminate(rig, found) == ["done"] * 5
    assert rig.live_ids() == [kept]
    assert _find(rig) == []


def test_what_is_on_record_is_never_deleted(rig: Rig) -> None:
    kept = rig.record("network_storage.data").id
    with pytest.raises(Problems, match="no orphan"):
        orphans_named(_find(rig), [kept])
    found = [item for item in _find(rig) if item.kind == "network_storage"]
    rig.take_in("network_storage.left", found[0].live.id)  # by a colleague, while the question is on the screen
    with pytest.raises(Problems, match="no orphan"):
        _terminate(rig, found)
    assert found[0].live.id in rig.live_ids()


def test_the_object_of_a_lost_create_is_no_orphan(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.declare(STORAGE)
    assert rig.crash(at_write=0, after_effect=True)
    (orphan,) = _find(rig)
    assert orphan.perhaps == "network_storage.data of rig, environment default"
    with pytest.raises(Problems, match="whose answer was lost"):
        orphans_named([orphan], [orphan.live.id])
    with pytest.raises(Problems, match="no orphan"):
        orphan_for([orphan], Address("network_storage", "data"))
    rig.apply()
    assert _find(rig) == []


def test_the_owner_mark_tells_who_made_what_nobody_knows_any_more(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.declare(("Template", "base", {"image": "nginx:1", "rootDiskGb": 20}))
    rig.apply()
    shutil.rmtree(tmp_path / "state")
    (orphan,) = _find(rig)
    assert orphan.owner == "rig/default/template.base"
    assert orphan_for([orphan], Address("template", "base")) == orphan


def test_other_peoples_things_are_listed_for_what_they_are(tmp_path: Path) -> None:
    rig = Rig(tmp_path, scenario="foreign-owner")
    rig.declare(STORAGE)
    rig.apply()
    found = _find(rig)
    assert {item.kind for item in found} == {"network_storage", "template", "instance", "vpc", "registry_auth"}
    assert rig.record("network_storage.data").id not in {item.live.id for item in found}
    assert {item.owner for item in found} == {""}
    assert "not marked" in plain(orphan_listing(found, now=rig.clock.now()).lines())
