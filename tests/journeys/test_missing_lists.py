"""An answer without a list does not make a recorded object count as gone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rig import Rig

from novita_infra.api.errors import ApiError
from novita_infra.model.diagnostics import EXIT_REFUSED, Problems
from novita_infra.operations.orphans import OrphanSearch, find_orphans
from novita_infra.simulator import Fault, Trouble
from novita_infra.views.results.orphans import orphan_listing

HERE = "us-dallas-nas-2"
STORAGE = ("NetworkStorage", "it", {"cluster": HERE, "sizeGb": 10})
ONLY_LISTED = [
    STORAGE,
    ("RegistryAuth", "it", {"username": "u", "password": "p"}),
    ("ImagePrewarm", "it", {"image": "ubuntu:22.04", "cluster": HERE}),
]
WITH_GET = [
    ("VPC", "it", {"cluster": HERE}),
    ("Template", "it", {"name": "t", "image": "ubuntu:22.04", "rootDiskGb": 20}),
    ("Instance", "it", {"product": {"gpu": "L40S"}, "image": "ubuntu:22.04", "cluster": HERE}),
]
LISTS = {"VPC": "networks.list", "Template": "templates.list", "Instance": "instances.list"}
each_answer = pytest.mark.parametrize("answer", ["{}", "[]", '{"pageNum": 1}'])


def up(folder: Path, resource: tuple[str, str, dict[str, Any]]) -> Rig:
    rig = Rig(folder, environ={})
    rig.declare(resource)
    rig.apply()
    return rig


def answered(rig: Rig, text: str, *, count: int | None, operation: str = "*.list") -> None:
    rig.world.faults.add(Fault(kind=Trouble.TEXT, operation=operation, message=text, count=count))


@each_answer
@pytest.mark.parametrize("resource", ONLY_LISTED, ids=lambda resource: resource[0])
def test_a_plan_without_a_list_is_refused(
    tmp_path: Path, resource: tuple[str, str, dict[str, Any]], answer: str
) -> None:
    rig = up(tmp_path, resource)
    live = rig.live_ids()
    answered(rig, answer, count=None)
    for command in (rig.plan, rig.apply):
        with pytest.raises(Problems) as refused:
            command()
        (item,) = refused.value.diagnostics
        assert refused.value.code == EXIT_REFUSED
        assert f"it is not known whether {live[0]} exists" in item.summary
        assert "state rm" in item.hint
    rig.world.faults.clear()
    assert rig.plan().empty
    assert rig.live_ids() == live


@each_answer
@pytest.mark.parametrize("resource", ONLY_LISTED, ids=lambda resource: resource[0])
def test_one_answer_without_a_list_changes_nothing(
    tmp_path: Path, resource: tuple[str, str, dict[str, Any]], answer: str
) -> None:
    rig = up(tmp_path, resource)
    answered(rig, answer, count=1)
    assert rig.plan().empty


@each_answer
@pytest.mark.parametrize("resource", WITH_GET, ids=lambda resource: resource[0])
def test_an_object_that_no_list_shows_is_asked_for_by_its_id(
    tmp_path: Path, resource: tuple[str, str, dict[str, Any]], answer: str
) -> None:
    rig = up(tmp_path, resource)
    answered(rig, answer, count=None, operation=LISTS[resource[0]])
    assert rig.plan().empty


@each_answer
@pytest.mark.parametrize("resource", WITH_GET, ids=lambda resource: resource[0])
def test_an_empty_answer_to_a_get_does_not_say_that_the_object_is_gone(
    tmp_path: Path, resource: tuple[str, str, dict[str, Any]], answer: str
) -> None:
    rig = up(tmp_path, resource)
    answered(rig, answer, count=None)
    answered(rig, "{}", count=None, operation="*.get")
    with pytest.raises(ApiError, match="it does not say whether"):
        rig.plan()


def test_a_deletion_ends_though_the_service_leaves_empty_lists_out(tmp_path: Path) -> None:
    rig = up(tmp_path, STORAGE)
    plan = rig.plan(destroys=True)
    assert not plan.empty
    rig.world.faults.add(Fault(kind=Trouble.TEXT, operation="storages.list", message="{}", count=None, skip=1))
    rig.destroy()
    assert rig.state().records == {}


def test_a_create_in_an_account_whose_empty_lists_are_left_out_succeeds(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(STORAGE)
    answered(rig, "{}", count=2, operation="storages.list")
    rig.apply()
    rig.world.faults.clear()
    rig.assert_converged()


def orphans(rig: Rig) -> OrphanSearch:
    async def work() -> OrphanSearch:
        async with rig.client() as client:
            return await find_orphans(rig._session(client))

    return rig.clock.run(work())


def test_an_account_without_any_list_is_not_an_empty_one(tmp_path: Path) -> None:
    rig = up(tmp_path, STORAGE)
    rig.forget("network_storage.it")
    answered(rig, "{}", count=None)
    with pytest.raises(Problems) as raised:
        orphans(rig)
    assert [str(item) for item in raised.value.diagnostics] == [
        "the API answered without any list, so nobody knows what the account holds; run it again later"
    ]


def test_the_kinds_without_a_list_are_named_beside_the_orphans_of_the_others(tmp_path: Path) -> None:
    rig = up(tmp_path, STORAGE)
    answered(rig, "{}", count=None, operation="templates.list")
    search = orphans(rig)
    assert (search.items, search.unlisted) == ([], ("template",))
    listing = orphan_listing(search.items, now=0.0, unlisted=search.unlisted)
    assert [str(line) for line in listing.lines()] == ["No orphans among what was read."]
    rig.forget("network_storage.it")
    search = orphans(rig)
    assert [item.kind for item in search.items] == ["network_storage"]
    assert search.unlisted == ("template",)
    rig.world.faults.clear()
    assert orphans(rig).unlisted == ()
