"""The main path in the process: fleets come up, plan empty, change and go."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from kind_facts import FACTS, TYPES
from rig import EACH_PROFILE, Rig

from examples import NAMES, copy_example
from novita_infra.applying.events import Identified
from novita_infra.manifests.project.loading import load
from novita_infra.model.diagnostics import EXIT_REFUSED
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.saved.plan_file import Setting, write_plan
from novita_infra.simulator import PROFILES
from novita_infra.simulator.world.engine.settings import Timings
from novita_infra.views.content.lines import plain
from novita_infra.views.formats.json.plan import plan_json
from novita_infra.views.plan_lines.plan import plan_lines

ENVIRON = {"REGISTRY_USERNAME": "acme-bot", "REGISTRY_PASSWORD": "correct horse"}
PORTS = {"expressions": ["6379/tcp", "9001/tcp"]}
"""The ports after the edit of an example whose expressions name one of them."""
WITH_PROCESSES = [pytest.param(name, marks=pytest.mark.process) if name == "policies" else name for name in NAMES]
"""The examples, of which one starts the programs of its policies."""


def edit_everything(folder: Path, name: str) -> None:
    """Changes a field of every resource of the example."""
    for path in folder.rglob("*.yaml"):
        documents = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
        for document in documents:
            kind_type = TYPES.get(document["kind"])
            spec = document.get("spec", {})
            edit = FACTS[kind_type].example_edit if kind_type else {}
            spec.update({**edit, "ports": PORTS[name]} if name in PORTS else edit)
        path.write_text(yaml.safe_dump_all(documents), encoding="utf-8")


@pytest.mark.parametrize("profile", EACH_PROFILE)
@pytest.mark.parametrize("name", WITH_PROCESSES)
def test_every_example_comes_up_plans_empty_and_goes(name: str, profile: str, tmp_path: Path) -> None:
    rig = Rig(copy_example(name, tmp_path / name), environ=ENVIRON, quirks=PROFILES[profile])
    rig.environment = "dev" if name == "dev-prod" else ""
    rig.apply()
    rig.assert_converged()
    edit_everything(rig.folder, name)
    review = rig.plan()
    assert {change.action for change in review.plan.changes} <= {Action.UPDATE, Action.REPLACE}
    rig.apply()
    rig.assert_converged()
    rig.destroy()
    assert rig.live_ids() == []
    assert rig.state().records == {}


def test_a_storage_goes_after_the_call_that_unmounts_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    storage = ("NetworkStorage", "data", {"cluster": "us-dallas-nas-2", "sizeGb": 10})
    machine = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04", "cluster": "us-dallas-nas-2"}
    rig.declare(storage, ("Instance", "a", {**machine, "networkStorages": [{"storage": "data", "mountPath": "/d"}]}))
    rig.apply()
    rig.declare(("Instance", "a", machine))
    review = rig.plan()
    assert [(step.key.split(":")[0], step.after) for step in review.plan.steps] == [
        ("instance.a/upgrade", ()),
        ("network_storage.data/delete", ("instance.a/upgrade",)),
    ]
    rig.apply()
    rig.assert_converged()


def test_a_changed_password_creates_the_new_credential_first(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={"PW": "old"})
    auth = ("RegistryAuth", "hub", {"username": "bot", "password": {"fromEnv": "PW"}})
    machine = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04", "registryAuth": "hub"}
    rig.declare(auth, ("Instance", "a", machine))
    rig.apply()
    rig.environ["PW"] = "new"
    review = rig.plan()
    assert [step.key.split(":")[0] for step in review.plan.steps] == [
        "registry_auth.hub/create",
        "instance.a/upgrade",
        "registry_auth.hub/delete",
    ]
    rig.apply()
    rig.assert_converged()
    assert "new" not in rig.store().path.read_text()


def test_a_failed_step_skips_only_its_dependents(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    good = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04"}
    rig.declare(
        ("Instance", "bad", {**good, "image": "does-not-exist:1"}),
        ("Instance", "after", {**good, "env": {"PEER": "${instance.bad.id}"}}),
        ("Instance", "good", good),
    )
    result = rig.apply(expect_success=False)
    assert {end.step.key: end.outcome.value for end in result.ends} == {
        "instance.bad/create": "failed",
        "instance.after/create": "skipped",
        "instance.good/create": "done",
    }
    rig.declare(
        ("Instance", "bad", {**good, "image": "ubuntu:24.04"}),
        ("Instance", "after", {**good, "env": {"PEER": "${instance.bad.id}"}}),
        ("Instance", "good", good),
    )
    review = rig.plan()
    assert {str(change.address): change.action for change in review.plan.changes} == {
        "instance.bad": Action.REPLACE,
        "instance.after": Action.CREATE,
        "instance.good": Action.NONE,
    }
    rig.apply()
    rig.assert_converged()


def test_an_interrupted_run_is_resumed_with_the_same_machine(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(("Instance", "a", {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04"}))
    result = rig.apply(stop_when=lambda event: isinstance(event, Identified), expect_success=False)
    assert result.interrupted
    before = rig.record("instance.a").id
    assert [step.call_name for step in rig.plan().plan.steps] == ["wait"]
    rig.apply()
    assert rig.record("instance.a").id == before
    rig.assert_converged()


def test_a_machine_deleted_by_hand_is_created_again(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(("NetworkStorage", "data", {"cluster": "us-dallas-nas-2", "sizeGb": 10}))
    rig.apply()
    rig.world.storages.remove(next(iter(rig.world.storages)))
    (change,) = rig.plan().plan.changes
    assert change.action is Action.CREATE
    assert "deleted outside" in change.why
    rig.apply()
    rig.assert_converged()


def test_an_existing_object_is_taken_in_and_plans_empty(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    spec = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04", "env": {"A": "1"}, "minCudaVersion": "12.4"}
    rig.declare(("Instance", "a", spec))
    rig.apply()
    id = rig.record("instance.a").id
    shutil.rmtree(tmp_path / "state")
    rig.take_in("instance.a", id)
    rig.assert_converged()


FLEET = (
    ("NetworkStorage", "data", {"cluster": "us-dallas-nas-2", "sizeGb": 10}),
    ("VPC", "net", {"cluster": "us-dallas-nas-2"}),
    ("Template", "base", {"image": "ubuntu:22.04", "rootDiskGb": 60, "env": {"A": "1"}}),
    ("ImagePrewarm", "warm", {"image": "ubuntu:22.04", "cluster": "us-dallas-nas-2", "products": ["RTX 4090"]}),
    (
        "Instance",
        "machine",
        {
            "product": {"gpu": "RTX 4090"},
            "image": "ubuntu:22.04",
            "env": {"A": "1"},
            "ports": ["80/http", "22/tcp"],
            "vpc": "net",
            "networkStorages": [{"storage": "data", "mountPath": "/data"}],
            "power": "stopped",
        },
    ),
    (
        "Endpoint",
        "api",
        {
            "product": {"gpu": "RTX 4090"},
            "image": "nginx:1.27",
            "ports": ["80/http"],
            "healthPath": "/",
            "workers": {"min": 0, "max": 2, "idleTimeout": 60, "maxConcurrency": 1, "requestTimeout": 60},
            "scaling": {"type": "queue", "value": 5},
        },
    ),
)


def test_an_imported_fleet_with_written_manifests_plans_empty(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    fleet = [
        (kind, name, {**spec, "env": {"A": "$${literal}"}} if "env" in spec else spec) for kind, name, spec in FLEET
    ]
    rig.declare(*fleet)
    rig.apply()
    ids = {str(address): record.id for address, record in rig.state().records.items()}
    (tmp_path / "main.yaml").unlink()
    shutil.rmtree(tmp_path / "state")
    for address in sorted(ids, key=lambda text: text.startswith("instance")):
        rig.take_in(address, ids[address])
    rig.assert_converged()
    assert "storage: data" in (tmp_path / "instance-machine.yaml").read_text()


def test_a_credential_without_a_manifest_is_taken_in_with_the_password_of_a_variable(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(("RegistryAuth", "hub", {"username": "u", "password": "p"}))
    rig.apply()
    id = rig.record("registry_auth.hub").id
    (tmp_path / "main.yaml").unlink()
    shutil.rmtree(tmp_path / "state")
    rig.take_in("registry_auth.hub", id)
    rig.assert_converged()
    assert "fromEnv: REGISTRY_AUTH_HUB_PASSWORD" in (tmp_path / "registry_auth-hub.yaml").read_text()
    assert load(tmp_path, environ={}, lenient=True).warnings == (), "nothing needs the password until a new create"


@pytest.mark.parametrize(
    ("kind", "spec", "stage"),
    [
        ("Instance", {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04"}, "accept"),
        ("Instance", {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04"}, "pull"),
        ("ImagePrewarm", {"image": "ubuntu:22.04", "cluster": "us-dallas-nas-2"}, "pull"),
    ],
)
def test_a_timeout_of_a_stage_is_resumed_with_the_same_object(
    kind: str, spec: dict[str, Any], stage: str, tmp_path: Path
) -> None:
    rig = Rig(tmp_path, environ={}, timings=Timings())
    rig.declare((kind, "a", spec), a={"timeouts": {stage: "2s"}})
    (end,) = rig.apply(expect_success=False).ends
    assert " for more than 2 s" in end.reason
    assert f"(longer: lifecycle.timeouts.{stage})" in end.reason
    (record,) = rig.state().records.values()
    rig.declare((kind, "a", spec))
    rig.apply()
    assert [item.id for item in rig.state().records.values()] == [record.id] == rig.live_ids()
    rig.assert_converged()


def test_what_stands_on_a_target_goes_with_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    storage = ("NetworkStorage", "data", {"cluster": "us-dallas-nas-2", "sizeGb": 10})
    machine = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04"}
    mounts = {"networkStorages": [{"storage": "data", "mountPath": "/d"}]}
    rig.declare(storage, ("Instance", "a", {**machine, **mounts}), ("Instance", "b", machine))
    rig.apply()
    review = rig.plan(destroys=True, targets=("network_storage.data",))
    assert [step.key.split(":")[0] for step in review.plan.steps] == [
        "instance.a/delete",
        "network_storage.data/delete",
    ]
    rig.destroy(targets=("network_storage.data",))
    assert [str(address) for address in rig.state().records] == ["instance.b"]


def test_a_target_brings_along_what_it_needs_and_nothing_else(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(*FLEET)
    review = rig.plan(targets=("instance.machine",))
    assert {str(step.address) for step in review.plan.steps} == {"instance.machine", "network_storage.data", "vpc.net"}
    rig.apply(targets=("instance.machine",))
    rig.apply()
    rig.assert_converged()


def test_a_secret_in_an_ordinary_text_is_shown_nowhere(tmp_path: Path) -> None:
    project = {
        "apiVersion": "novita-infra/v1",
        "kind": "Project",
        "metadata": {"name": "rig"},
        "variables": {"token": {"type": "string", "secret": True}},
    }
    rig = Rig(tmp_path, environ={"NOVITA_INFRA_VAR_token": "canary-one"})
    rig.write("novita-infra.yaml", project)
    machine = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04", "command": "serve --key ${var.token}"}
    rig.declare(
        ("Instance", "a", {**machine, "env": {"URL": "x://${var.token}"}}),
        ("Template", "b", {"image": "ubuntu:22.04", "rootDiskGb": 60, "readme": "key ${var.token}"}),
    )
    rig.apply()
    rig.assert_converged()
    rig.environ["NOVITA_INFRA_VAR_token"] = "canary-two"
    review = rig.plan()
    assert {str(change.address): change.action for change in review.plan.changes} == {
        "instance.a": Action.UPDATE,
        "template.b": Action.UPDATE,
    }
    write_plan(review, tmp_path / "x.niplan", key=rig.state().key, setting=Setting("", "", "", 0.0))
    message = [
        json.dumps(plan_json(review)),
        repr(review),
        (tmp_path / "x.niplan").read_text(encoding="utf-8"),
        rig.store().path.read_text(encoding="utf-8"),
        *(plain([line]) for line in plan_lines(review)),
    ]
    assert not [text for text in message if "canary" in text]


def test_what_a_manifest_protects_is_not_destroyed_though_it_was_never_applied(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    storage = ("NetworkStorage", "data", {"cluster": "us-dallas-nas-2", "sizeGb": 10})
    rig.declare(storage)
    rig.apply()
    rig.declare(storage, data={"protect": True})
    plan = rig.plan(destroys=True)
    assert plan.code == EXIT_REFUSED


def test_a_refused_update_leaves_nothing_under_way(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(("NetworkStorage", "data", {"cluster": "us-dallas-nas-2", "sizeGb": 10}))
    rig.apply()
    rig.declare(("NetworkStorage", "data", {"cluster": "us-dallas-nas-2", "sizeGb": 999_999}))
    (end,) = rig.apply(expect_success=False).ends
    assert "NETWORK_STORAGE_TOO_LARGE" in end.reason
    rig.declare(("NetworkStorage", "data", {"cluster": "us-dallas-nas-2", "sizeGb": 10}))
    rig.assert_converged()
