"""Drives the unofficial library, PyPI `novita-sdk`: every method of every resource, synchronous and asynchronous."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from typing import Any

from harness import KEY, Calls, check
from novita import AsyncNovitaClient, NovitaClient
from novita.generated import models

IMAGE = "pytorch/pytorch:latest"


def methods(client: Any, prefix: str) -> Iterator[str]:
    """The names of all methods of all resources."""
    for name, resource in vars(client.gpu).items():
        for method, _ in inspect.getmembers(resource, inspect.ismethod):
            if not method.startswith("_"):
                yield f"{prefix}{name}.{method}"


class Driver:
    """One run through all resources."""

    def __init__(self, calls: Calls, client: Any, prefix: str, settle: Callable[[Any], Any]) -> None:
        self.calls = calls
        self.client = client
        self.prefix = prefix
        self.settle = settle

    def ask(self, name: str, /, *args: Any, **values: Any) -> Any:
        resource, method = name.split(".")

        def one() -> Any:
            return self.settle(getattr(getattr(self.client.gpu, resource), method)(*args, **values))

        return self.calls.call(f"{self.prefix}{name}", one)

    def drive(self) -> None:
        clusters = self.ask("clusters.list")
        cluster = next(item for item in clusters if item.support_network_storage and item.support_instance_network)
        check(self.ask("products.list"), "no products")
        products = self.ask("products.list", cluster_id=cluster.id, gpu_num=1, billing_method="onDemand")
        check(self.ask("products.list_cpu"), "no products")
        product = next(item.id for item in products if item.available_deploy)
        for part in (self.registries, self.templates):
            self.calls.call(f"{self.prefix}{part.__name__}", part)
        for each in (self.storages, self.networks, self.prewarms):
            self.calls.call(f"{self.prefix}{each.__name__}", each, cluster.id)
        self.calls.call(f"{self.prefix}instances", self.instances, cluster.id, product)
        self.calls.call(f"{self.prefix}endpoints", self.endpoints)

    def registries(self) -> None:
        self.ask("registries.create", "docker.io", "me", "secret")
        made = self.ask("registries.list")
        self.ask("registries.delete", made[0].id)

    def templates(self) -> None:
        template = {"name": "t", "type": "instance", "channel": "private", "image": IMAGE, "rootfsSize": 60}
        more = {"ports": [{"type": "http", "ports": [80]}], "envs": [], "volumes": [], "readme": "", "startCommand": ""}
        request = models.CreateTemplateRequest.model_validate({"template": {**template, **more}})
        made = self.ask("templates.create", request).template_id
        self.ask("templates.list")
        check(self.ask("templates.get", made).name == "t", "another template")
        self.ask("templates.delete", made)

    def storages(self, cluster: str) -> None:
        request = models.CreateNetworkStorageRequest(clusterId=cluster, storageName="s", storageSize=20)
        self.ask("storages.create", request)
        made = self.ask("storages.list")[0].storage_id
        self.ask("storages.update", models.UpdateNetworkStorageRequest(storageId=made, storageName="t", storageSize=30))
        self.ask("storages.delete", made)

    def networks(self, cluster: str) -> None:
        self.ask("networks.create", models.CreateNetworkRequest(clusterId=cluster, name="n"))
        self.calls.advance(60)
        made = self.ask("networks.list")[0].id
        self.ask("networks.get", made)
        self.ask("networks.update", models.UpdateNetworkRequest(networkId=made, name="m"))
        self.ask("networks.delete", made)

    def prewarms(self, cluster: str) -> None:
        self.ask("image_prewarm.get_quota")
        request = models.CreateImagePrewarmRequest(imageUrl=IMAGE, clusterId=cluster, note="n")
        made = self.ask("image_prewarm.create", request).id
        self.calls.advance(7200)
        check(self.ask("image_prewarm.list"), "no tasks")
        self.ask("image_prewarm.update", made, models.UpdateImagePrewarmRequest(id=made, note="m"))
        self.ask("image_prewarm.delete", made)

    def instances(self, cluster: str, product: str) -> None:
        request = models.CreateInstanceRequest(
            name="i", productId=product, gpuNum=1, rootfsSize=60, imageUrl=IMAGE, kind="gpu", clusterId=cluster
        )
        made = self.ask("instances.create", request).id
        self.calls.advance(1200)
        check(self.ask("instances.list", page_size=10, page_num=0, name="i", status="running"), "it does not run")
        check(self.ask("instances.get", made).name == "i", "another instance")
        self.ask("metrics.get", made)
        edit = models.EditInstanceRequest(instanceId=made, ports=[{"port": 80, "type": "http"}], expandRootDisk=10)
        self.ask("instances.edit", edit)
        for verb in ("stop", "start", "restart", "migrate"):
            self.ask(f"instances.{verb}", made)
            self.calls.advance(1200)
        upgrade = models.UpgradeInstanceRequest.model_validate(
            {
                "instanceId": made,
                "imageUrl": IMAGE,
                "envs": [],
                "command": "",
                "save": True,
                "networkVolume": {"volumeMounts": []},
            }
        )
        self.ask("instances.upgrade", upgrade)
        self.calls.advance(1200)
        job = self.ask("instances.save_image", models.SaveImageRequest(instanceId=made, image="docker.io/me/i:1"))
        check(self.ask("jobs.list"), "no jobs")
        self.ask("jobs.break_job", job)
        self.calls.advance(1200)
        self.ask("instances.convert_to_monthly", made, 1)
        self.ask("instances.renew", made, 1)
        other = self.ask("instances.create", request).id
        self.calls.advance(1200)
        self.ask("instances.delete", other)

    def endpoints(self) -> None:
        self.ask("endpoints.get_limit_ranges")
        path = "/gpus/v2/products?type=gpu&category=serverless"
        product = self.settle(self.client._http_client.get(path)).json()["data"][0]["id"]
        common = {
            "name": "e",
            "workerConfig": {"minNum": 0, "maxNum": 1, "freeTimeout": 300, "maxConcurrent": 1, "gpuNum": 1},
            "policy": {"type": "queue", "value": 60},
            "image": {"image": IMAGE},
            "volumeMounts": [{"type": "local", "size": 30, "mountPath": "/workspace"}],
            "healthy": {"path": "/health"},
        }
        wanted = {**common, "ports": {"port": "80"}, "rootfsSize": 100, "products": [{"id": product}]}
        request = models.CreateEndpointRequest.model_validate({"endpoint": wanted})
        self.ask("endpoints.create", request)
        self.calls.advance(1200)
        made = self.ask("endpoints.list")[0].id
        self.ask("endpoints.get", made)
        lists = {name: [common[name]] for name in ("workerConfig", "policy", "image", "healthy")}
        update = {**common, **lists, "ports": [{"port": "80"}]}
        self.ask("endpoints.update", made, models.UpdateEndpointRequest.model_validate(update))
        self.ask("endpoints.delete", made)
        self.calls.advance(1200)


def main() -> None:
    calls = Calls()
    client = NovitaClient(KEY, base_url=calls.url)
    calls.call("sync", Driver(calls, client, "", lambda result: result).drive)
    with asyncio.Runner() as runner:
        other = AsyncNovitaClient(KEY, base_url=calls.url)
        calls.call("async", Driver(calls, other, "async ", runner.run).drive)
        offered = [*methods(client, ""), *methods(other, "async ")]
    calls.end(offered)


main()
