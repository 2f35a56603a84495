"""The requests of an instance, the data that each call loses, and the signs that a call took effect.

A body holds the fields that name the call (`Field.keys`), and what is written here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from novita_infra.api.json_values import filled, int_of
from novita_infra.api.request import GPU, Request, post
from novita_infra.kinds.call import Target
from novita_infra.kinds.instance.fields import FIELDS
from novita_infra.kinds.instance.forms import FREE_ROOT_GB, is_cpu, keeps_data, migration, renewal
from novita_infra.kinds.toolkit.field_keys import body_of
from novita_infra.kinds.toolkit.owner_marks import env_with_mark
from novita_infra.model.resources import Live, Loss, Phase
from novita_infra.model.values import Spec


def _post(operation: str, body: Mapping[str, Any], *, repeatable: bool) -> Request:
    return post(f"{GPU}/gpu/instance/{operation}", body, repeatable=repeatable)


def create(target: Target) -> Request:
    """Creates a GPU or CPU instance (gpu-instance-create-instance, gpu-instance-create-cpu-instance)."""
    spec = target.spec
    body = {
        **body_of(FIELDS, "create", target),
        "productId": spec["product"]["id"],
        "kind": "cpu" if is_cpu(spec) else "gpu",
        "envs": env_with_mark(spec.get("env"), target.mark),
        **({} if is_cpu(spec) else _gpu_part(spec)),
    }
    return _post("create", filled(body), repeatable=False)


def _gpu_part(spec: Spec) -> dict[str, Any]:
    """The part of the create that only GPU instances have (gpu-instance-create-instance)."""
    mode = spec.get("billingMode") or "onDemand"
    renews, months = renewal(spec.get("autoRenew"))
    subscription = {"month": spec.get("months"), "autoRenew": renews, "autoRenewMonth": months if renews else None}
    return {
        "gpuNum": spec.get("gpuCount") or 1,
        "rootfsSize": spec.get("rootDiskGb") or FREE_ROOT_GB,
        "billingMode": mode,
        **(subscription if mode == "monthly" else {}),
    }


def start(target: Target) -> Request:
    """Starts a stopped instance (gpu-instance-start-instance)."""
    return _post("start", {"instanceId": target.id}, repeatable=True)


def stop(target: Target) -> Request:
    """Stops a running instance; it keeps its root disk (gpu-instance-stop-instance)."""
    return _post("stop", {"instanceId": target.id}, repeatable=True)


def restart_container(target: Target) -> Request:
    """Restarts a running instance (gpu-instance-restart-instance). Sent twice, it restarts twice."""
    return _post("restart", {"instanceId": target.id}, repeatable=False)


def move_to_other_node(target: Target) -> Request:
    """Moves an instance to another node; new data on its own disks is lost (gpu-instance-migrate-instance)."""
    return _post("migrate", {"instanceId": target.id}, repeatable=False)


def delete(target: Target) -> Request:
    """Deletes an instance; the service refuses that for monthly ones (gpu-instance-delete-instance)."""
    return _post("delete", {"instanceId": target.id}, repeatable=True)


def upgrade(target: Target) -> Request:
    """Upgrades an instance. All is sent in full: omitted fields are not preserved (gpu-instance-upgrade-instance)."""
    body = {
        "instanceId": target.id,
        **body_of(FIELDS, "upgrade", target),
        "envs": env_with_mark(target.value("env"), target.mark),
        "save": keeps_data(target.spec),
    }
    return _post("upgrade", body, repeatable=True)


def edit(target: Target) -> Request:
    """Sets all ports, and grows the root disk (gpu-instance-edit-instance). All but the growth is sent in full.

    Whether omitted ports are preserved is not documented. The growth is an increment: sent twice, the disk grows twice.
    """
    size = target.spec.get("rootDiskGb") or 0
    growth = size - (target.was("rootDiskGb") or size)
    body = {"instanceId": target.id, **body_of(FIELDS, "edit", target)}
    if growth <= 0:
        return _post("edit", body, repeatable=True)
    return _post("edit", {**body, "expandRootDisk": growth}, repeatable=False)


def convert(target: Target) -> Request:
    """Converts an on-demand instance to a subscription of the months (gpu-instance-change-billing-instance)."""
    body = {"instanceId": target.id, "month": target.spec["months"]}
    return _post("transToMonthlyInstance", body, repeatable=False)


def renew(target: Target) -> Request:
    """Buys the missing months; each call buys (gpu-instance-renewal-instance).

    The API does not return the number of bought months, so the record must hold it: growth from an unknown number is
    refused.
    """
    body = {"instanceId": target.id, "month": target.spec["months"] - target.was("months")}
    return _post("renewInstance", body, repeatable=False)


def buy_months(target: Target) -> Request:
    """Buys the months of the spec on top of what the subscription has (gpu-instance-renewal-instance)."""
    return _post("renewInstance", {"instanceId": target.id, "month": target.spec["months"]}, repeatable=False)


def set_auto_renew(target: Target) -> Request:
    """Sets whether the subscription renews itself (gpu-instance-set-autorenew)."""
    enabled, months = renewal(target.spec.get("autoRenew"))
    body = {"instanceIds": [target.id], "autoRenew": enabled, "autoRenewMonth": months}
    return _post("setAutoRenew", body, repeatable=True)


def set_auto_migrate(target: Target) -> Request:
    """Sets whether it migrates when hardware fails (gpu-instance-set-auto-migrate)."""
    enabled, system_disk = migration(target.spec.get("autoMigrate"))
    body = {"instanceId": target.id, "autoMigrateOpen": enabled, "autoMigrateSystemDisk": system_disk}
    return _post("setAutoMigrate", body, repeatable=True)


def upgrade_losses(target: Target) -> tuple[Loss, ...]:
    """The data that an upgrade loses: that of the container, where keepData is false."""
    if keeps_data(target.spec):
        return ()
    return (Loss("what is on its container disk, because keepData is false", target.was("rootDiskGb")),)


def delete_losses(target: Target) -> tuple[Loss, ...]:
    """The data that a delete loses: both disks of the instance. Network storages remain."""
    return (Loss("what is on its container disk", target.was("rootDiskGb")), *_local(target))


def stop_losses(target: Target) -> tuple[Loss, ...]:
    """The data that a stop loses unless it is started again in time (`keepDataDay`, gpu-instance-get-instance)."""
    days = target.live.outputs.get("dataKeptDays") if target.live else None
    when = "when the service no longer keeps the data of what is stopped"
    if days == 0:
        when = ""
    elif days:
        when = f"{days} day{'' if days == 1 else 's'} after the stop unless it is started again"
    return tuple(replace(loss, when=when) for loss in delete_losses(target))


def migration_losses(target: Target) -> tuple[Loss, ...]:
    """The data that a migration by the service loses: the local disk never moves (gpu-instance-migrate-instance)."""
    enabled, system_disk = migration(target.spec.get("autoMigrate"))
    if not enabled:
        return ()
    when = "whenever the service moves it to other hardware"
    lost = _local(target) if system_disk else delete_losses(target)
    return tuple(replace(loss, when=when) for loss in lost)


def _local(target: Target) -> tuple[Loss, ...]:
    local = target.was("localStorage")
    size = target.live.outputs.get("localDiskGb") if target.live else None
    return (Loss(f"what is on its local disk at {local['mountPath']}", size),) if local else ()


def is_monthly(_: Target, live: Live) -> bool:
    """Whether the conversion took effect."""
    return bool(live.values.get("billingMode") == "monthly")


def on_its_way(target: Target, live: Live) -> bool:
    """Whether the instance is in transition, or was started since: the effect of a restart or a move."""
    before = target.live.started if target.live else 0.0
    return live.phase is Phase.CHANGING or 0 < before < live.started


def end_moved(target: Target, live: Live) -> bool:
    """Whether the subscription ends later than before the call.

    Where the earlier end is unknown, the months count as bought: a missing purchase is easier to correct than a double
    one.
    """
    before = int_of(target.live.outputs.get("endTime")) if target.live else None
    after = int_of(live.outputs.get("endTime"))
    return before is None or (after is not None and after > before)
