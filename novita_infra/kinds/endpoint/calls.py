"""The requests of an Endpoint: create, update, delete; and the data that a delete loses."""

from __future__ import annotations

from typing import Any

from novita_infra.api.json_values import filled
from novita_infra.api.request import GPU, Request, post
from novita_infra.kinds.call import Target
from novita_infra.kinds.endpoint import parsing, prices
from novita_infra.kinds.toolkit.owner_marks import env_with_mark
from novita_infra.kinds.toolkit.translation import port_of, storage_mounts
from novita_infra.model.resources import Loss


def create(target: Target) -> Request:
    """Creates an endpoint (serverless-create-endpoint)."""
    own = {
        "name": target.value("name"),
        "appName": target.value("appName"),
        "products": [{"id": target.value("product", {}).get("id")}],
        "rootfsSize": target.value("rootDiskGb", prices.ROOT_GB),
        # A client in production names the cluster in this list; the reference has `clusterID`, and both are sent.
        "clusterIDs": [target.value("cluster")] if target.value("cluster") else None,
    }
    return post(f"{GPU}/endpoint/create", {"endpoint": {**filled(own), **_settings(target)}})


def update(target: Target) -> Request:
    """Updates an endpoint: flat and in full, as omitted fields may be cleared (serverless-update-endpoint)."""
    body = {"id": target.id, **filled({"name": target.value("name")}), **_settings(target)}
    return post(f"{GPU}/endpoint/update", body, repeatable=True)


def delete(target: Target) -> Request:
    """Deletes an endpoint. The reference sends the id as `name`, a client in production as `id`; this sends both."""
    return post(f"{GPU}/endpoint/delete", {"name": target.id, "id": target.id}, repeatable=True)


def _settings(target: Target) -> dict[str, Any]:
    """The part of the body that a create and an update share."""
    workers = target.value("workers", {})
    local = target.value("localStorage") or {}
    mounts: list[dict[str, Any]] = [*storage_mounts(target.value("networkStorages"))]
    if local:
        mounts.append({"type": "local", "size": local["sizeGb"], "mountPath": local["mountPath"]})
    image = {
        "image": target.value("image"),
        "authId": target.value("registryAuth"),
        "command": target.value("command"),
    }
    return {
        "workerConfig": {
            **{key: workers[name] for name, key in parsing.WORKER_KEYS.items() if name in workers},
            "gpuNum": target.value("gpuCount", 1),
            **filled({"cudaVersion": target.value("minCudaVersion")}),
        },
        # The port is a text in the reference and in the vendor's own client.
        "ports": [{"port": str(port_of(port)[0])} for port in target.value("ports", ())],
        "policy": target.value("scaling"),
        "image": {name: value for name, value in image.items() if value is not None},
        "volumeMounts": mounts,
        "envs": env_with_mark(target.value("env"), target.mark),
        "healthy": {"path": target.value("healthPath")},
        **filled({"clusterID": target.value("cluster")}),
    }


def worker_losses(target: Target) -> tuple[Loss, ...]:
    """The disks of the workers. Each disk is lost with its worker anyway, whenever the load no longer needs it."""
    root, local = target.was("rootDiskGb"), target.was("localStorage") or {}
    when = "as with every worker that is released"
    disks = [Loss("what is on the container disk of each worker", root, when)]
    if local:
        disks.append(Loss("what is on the local disk of each worker", local.get("sizeGb"), when))
    return tuple(disks)
