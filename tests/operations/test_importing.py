"""`import`: after it the next command works and the next plan is empty, whatever the object is like."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from draws import draws
from fleets import Resource, fleets
from foreign_objects import make_foreign
from hypothesis import given, settings
from kind_facts import FACTS
from local_store import LocalStore
from rig import SHORT, Rig
from sights import seen

from novita_infra.applying.events import Started
from novita_infra.manifests.yaml.emitting import emit_yaml
from novita_infra.manifests.yaml.parsing import read
from novita_infra.model.diagnostics import Problems

TOKEN = "hf_abcdefghijklmnopqrst"


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """A project without resources, and an environment without variables."""
    rig = Rig(tmp_path, environ={}, timings=SHORT)
    rig.declare()
    return rig


def files_of(rig: Rig) -> str:
    """The text of every file of the project and its state."""
    return "".join(path.read_text() for path in sorted(rig.folder.rglob("*")) if path.is_file())


def manifest(rig: Rig, kind_type: str, name: str = "a") -> dict[str, Any]:
    (document,) = read((rig.folder / f"{kind_type}-{name}.yaml").read_bytes(), "").documents
    return dict(document.data)


def edit(rig: Rig, kind_type: str, spec: dict[str, Any], name: str = "a") -> None:
    document = manifest(rig, kind_type, name)
    rig.write(f"{kind_type}-{name}.yaml", emit_yaml({**document, "spec": {**document["spec"], **spec}}))


def pairs(**env: str) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in env.items()]


# --- secrets --------------------------------------------------------------------------------------------------------


def test_machines_with_a_token_of_their_own_import_without_any_variable(rig: Rig) -> None:
    ids = [make_foreign(rig, "instance", {"envs": pairs(HF_TOKEN=f"{TOKEN}{index}")}) for index in range(3)]
    for index, id in enumerate(ids):
        rig.take_in(f"instance.m{index}", id)
    rig.assert_converged()
    assert "fromEnv" not in files_of(rig)
    assert TOKEN not in files_of(rig)
    rig.apply()
    assert TOKEN not in files_of(rig)


ENV = {
    "MODE": "fast",
    "EMPTY": "",
    "HF_TOKEN": TOKEN,
    "DB_PASS": "hunter2-x",
    "URL": "postgres://u:hunter2-x@db/x",
    "RANDOM": "9f8e7d6c5b4a39281706f5e4d3c2b1a0",
    "a.b": "dotted",
    "a=b": "not-taken",
    "NUMBER": "08",
    "EXPR": "${x} $${y}",
    "SEP": "a\x85b\u2028",
}
SECRET = {"HF_TOKEN", "DB_PASS", "URL", "RANDOM"}
REFUSED = {"a=b"}


@pytest.mark.parametrize("kind_type", ["instance", "template", "endpoint"])
def test_variables_that_may_be_secret_are_kept_by_later_edits_and_never_written(kind_type: str, rig: Rig) -> None:
    id = make_foreign(rig, kind_type, by_hand={"envs": pairs(**ENV)})
    rig.take_in(f"{kind_type}.a", id)
    written = manifest(rig, kind_type)
    assert written["spec"]["env"].keys() == ENV.keys() - SECRET - REFUSED
    assert {rule["field"] for rule in written["lifecycle"]["ignoreChanges"]} == {
        f"env.{key}" for key in SECRET | REFUSED
    }
    rig.assert_converged()
    rig.forget(f"{kind_type}.a")
    rig.take_in(f"{kind_type}.a", id)
    rig.assert_converged()
    edit(rig, kind_type, {"image": "debian:12", "env": {**written["spec"]["env"], "MODE": "slow"}})
    rig.apply()
    after = {**ENV, "MODE": "slow"}
    assert seen(rig.world, kind_type, id)["env"] == after
    rig.assert_converged()
    document = manifest(rig, kind_type)
    del document["spec"]["env"]
    rig.write(f"{kind_type}-a.yaml", emit_yaml(document))
    rig.apply()
    assert seen(rig.world, kind_type, id)["env"] == {key: ENV[key] for key in SECRET | REFUSED}
    rig.assert_converged()
    assert not [secret for secret in (TOKEN, "hunter2-x", ENV["RANDOM"]) if secret in files_of(rig)]


@pytest.mark.parametrize(
    ("kind_type", "field", "text", "change"),
    [
        ("instance", "command", "run --token abcdefgh", {"entrypoint": "x"}),
        ("instance", "command", "login abcdefgh0123456789abcdefgh", {"entrypoint": "x"}),
        ("instance", "entrypoint", "sh -c 'PASSWORD=abcdefgh x'", {"command": "x"}),
        ("instance", "image", "https://u:abcdefgh@hub.io/x", {"command": "x"}),
        ("template", "readme", "password: abcdefgh", {"command": "x"}),
        ("template", "image", "https://u:abcdefgh@hub.io/x", {"readme": "x"}),
        ("endpoint", "command", "--api-key abcdefgh", {"image": "debian:12"}),
        ("image_prewarm", "note", "https://u:abcdefgh@hub.io/x", {}),
    ],
)
def test_a_text_with_a_credential_is_never_written_and_kept_by_edits(
    kind_type: str, field: str, text: str, change: dict[str, Any], rig: Rig
) -> None:
    id = make_foreign(rig, kind_type, by_hand={field: text})
    rig.take_in(f"{kind_type}.a", id)
    rig.assert_converged()
    rig.forget(f"{kind_type}.a")
    rig.take_in(f"{kind_type}.a", id)
    rig.assert_converged()
    edit(rig, kind_type, change)
    rig.apply()
    assert seen(rig.world, kind_type, id)[field] == text
    rig.assert_converged()
    assert "abcdefgh" not in files_of(rig)


@pytest.mark.parametrize(
    "text", ["run --token $HF_TOKEN", "--model Meta-Llama-3-8B-Instruct-GPTQ", "serve --port 8080", "sh -c 'exec $CMD'"]
)
def test_a_command_without_a_credential_is_written(text: str, rig: Rig) -> None:
    rig.take_in("instance.a", make_foreign(rig, "instance", by_hand={"command": text, "image": "hub.io/token:1.2.345"}))
    assert manifest(rig, "instance")["spec"]["command"] == text
    assert manifest(rig, "instance")["spec"]["image"] == "hub.io/token:1.2.345"
    rig.assert_converged()


# --- values that only the manifest has ------------------------------------------------------------------------------


def test_a_declared_credential_is_imported_as_declared_and_its_users_stay(rig: Rig) -> None:
    auth = make_foreign(rig, "registry_auth")
    machine = make_foreign(rig, "instance", {"imageAuthId": auth})
    rig.environ["PASSWORD"] = "hunter2"
    rig.write(
        "auth.yaml",
        {
            "apiVersion": "novita-infra/v1",
            "kind": "RegistryAuth",
            "metadata": {"name": "hub"},
            "spec": {"username": "robot", "password": {"fromEnv": "PASSWORD"}},
        },
    )
    rig.take_in("registry_auth.hub", auth)
    rig.take_in("instance.a", machine)
    assert manifest(rig, "instance")["spec"]["registryAuth"] == "hub"
    rig.assert_converged()
    assert "hunter2" not in files_of(rig)


def test_a_declared_login_and_other_values_that_are_not_returned_count_as_declared(rig: Rig) -> None:
    rig.environ["PASSWORD"] = "hunter2"
    spec = {
        "product": {"gpu": "L40S"},
        "image": "ubuntu:22.04",
        "name": "w",
        "registryLogin": {"username": "u", "password": {"fromEnv": "PASSWORD"}},
        "tools": [{"name": "Jupyter", "port": 8888, "type": "http"}],
        "minCudaVersion": "12.4",
        "env": {"HF_TOKEN": {"fromEnv": "PASSWORD"}, "A": "1"},
    }
    id = make_foreign(rig, "instance", {"envs": pairs(HF_TOKEN="hunter2", A="1"), "imageAuth": "u:hunter2"})
    rig.declare(("Instance", "a", spec))
    rig.take_in("instance.a", id)
    rig.assert_converged()
    assert "hunter2" not in files_of(rig)


@pytest.mark.parametrize("field", ["env", "command", "entrypoint"])
def test_a_live_value_that_differs_from_the_declared_one_is_not_recorded_in_clear(field: str, rig: Rig) -> None:
    live, declared = "ordinary-hunter", {"A": "another"} if field == "env" else "another"
    spec = {"product": {"gpu": "L40S"}, "image": "ubuntu:22.04", "name": "w", field: declared}
    id = make_foreign(rig, "instance", by_hand={"envs": pairs(A=live)} if field == "env" else {field: live})
    rig.declare(("Instance", "a", spec))
    rig.take_in("instance.a", id)
    assert "ordinary-hunter" not in files_of(rig)
    (change,) = rig.plan().plan.changes
    assert [item.name for item in change.fields] == [field]
    assert rig.plan().plan.drift == ()
    rig.apply()
    assert seen(rig.world, "instance", id)[field] == declared
    rig.assert_converged()


def test_a_monthly_machine_imports_without_months_and_needs_them_only_for_a_new_one(rig: Rig) -> None:
    body = {"productId": "4090.16c62g", "clusterId": "us-ca-nas-2", "billingMode": "monthly", "month": 2}
    id = make_foreign(rig, "instance", body)
    rig.take_in("instance.a", id)
    written = manifest(rig, "instance")
    assert written["spec"]["billingMode"] == "monthly"
    assert [rule["field"] for rule in written["lifecycle"]["ignoreChanges"]] == ["months"]
    rig.assert_converged()
    edit(rig, "instance", {"ports": ["80/http"]})
    rig.apply()
    rig.assert_converged()
    rig.world.instances.remove(next(iter(rig.world.instances)))
    assert [(item.summary, item.hint) for item in rig.plan().problems] == [
        ("an instance that becomes monthly needs months", "add `months: 1`")
    ]


def test_a_monthly_machine_that_is_declared_takes_the_declared_months_and_can_be_renewed(rig: Rig) -> None:
    body = {"productId": "4090.16c62g", "clusterId": "us-ca-nas-2", "billingMode": "monthly", "month": 2}
    id = make_foreign(rig, "instance", body)
    rig.take_in("instance.a", id)
    document = manifest(rig, "instance")
    del document["lifecycle"]
    document["spec"]["months"] = 2
    rig.write("instance-a.yaml", emit_yaml(document))
    (problem,) = rig.plan().problems
    assert "import it again: `state rm`, then `import`" in problem.summary
    rig.forget("instance.a")
    rig.take_in("instance.a", id)
    rig.assert_converged()
    edit(rig, "instance", {"months": 3})
    rig.apply()
    assert [event.step.key for event in rig.events if isinstance(event, Started)] == ["instance.a/renew"]
    rig.assert_converged()


# --- whatever the API shows -----------------------------------------------------------------------------------------

ODD: tuple[tuple[str, dict[str, Any]], ...] = (
    ("instance", {}),
    ("instance", {"name": "1e3", "command": "0x1f", "entrypoint": "null"}),
    ("instance", {"name": "x" * 300}),
    ("instance", {"name": "\u65e5\u672c \U0001f600 x"}),
    ("instance", {"image": "x" * 600}),
    ("instance", {"command": "c" * 3000}),
    ("instance", {"command": "a\x85b\u2028c \n d\n\n"}),
    ("instance", {"envs": pairs(**{f"K{index}": "v" for index in range(99)})}),
    ("instance", {"envs": pairs(**{f"K{index}": "v" for index in range(120)})}),
    ("instance", {"rootfs": 5}),
    ("instance", {"rootfs": 99999}),
    ("instance", {"gpus": 16}),
    ("instance", {"ports": [{"port": 2222, "type": "tcp"}, {"port": 80, "type": "http"}]}),
    ("instance", {"ports": [{"port": 70000, "type": "udp"}]}),
    ("instance", {"status": "exited"}),
    ("instance", {"kind": "cpu"}),
    ("instance", {"billing": "spot"}),
    ("instance", {"billing": "weird"}),
    ("endpoint", {}),
    ("endpoint", {"app_name": "UPPER_x"}),
    ("endpoint", {"rootfs": 5000}),
    ("template", {}),
    ("template", {"rootfs": 5}),
    ("template", {"readme": "a\n\n"}),
    ("template", {"readme": " b\x85 "}),
    ("template", {"cuda": "any"}),
    ("image_prewarm", {}),
    ("image_prewarm", {"note": "z\x85 \u2028 "}),
    ("image_prewarm", {"note": "08"}),
    ("vpc", {}),
    ("vpc", {"name": "08"}),
    ("vpc", {"cluster": "gone"}),
    ("network_storage", {}),
    ("network_storage", {"name": "1e3"}),
)
"""Objects that the service may have, and some of which our schemas refuse a value."""
UNEDITABLE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("instance", {"status": "creating", "error": "ImagePullFail", "error_text": "no such image"}),
    ("instance", {"spot": "terminated", "status": "terminated", "billing": "spot"}),
    ("endpoint", {"concurrency": 0}),
    ("endpoint", {"port": 2222}),
    ("endpoint", {"policy": "weird"}),
    ("endpoint", {"health": ""}),
    ("endpoint", {"image": ""}),
    ("endpoint", {"product": "gone"}),
    ("endpoint", {"state": "failed", "message": "bad"}),
    ("template", {"image": ""}),
    ("template", {"name": ""}),
    ("image_prewarm", {"state": "Failed"}),
    ("vpc", {"name": "x" * 40}),
    ("vpc", {"name": ""}),
    ("vpc", {"error": "boom"}),
    ("network_storage", {"name": "\ud800"}),
    ("network_storage", {"size": 5}),
)
"""Objects with a value that the service itself refuses in an update, and objects in trouble."""


@pytest.mark.slow
@pytest.mark.parametrize("kind_type", sorted(FACTS.keys() - {"registry_auth"}))
def test_after_an_import_the_plan_is_empty_an_edit_keeps_the_rest_and_destroy_works(kind_type: str, rig: Rig) -> None:
    odd, uneditable = ([by_hand for kind, by_hand in table if kind == kind_type] for table in (ODD, UNEDITABLE))
    ids = {
        f"a{index}": make_foreign(rig, kind_type, by_hand=by_hand) for index, by_hand in enumerate([*odd, *uneditable])
    }
    before = {name: seen(rig.world, kind_type, id) for name, id in ids.items()}
    for name, id in ids.items():
        rig.take_in(f"{kind_type}.{name}", id)
    rig.assert_converged()
    for name, id in ids.items():
        rig.forget(f"{kind_type}.{name}")
        rig.take_in(f"{kind_type}.{name}", id)  # now a manifest declares it
    rig.assert_converged()
    change = dict(FACTS[kind_type].example_edit)
    for name in list(ids)[: len(odd)]:
        edit(rig, kind_type, change, name)
        before[name] |= change
    rig.apply(allow_large_change=True)
    after = {name: seen(rig.world, kind_type, id) for name, id in ids.items()}
    assert {name: _sorted(look) for name, look in after.items()} == {n: _sorted(look) for n, look in before.items()}
    rig.assert_converged()
    rig.destroy(allow_data_loss=("*",), allow_large_change=True)
    assert rig.state().records == {}


def _sorted(look: dict[str, Any]) -> dict[str, Any]:
    """The look of an object in which the order of ports does not count."""
    return {name: sorted(value) if name == "ports" else value for name, value in look.items()}


@pytest.mark.slow
@settings(max_examples=draws(6))
@given(fleet=fleets())
def test_a_random_fleet_whose_state_and_manifests_are_lost_imports_and_plans_empty(fleet: list[Resource]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder), environ={}, timings=SHORT)
        rig.declare(*fleet)
        rig.apply()
        ids = {str(address): record.id for address, record in rig.state().records.items()}
        shutil.rmtree(Path(folder) / "state")
        rig.declare(*(resource for resource in fleet if resource[0] == "RegistryAuth"))
        for address in sorted(ids, key=lambda text: (text.startswith(("instance", "endpoint")), text)):
            rig.take_in(address, ids[address])
        rig.assert_converged()


# --- where it is refused --------------------------------------------------------------------------------------------


def test_an_object_that_is_being_deleted_is_not_imported(rig: Rig) -> None:
    id = make_foreign(rig, "instance", by_hand={"status": "toRemove"})
    with pytest.raises(Problems, match="is being deleted"):
        rig.take_in("instance.a", id)


def test_an_address_with_a_key_is_not_imported_without_a_manifest(rig: Rig) -> None:
    id = make_foreign(rig, "vpc")
    with pytest.raises(Problems, match="an address with a key comes from a manifest"):
        rig.take_in('vpc.a["x"]', id)
    assert not list(rig.folder.glob("vpc*"))


def test_a_name_that_no_file_can_have_is_a_problem(rig: Rig) -> None:
    id = make_foreign(rig, "network_storage")
    with pytest.raises(Problems, match="cannot be written"):
        rig.take_in(f"network_storage.{'x' * 300}", id)
    assert rig.state().records == {}


def test_a_manifest_without_a_record_does_not_remain(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    id = make_foreign(rig, "vpc")

    def full(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(LocalStore, "save", full)
    with pytest.raises(OSError, match="disk full"):
        rig.take_in("vpc.a", id)
    assert not list(rig.folder.glob("vpc*"))


def test_a_manifest_whose_record_may_be_saved_remains(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    id = make_foreign(rig, "vpc")
    save = LocalStore.save

    def saved_and_failed(store: LocalStore, *args: Any, **options: Any) -> None:
        save(store, *args, **options)
        raise OSError("no backup")

    monkeypatch.setattr(LocalStore, "save", saved_and_failed)
    with pytest.raises(OSError, match="no backup"):
        rig.take_in("vpc.a", id)
    monkeypatch.undo()
    rig.assert_converged()


# --- later plans ----------------------------------------------------------------------------------------------------


def test_a_replacement_says_which_kept_values_the_new_object_does_not_get(rig: Rig) -> None:
    id = make_foreign(rig, "instance", {"envs": pairs(HF_TOKEN=TOKEN, MODE="x")})
    rig.take_in("instance.a", id)
    (note,) = rig.plan(replaces=("instance.a",)).notes
    assert note.summary == "the new object does not get what lifecycle.ignoreChanges keeps: env.HF_TOKEN"


def test_a_plan_shows_no_credential_of_a_text_that_nobody_declares(rig: Rig) -> None:
    id = make_foreign(rig, "instance", by_hand={"command": "run --token abcdefgh"})
    rig.take_in("instance.a", id)
    edit(rig, "instance", {"ports": ["80/http"]})
    (change,) = rig.plan().plan.changes
    assert str(change.before["command"]) == str(change.after["command"]) == "(secret)"
