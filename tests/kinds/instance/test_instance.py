"""The kind Instance: what is said to the API, spelt as in its reference, and what each field's difference means."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from novita_infra.api.request import Request
from novita_infra.kinds.call import Target
from novita_infra.kinds.field import By, Cases, Refusal, Replaces
from novita_infra.kinds.instance import INSTANCE
from novita_infra.model.resources import STABLE, Live, Loss, Phase

V1 = "/gpu-instance/openapi/v1/gpu/instance"

GPU_SPEC = {
    "name": "trainer",
    "product": {"gpu": "RTX 4090", "id": "4090.16c62g"},
    "gpuCount": 2,
    "cluster": "us-ca-nas-2",
    "image": "pytorch/pytorch:2.4.0",
    "registryAuth": "auth-1",
    "command": "python train.py",
    "entrypoint": "bash -c",
    "env": {"TOKEN": "t", "EPOCHS": "3"},
    "ports": ["8080/http", "22/tcp"],
    "tools": [{"name": "Jupyter", "port": 8888, "type": "http"}],
    "rootDiskGb": 80,
    "localStorage": {"mountPath": "/scratch"},
    "networkStorages": [{"storage": "storage-1", "mountPath": "/data"}],
    "vpc": "net-1",
    "billingMode": "monthly",
    "months": 3,
    "autoRenew": {"enabled": True, "months": 2},
    "autoMigrate": {"enabled": True},
    "minCudaVersion": "12.4",
    "power": "stopped",
    "keepData": False,
}
GPU_BODY = {
    "name": "trainer",
    "productId": "4090.16c62g",
    "kind": "gpu",
    "gpuNum": 2,
    "rootfsSize": 80,
    "imageUrl": "pytorch/pytorch:2.4.0",
    "imageAuthId": "auth-1",
    "ports": "22/tcp,8080/http",
    "envs": [{"key": "EPOCHS", "value": "3"}, {"key": "TOKEN", "value": "t"}],
    "tools": [{"name": "Jupyter", "port": "8888", "type": "http"}],
    "command": "python train.py",
    "entrypoint": "bash -c",
    "clusterId": "us-ca-nas-2",
    "localStorageMountPoint": "/scratch",
    "networkStorages": [{"Id": "storage-1", "mountPoint": "/data"}],
    "networkId": "net-1",
    "month": 3,
    "billingMode": "monthly",
    "autoRenew": True,
    "autoRenewMonth": 2,
    "minCudaVersion": "12.4",
}


def live(values: dict[str, Any] | None = None, **outputs: Any) -> Live:
    return Live("i-1", "trainer", Phase.READY, "running", values or {}, outputs)


def sent(call: str, spec: dict[str, Any], now: Live | None = None, before: dict[str, Any] | None = None) -> Request:
    return INSTANCE.call(call).request(Target("i-1", spec, now, before or {}))


def body(request: Request) -> dict[str, Any]:
    return dict(request.body or {})


# --- creating -------------------------------------------------------------------------------------------------------


def test_a_gpu_instance_is_created_with_everything_that_is_declared() -> None:
    assert sent("create", GPU_SPEC) == Request("POST", f"{V1}/create", body=GPU_BODY, repeatable=False)


def test_a_cpu_instance_is_created_without_what_only_gpus_have() -> None:
    spec = {"name": "web", "product": {"cpu": "4 cores", "id": "cpu.4c8g"}, "image": "nginx", "ports": ["80/http"]}
    assert body(sent("create", spec)) == {
        "name": "web",
        "productId": "cpu.4c8g",
        "kind": "cpu",
        "imageUrl": "nginx",
        "ports": "80/http",
    }
    assert body(sent("create", {**spec, "product": {"id": "cpu.4c8g"}, "type": "cpu"}))["kind"] == "cpu"


def test_a_gpu_instance_that_says_little_gets_one_gpu_and_the_free_disk() -> None:
    assert body(sent("create", {"name": "a", "product": {"id": "p"}, "image": "i"})) == {
        "name": "a",
        "productId": "p",
        "kind": "gpu",
        "imageUrl": "i",
        "gpuNum": 1,
        "rootfsSize": 60,
        "billingMode": "onDemand",
    }


def test_an_inline_credential_is_sent_as_one_text() -> None:
    spec = {"name": "a", "product": {"id": "p"}, "image": "i", "registryLogin": {"username": "u", "password": "p:w"}}
    assert body(sent("create", spec))["imageAuth"] == "u:p:w"


@pytest.mark.parametrize("mode", ["onDemand", "spot"])
def test_months_and_renewal_are_sent_only_for_a_subscription(mode: str) -> None:
    made = body(sent("create", {**GPU_SPEC, "billingMode": mode}))
    assert made["billingMode"] == mode
    assert not made.keys() & {"month", "autoRenew", "autoRenewMonth"}


def test_a_subscription_that_does_not_renew_itself_says_so() -> None:
    made = body(sent("create", {**GPU_SPEC, "autoRenew": {"enabled": False}}))
    assert made["autoRenew"] is False
    assert "autoRenewMonth" not in made


@pytest.mark.parametrize(("answer", "id_"), [({"id": "i-9"}, "i-9"), ({"id": 9}, "9"), ({}, ""), (None, ""), ("", "")])
def test_the_new_id_is_taken_from_the_answer(answer: Any, id_: str) -> None:
    assert INSTANCE.api.new_id(answer) == id_


# --- changing -------------------------------------------------------------------------------------------------------


def test_an_upgrade_sends_everything_and_what_is_not_declared_as_it_is() -> None:
    now = live(
        {
            "image": "old",
            "registryAuth": "auth-1",
            "command": "run",
            "entrypoint": "sh",
            "env": {"A": "1"},
            "networkStorages": [{"storage": "s", "mountPath": "/s"}],
        }
    )
    request = sent("upgrade", {"image": "new", "entrypoint": ""}, now)
    body_of_these = {
        "instanceId": "i-1",
        "imageUrl": "new",
        "imageAuthId": "auth-1",
        "envs": [{"key": "A", "value": "1"}],
        "command": "run",
        "entrypoint": "",
        "save": True,
        "networkVolume": {"volumeMounts": [{"type": "network", "id": "s", "mountPath": "/s"}]},
    }
    whole = {**body(request), **body_of_these}  # the pairs have the whole body
    assert request == Request("POST", f"{V1}/upgrade", body=whole, repeatable=True)


def test_an_upgrade_falls_back_on_what_was_sent_where_the_answer_does_not_carry_it() -> None:
    made = body(sent("upgrade", {"image": "new"}, live(), {"env": {"A": "1"}, "command": "run"}))
    assert (made["envs"], made["command"]) == ([{"key": "A", "value": "1"}], "run")


def test_an_upgrade_loses_data_only_where_the_data_is_not_to_be_kept() -> None:
    upgrade = INSTANCE.call("upgrade")
    assert upgrade.losses is not None
    thrown_away = Target("i-1", {"keepData": False}, live({"rootDiskGb": 80}))
    assert upgrade.losses(thrown_away) == (Loss("what is on its container disk, because keepData is false", 80),)
    assert [upgrade.losses(Target("i-1", spec, live())) for spec in ({}, {"keepData": True})] == [(), ()]
    assert body(sent("upgrade", {"image": "new", "keepData": False}, live()))["save"] is False


def test_a_delete_loses_both_disks_and_a_stop_the_same_after_the_time_that_the_service_keeps_them() -> None:
    target = Target("i-1", {}, live({"rootDiskGb": 80, "localStorage": {"mountPath": "/s"}}, localDiskGb=30))
    lost = INSTANCE.api.delete.losses
    stopped = INSTANCE.call("stop").losses
    assert lost is not None
    assert stopped is not None
    assert list(map(str, lost(target))) == [
        "what is on its container disk (80 GB)",
        "what is on its local disk at /s (30 GB)",
    ]
    losses = [stopped(Target("i-1", {}, live({"rootDiskGb": 80}, dataKeptDays=days)))[0] for days in (7, 1, 0)]
    assert [loss.when for loss in losses] == [
        "7 days after the stop unless it is started again",
        "1 day after the stop unless it is started again",
        "",
    ]


@pytest.mark.parametrize(
    ("wish", "lost"),
    [
        ({"enabled": False}, []),
        (
            {"enabled": True},
            ["what is on its container disk (80 GB)", "what is on its local disk at /s (size not known)"],
        ),
        ({"enabled": True, "systemDisk": True}, ["what is on its local disk at /s (size not known)"]),
    ],
)
def test_what_may_be_moved_by_the_service_says_what_does_not_come_along(wish: dict[str, bool], lost: list[str]) -> None:
    loses = INSTANCE.call("setAutoMigrate").losses
    assert loses is not None
    now = live({"rootDiskGb": 80, "localStorage": {"mountPath": "/s"}})
    losses = loses(Target("i-1", {"autoMigrate": wish}, now))
    assert [str(replace(loss, when="")) for loss in losses] == lost
    assert {loss.when for loss in losses} <= {"whenever the service moves it to other hardware"}


def test_an_edit_sends_all_ports_and_may_be_repeated() -> None:
    now = live({"ports": ["22/tcp"], "rootDiskGb": 80})
    ports = [{"port": 22, "type": "tcp"}, {"port": 8888, "type": "http"}]
    made = sent("edit", {"ports": ["8888/http", "22/tcp"], "rootDiskGb": 80}, now)
    assert (body(made)["ports"], made.repeatable) == (ports, True)
    assert "expandRootDisk" not in body(made)


def test_an_edit_grows_the_disk_by_the_difference_and_is_not_repeated() -> None:
    now = live({"ports": ["22/tcp"], "rootDiskGb": 80})
    made = sent("edit", {"rootDiskGb": 100}, now)
    assert (made.method, made.path, made.repeatable) == ("POST", f"{V1}/edit", False)
    assert (body(made)["expandRootDisk"], body(made)["ports"]) == (20, [{"port": 22, "type": "tcp"}])
    assert body(sent("edit", {"rootDiskGb": 100}, live(), {"rootDiskGb": 70}))["expandRootDisk"] == 30


@pytest.mark.parametrize("now", [live({"rootDiskGb": 120}), live(), None])
def test_a_disk_that_is_larger_or_of_unknown_size_does_not_grow(now: Live | None) -> None:
    made = sent("edit", {"rootDiskGb": 100}, now)
    assert "expandRootDisk" not in body(made)
    assert made.repeatable


def test_a_conversion_takes_the_months_and_is_reported_by_the_billing_mode() -> None:
    convert = INSTANCE.call("convert")
    made = sent("convert", {"billingMode": "monthly", "months": 6}, live({"billingMode": "onDemand"}))
    assert made == Request(
        "POST", f"{V1}/transToMonthlyInstance", body={"instanceId": "i-1", "month": 6}, repeatable=False
    )
    assert convert.also_sets == ("months",)
    assert convert.took_effect is not None
    assert [
        convert.took_effect(Target("i-1", {}), live({"billingMode": mode})) for mode in ("onDemand", "monthly")
    ] == [
        False,
        True,
    ]


def test_a_renewal_buys_the_months_that_are_missing_and_is_never_repeated() -> None:
    made = sent("renew", {"months": 5}, live(), {"months": 3})
    assert made == Request("POST", f"{V1}/renewInstance", body={"instanceId": "i-1", "month": 2}, repeatable=False)


def test_a_renewal_took_effect_when_the_end_moved() -> None:
    renew = INSTANCE.call("renew")
    assert renew.took_effect is not None
    target = Target("i-1", {"months": 5}, live(endTime=1000))
    assert [renew.took_effect(target, live(None, **now)) for now in ({"endTime": 1000}, {"endTime": 2000}, {})] == [
        False,
        True,
        False,
    ]
    assert renew.took_effect(Target("i-1", {"months": 5}), live(endTime=2000)), (
        "an unknown end never leads to a second purchase"
    )


@pytest.mark.parametrize(
    ("declared", "enabled", "months"),
    [({"enabled": True, "months": 6}, True, 6), ({"enabled": True}, True, 1), ({"enabled": False}, False, 1)],
)
def test_automatic_renewal_names_its_instances_in_a_list(declared: Any, enabled: bool, months: int) -> None:
    made = sent("setAutoRenew", {"autoRenew": declared}, live())
    wanted = {"instanceIds": ["i-1"], "autoRenew": enabled, "autoRenewMonth": months}
    assert made == Request("POST", f"{V1}/setAutoRenew", body=wanted, repeatable=True)


@pytest.mark.parametrize(
    ("declared", "opened", "system_disk"),
    [
        ({"enabled": True, "systemDisk": True}, True, True),
        ({"enabled": True}, True, False),
        ({"enabled": False, "systemDisk": True}, False, False),
    ],
)
def test_automatic_migration_says_both_settings(declared: Any, opened: bool, system_disk: bool) -> None:
    made = sent("setAutoMigrate", {"autoMigrate": declared}, live())
    wanted = {"instanceId": "i-1", "autoMigrateOpen": opened, "autoMigrateSystemDisk": system_disk}
    assert made == Request("POST", f"{V1}/setAutoMigrate", body=wanted, repeatable=True)


@pytest.mark.parametrize("call", ["start", "stop", "delete"])
def test_starting_stopping_and_deleting_name_the_instance_and_may_be_repeated(call: str) -> None:
    assert sent(call, {}) == Request("POST", f"{V1}/{call}", body={"instanceId": "i-1"}, repeatable=True)


def test_a_setting_that_leaves_out_its_default_equals_one_that_says_it() -> None:
    renew, migrate = INSTANCE.field("autoRenew").compared, INSTANCE.field("autoMigrate").compared
    assert callable(renew)
    assert callable(migrate)
    assert renew({"enabled": True}, {"enabled": True, "months": 1})
    assert renew({"enabled": False}, None)
    assert not renew({"enabled": True, "months": 2}, {"enabled": True})
    assert migrate({"enabled": True}, {"enabled": True, "systemDisk": False})
    assert migrate({"enabled": False}, None)
    assert not migrate({"enabled": True}, None)


# --- the order, phases and meaning ----------------------------------------------------------------------------------


def test_the_calls_stand_in_the_order_in_which_they_are_made() -> None:
    assert [call.name for call in INSTANCE.api.updates] == [
        "start",
        "upgrade",
        "edit",
        "convert",
        "renew",
        "setAutoRenew",
        "setAutoMigrate",
        "stop",
    ]


def test_each_call_knows_the_phase_it_needs_and_the_one_it_ends_in() -> None:
    phases = {
        call.name: (call.allowed_phases, call.final_phases) for call in (*INSTANCE.api.updates, INSTANCE.api.delete)
    }
    ready, stopped = frozenset({Phase.READY}), frozenset({Phase.STOPPED})
    assert phases == {
        "start": (stopped, ready),
        "upgrade": (ready | {Phase.FAILED}, ready),
        "edit": (STABLE, STABLE),
        "convert": (STABLE, STABLE),
        "renew": (STABLE, STABLE),
        "setAutoRenew": (STABLE, frozenset()),
        "setAutoMigrate": (STABLE, frozenset()),
        "stop": (ready, stopped),
        "delete": (STABLE | {Phase.CHANGING, Phase.FAILED}, frozenset({Phase.GONE})),
    }


def test_the_transitions_of_billing_each_mean_something_of_their_own() -> None:
    change = INSTANCE.field("billingMode").change
    assert isinstance(change, Cases)
    assert change.cases["onDemand", "monthly"] == By("convert")
    assert isinstance(change.cases["monthly", "onDemand"], Refusal)
    assert isinstance(change.cases["monthly", "spot"], Refusal)
    assert isinstance(change.otherwise, Replaces)
    power = INSTANCE.field("power").change
    assert isinstance(power, Cases)
    assert power.cases == {("running", "stopped"): By("stop"), ("stopped", "running"): By("start")}


def test_what_points_at_other_resources_says_at_which_kind_and_where() -> None:
    assert {field.name: (field.refers, field.refers_at) for field in INSTANCE.fields if field.refers} == {
        "registryAuth": ("registry_auth", ()),
        "networkStorages": ("network_storage", ("*", "storage")),
        "vpc": ("vpc", ()),
        "template": ("template", ()),
    }


# --- schemas --------------------------------------------------------------------------------------------------------

BAD: list[tuple[str, Any]] = [
    ("name", ""),
    ("name", "n" * 256),
    ("type", "tpu"),
    ("product", "RTX 4090"),
    ("product", {}),
    ("product", {"gpu": "a", "cpu": "b"}),
    ("product", {"tpu": "a"}),
    ("gpuCount", 0),
    ("gpuCount", 9),
    ("image", ""),
    ("image", "two words"),
    ("image", "i" * 501),
    ("registryAuth", {"id": ""}),
    ("registryAuth", {"id": "a", "name": "b"}),
    ("registryLogin", {"username": "u"}),
    ("command", "c" * 2048),
    ("env", {"A": 1}),
    ("env", ["A=1"]),
    ("ports", ["80"]),
    ("ports", [80]),
    ("ports", ["80/udp"]),
    ("tools", [{"name": "VSCode", "port": 1, "type": "http"}]),
    ("rootDiskGb", 9),
    ("rootDiskGb", 6145),
    ("rootDiskGb", "80"),
    ("localStorage", {"mountPath": "workspace"}),
    ("localStorage", {}),
    ("networkStorages", [{"storage": "a"}]),
    ("networkStorages", [{"storage": "a", "mountPath": "/a", "size": 1}]),
    ("billingMode", "weekly"),
    ("months", 0),
    ("autoRenew", {"enabled": True, "months": 13}),
    ("autoRenew", {"months": 1}),
    ("autoMigrate", True),
    ("minCudaVersion", "latest"),
    ("minCudaVersion", 12.4),
    ("power", "on"),
    ("keepData", "yes"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_value_beyond_the_limits_does_not_fit_its_schema(name: str, value: Any) -> None:
    assert not Draft202012Validator(INSTANCE.field(name).schema).is_valid(value)


@pytest.mark.parametrize("name", sorted(GPU_SPEC.keys() - {"product"}))
def test_a_value_within_the_limits_fits_its_schema(name: str) -> None:
    schema = INSTANCE.field(name).schema
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(GPU_SPEC[name])


def test_every_field_says_what_it_is_and_where_the_api_has_it() -> None:
    for field in INSTANCE.fields:
        assert field.doc.endswith(".")
        assert field.api
