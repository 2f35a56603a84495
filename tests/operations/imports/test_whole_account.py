"""`import --all`: a populated account becomes a project whose plan is empty, and which makes the same fleet again."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from fleets import Resource, fleets
from foreign_objects import make_foreign
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rig import SHORT, WRITES, Rig
from sights import TABLES, seen

from novita_infra.model.diagnostics import Problems
from novita_infra.operations.imports.whole_account import AccountImport, ImportSelection, import_account
from novita_infra.operations.session import state_locked
from novita_infra.simulator import PROFILES

HERE = "us-dallas-nas-2"
TOKEN = "hf_abcdefghijklmnopqrst"


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """A project without resources, and an environment without variables."""
    rig = Rig(tmp_path, environ={}, timings=SHORT)
    rig.declare()
    return rig


def take_all(rig: Rig, into: str = "imported.yaml", *, dry_run: bool = False, **chosen: Any) -> AccountImport:
    """`import --all`."""

    async def work() -> AccountImport:
        async with rig.client() as client:
            session = rig._session(client)
            async with state_locked(session, "import"):
                return await import_account(
                    session, ImportSelection(**chosen), into, loaded=rig.project, dry_run=dry_run
                )

    return rig.clock.run(work())


def populate(rig: Rig, *, machines: int) -> None:
    """Objects of all kinds that somebody made by hand: with secrets, subscriptions, and names that several share."""
    storages = [
        make_foreign(rig, "network_storage", {"storageName": name}) for name in ("data", "data", "Daten für KI", "1st")
    ]
    networks = [make_foreign(rig, "vpc", {"name": name}) for name in ("net", "net")]
    auths = [make_foreign(rig, "registry_auth", {"name": name}) for name in ("hub", "hub", "quay")]
    templates = [make_foreign(rig, "template", {"name": name}) for name in ("base", "base", "other")]
    assert templates
    make_foreign(rig, "image_prewarm")
    for number in range(3):
        make_foreign(rig, "endpoint", {"name": f"api-{number}"})
    for number in range(machines):
        body: dict[str, Any] = {"name": f"worker-{number}"}
        match number % 6:
            case 1:
                body |= {"envs": [{"key": "MODE", "value": "fast"}, {"key": "HF_TOKEN", "value": f"{TOKEN}{number}"}]}
            case 2:
                body |= {"name": "same", "networkStorages": [{"Id": storages[0], "mountPoint": "/data"}]}
            case 3:
                body |= {"networkId": networks[number % 2], "imageAuthId": auths[number % 3]}
            case 4:
                body |= {"billingMode": "monthly", "month": 1}
            case _:
                pass
        make_foreign(rig, "instance", body)


def writes(rig: Rig) -> int:
    return sum(count for name, count in rig.world.calls.items() if name in WRITES)


def rows(result: AccountImport) -> dict[str, str]:
    return {str(item.address): item.name for item in result.objects if item.address}


def test_a_small_account_is_imported_with_references_groups_and_readable_names(rig: Rig) -> None:
    populate(rig, machines=12)
    calls = writes(rig)
    result = take_all(rig)
    assert writes(rig) == calls
    assert not [item for item in result.objects if not item.address]
    text = (rig.folder / "imported.yaml").read_text()
    assert text == result.text
    assert TOKEN not in text
    assert not [id for id in rig.live_ids() if id in text]
    assert set(rows(result).items()) >= {
        ("network_storage.network-storage-1st", "1st"),
        ("network_storage.Daten-f-r-KI", "Daten für KI"),
        ('network_storage.data["data"]', "data"),
        ('network_storage.data["data-2"]', "data"),
        ("registry_auth.hub-2", "hub"),
        ('endpoint.api["api-2"]', "api-2"),
        ('instance.worker["worker-11"]', "worker-11"),
    }
    assert "vpc: net[" in text
    rig.assert_converged()
    assert rows(take_all(rig, "again.yaml")) == {}
    assert not (rig.folder / "again.yaml").exists()


def fleet(rig: Rig) -> list[str]:
    """What the account holds, with names in the place of ids, and without what no API returns and what is random."""
    rig.world.advance()
    names = {
        record.id: f"<{getattr(record, 'name', '')}>" for table in TABLES.values() for record in rig.world.tables[table]
    }
    found = []
    for kind_type, table in TABLES.items():
        for record in rig.world.tables[table]:
            fields = seen(rig.world, kind_type, record.id)
            fields = {name: value for name, value in fields.items() if name not in {"appName", "months", "password"}}
            fields["env"] = {key: text for key, text in (fields.get("env") or {}).items() if not text.startswith(TOKEN)}
            text = repr(sorted(fields.items()))
            for id, name in names.items():
                text = text.replace(id, name)
            found.append(f"{kind_type}: {text}")
    return sorted(found)


@pytest.mark.parametrize("machines", [12, pytest.param(200, marks=pytest.mark.slow)])
def test_an_imported_account_is_made_again_in_a_fresh_one(rig: Rig, tmp_path: Path, machines: int) -> None:
    populate(rig, machines=machines)
    result = take_all(rig)
    assert len(rows(result)) >= machines
    text = (rig.folder / "imported.yaml").read_text()
    assert TOKEN not in text
    assert not [id for id in rig.live_ids() if id in text]
    rig.assert_converged()
    fresh = Rig(tmp_path / "fresh", environ=dict.fromkeys(result.variables, "hunter2"), timings=SHORT)
    fresh.folder.mkdir()
    fresh.declare()
    # A new subscription is bought for a time that no API returns of the old one: the plan asks for it.
    fresh.write("imported.yaml", text.replace("billingMode: monthly", "billingMode: monthly\n  months: 1"))
    fresh.apply(runway=0)
    fresh.assert_converged()
    assert fleet(fresh) == fleet(rig)


def test_kinds_and_names_select_and_what_is_managed_is_named_by_its_address(rig: Rig) -> None:
    populate(rig, machines=6)
    first = take_all(rig, "foundation.yaml", kinds=("network_storage", "vpc"))
    assert {item.type for item in first.objects} == {"network_storage", "vpc"}
    second = take_all(rig, "nodes/same.yaml", kinds=("instance",), match="same*")
    assert [item.name for item in second.objects] == ["same"]
    assert '- storage: data["' in second.text
    assert rig.record("instance.same").source == "nodes/same.yaml"
    rest = take_all(rig, "rest.yaml")
    assert "instance" in {item.type for item in rest.objects}
    rig.assert_converged()


def test_machines_alone_name_their_network_by_its_id(rig: Rig) -> None:
    populate(rig, machines=6)
    text = take_all(rig, "nodes.yaml", kinds=("instance",)).text
    assert text.count("vpc:\n") == 1
    assert text.count("storage:\n") == 1
    assert rig.plan().empty


def test_what_others_own_is_left_out_with_the_reason_unless_it_is_stolen(rig: Rig, tmp_path: Path) -> None:
    theirs = Rig(tmp_path / "theirs", environ={}, timings=SHORT)
    theirs.world, theirs.clock = rig.world, rig.clock
    theirs.write(
        "novita-infra.yaml", {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "theirs"}}
    )
    theirs.declare(("Template", "base", {"image": "ubuntu:22.04", "rootDiskGb": 60}))
    theirs.apply()
    make_foreign(rig, "vpc")
    result = take_all(rig)
    (left,) = [item for item in result.objects if not item.address]
    assert (left.type, left.why) == (
        "template",
        "it carries the owner mark of project theirs, environment default, template.base",
    )
    assert list(rows(result)) == ["vpc.n"]
    assert list(rows(take_all(rig, "stolen.yaml", steal=True))) == ["template.base"]
    rig.assert_converged()


def test_a_dry_run_shows_the_manifests_and_writes_nothing(rig: Rig) -> None:
    populate(rig, machines=1)
    result = take_all(rig, dry_run=True)
    assert len(rows(result)) == len(rig.live_ids())
    assert "kind: Instance" in result.text
    assert not (rig.folder / "imported.yaml").exists()
    assert not rig.store().path.exists()


def test_a_file_that_exists_and_an_unknown_kind_are_refused(rig: Rig) -> None:
    with pytest.raises(Problems, match=r"main\.yaml exists already; leave out --into, for imported\.yaml, or name "):
        take_all(rig, "main.yaml")
    with pytest.raises(Problems, match=r'there is no kind instanse; did you mean "instance"\?'):
        take_all(rig, kinds=("instanse",))


def test_a_second_import_writes_a_file_of_its_own_and_names_what_the_first_imported(rig: Rig) -> None:
    storage = make_foreign(rig, "network_storage", {"storageName": "data"})
    mounts = {"networkStorages": [{"Id": storage, "mountPoint": "/data"}]}
    make_foreign(rig, "instance", {"name": "early", **mounts})
    assert take_all(rig, "", kinds=("instance",)).file == "imported.yaml"
    assert f"id: {storage}" in (rig.folder / "imported.yaml").read_text()
    assert take_all(rig, "", kinds=("network_storage",)).file == "imported-2.yaml"
    make_foreign(rig, "instance", {"name": "late", **mounts})
    result = take_all(rig, "")
    assert result.file == "imported-3.yaml"
    assert "storage: data" in result.text
    review = rig.plan()
    assert review.empty
    assert [str(item) for item in review.notes] == [
        f"imported.yaml:12:3: {storage} is network_storage.data, which this project manages; "
        "name it instead of its id, so that both change in the right order: `storage: data`"
    ]


def test_a_file_that_the_project_does_not_read_leaves_nothing_behind(rig: Rig) -> None:
    make_foreign(rig, "vpc")
    with pytest.raises(Problems, match=r"nothing in \.hidden/all\.yaml is read"):
        take_all(rig, ".hidden/all.yaml")
    assert not (rig.folder / ".hidden" / "all.yaml").exists()
    assert rig.state().records == {}


def test_a_new_object_of_an_imported_credential_needs_its_password(rig: Rig) -> None:
    id = make_foreign(rig, "registry_auth")
    result = take_all(rig)
    assert result.variables == ("REGISTRY_AUTH_HUB_PASSWORD",)
    rig.assert_converged()
    auth = rig.world.registry_auths.get(id)
    assert auth is not None
    rig.world.registry_auths.remove(auth)
    (problem,) = rig.plan().problems
    assert (problem.summary, problem.hint) == (
        "password is not set, and a new object needs it",
        "set the variable that the manifest names",
    )
    rig.environ["REGISTRY_AUTH_HUB_PASSWORD"] = "hunter2"
    rig.apply()
    rig.assert_converged()


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(fleets(), st.sampled_from(["live", "documented", "strict"]))
def test_any_account_is_imported_without_a_call_and_plans_empty(resources: list[Resource], profile: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        theirs = Rig(Path(folder) / "theirs", environ={}, timings=SHORT, quirks=PROFILES[profile])
        head = {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "rig"}, "ownerMarks": False}
        theirs.write("novita-infra.yaml", head)
        theirs.declare(*resources)
        theirs.apply()
        ids, calls = theirs.live_ids(), writes(theirs)
        ours = Rig(Path(folder) / "ours", environ={}, timings=SHORT)
        ours.world, ours.clock = theirs.world, theirs.clock
        ours.write("novita-infra.yaml", head)
        result = take_all(ours)
        assert sorted(item.id for item in result.objects if item.address) == ids
        assert writes(ours) == calls
        assert not [id for id in ids if f"id: {id}" in result.text], "a value of an env may be the id of an object"
        ours.assert_converged()
