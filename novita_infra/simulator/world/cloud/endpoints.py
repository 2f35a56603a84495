"""Serverless endpoints: pools of workers that scale, roll over and end."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Final

from novita_infra.simulator.errors import ApiRefusal, invalid, not_allowed
from novita_infra.simulator.world.cloud import storages
from novita_infra.simulator.world.cloud.lifecycles import exit_code, pull_seconds, pullable
from novita_infra.simulator.world.cloud.registry_auths import auth_of
from novita_infra.simulator.world.engine.cloud_records import Endpoint, Worker
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.market import catalogue, money

LIMITS: Final[dict[str, Any]] = {
    "minRootfsSize": 10,
    "maxRootfsSize": 500,
    "freeRootfsSize": 100,
    "minLocalVolumeSize": 10,
    "maxLocalVolumeSize": 500,
    "freeLocalVolumeSize": 30,
    "minWorkerNum": 0,
    "maxWorkerNum": 50,
    "minFreeTimeout": 1,
    "maxFreeTimeout": 3600,
    "minConcurrencyNum": 1,
    "maxConcurrencyNum": 1000,
    "minQueueWaitTime": 1,
    "maxQueueWaitTime": 3600,
    "minRequestNum": 1,
    "maxRequestNum": 1000,
    "minGPUNum": 1,
    "maxGPUNum": 8,
    "minRequestTimeout": 1,
    "maxRequestTimeout": 86_400,
    "cudaVersionList": ["11.8", "12.1", "12.4", "12.6", "12.8"],
}
"""The limits of one account. The reference has the names and leaves the numbers to the account."""
LIVE_WORKERS: Final = frozenset({"creating", "running", "failed"})
_ROLLS: Final = ("gpus", "cuda", "port", "image", "auth", "command", "mounts", "cluster", "envs", "health")
"""The fields of an endpoint that its workers are created with. A change of one of them replaces the workers."""


def endpoint_of(world: World, key: str) -> Endpoint:
    """The endpoint with this id. Raises SERVERLESS_ENDPOINT_NOT_FOUND."""
    found = world.endpoints.get(key)
    if found is None:
        raise ApiRefusal("SERVERLESS_ENDPOINT_NOT_FOUND", f"endpoint {key!r} not found")
    return found


def create(world: World, wish: Endpoint) -> Endpoint:
    """Creates an endpoint. A refusal changes nothing."""
    product = catalogue.serverless_product(wish.product)
    _check(world, wish)
    _within("rootfsSize", wish.rootfs, "RootfsSize")
    if any(other.app_name == wish.app_name for other in world.endpoints if wish.app_name):
        raise ApiRefusal("SERVERLESS_APP_NAME_IS_EXIST", f"the app name {wish.app_name!r} is taken")
    money.check_funds(world)
    if catalogue.free(world, product, "") < wish.workers_min * wish.gpus:
        raise ApiRefusal("INSUFFICIENT_RESOURCE", f"no {product.name} is free for {wish.workers_min} workers")
    wish.id = world.new_id("endpoint")
    wish.app_name = wish.app_name or wish.id
    wish.name = wish.name or wish.id
    wish.created = wish.updated = world.moment
    world.endpoints.add(wish)
    _renew_workers(world, wish)
    return wish


def _check(world: World, wish: Endpoint) -> None:
    _within("workerConfig.minNum", wish.workers_min, "WorkerNum")
    _within("workerConfig.maxNum", wish.workers_max, "WorkerNum")
    if wish.workers_max < max(wish.workers_min, 1):
        raise invalid("workerConfig.maxNum", "must be at least 1 and not below minNum")
    _within("workerConfig.freeTimeout", wish.free_timeout, "FreeTimeout")
    _within("workerConfig.maxConcurrent", wish.concurrency, "ConcurrencyNum")
    _within("workerConfig.gpuNum", wish.gpus, "GPUNum")
    _within("workerConfig.requestTimeout", wish.request_timeout, "RequestTimeout")
    _within("policy.value", wish.policy_value, "QueueWaitTime" if wish.policy == "queue" else "RequestNum")
    if wish.cuda not in {"", "any", *LIMITS["cudaVersionList"]}:
        raise invalid("workerConfig.cudaVersion", f"must be one of {', '.join(LIMITS['cudaVersionList'])}")
    if wish.auth:
        auth_of(world, wish.auth)
    for mount in wish.mounts:
        if mount["type"] == "local":
            _within("volumeMounts.size", mount["size"], "LocalVolumeSize")
    network = [mount for mount in wish.mounts if mount["type"] == "network"]
    if network and not wish.cluster:
        raise invalid("clusterID", "is required where a network storage is mounted")
    if wish.cluster:
        catalogue.cluster_of(wish.cluster)
    storages.check_mounts(world, network, cluster=wish.cluster, field="volumeMounts")


def _within(field: str, value: int, limit: str) -> None:
    low, high = LIMITS[f"min{limit}"], LIMITS[f"max{limit}"]
    if not low <= value <= high:
        raise invalid(field, f"must be between {low} and {high}")


def update(world: World, wish: Endpoint) -> None:
    """Replaces everything that can be changed. New workers start before the old ones end."""
    found = endpoint_of(world, wish.id)
    if found.state == "deleting":
        raise not_allowed(f"endpoint {wish.id} is being deleted")
    wish.app_name, wish.product, wish.rootfs = found.app_name, found.product, found.rootfs
    _check(world, wish)
    money.check_funds(world)
    rolls = any(getattr(found, name) != getattr(wish, name) for name in _ROLLS)
    _check_room(world, found, wish, rolls=rolls)
    kept = {"id", "created", "ahead", "state", "error", "message", "generation", "workers", "updated"}
    for name in {field.name for field in fields(found)} - kept:
        setattr(found, name, getattr(wish, name))
    found.updated = world.moment
    world.endpoints.touch(found)
    if rolls:
        found.generation += 1
        found.state = "updating"
        _renew_workers(world, found)
    else:
        _scale(world, found)


def _check_room(world: World, found: Endpoint, wish: Endpoint, *, rolls: bool) -> None:
    there = 0 if rolls else len(_living(found))
    product = catalogue.product_of(found.product)
    if catalogue.free(world, product, "") < max(0, wish.workers_min - there) * wish.gpus:
        raise ApiRefusal("INSUFFICIENT_RESOURCE", f"no {product.name} is free for {wish.workers_min} workers")


def _living(endpoint: Endpoint) -> list[Worker]:
    return [worker for worker in endpoint.workers if worker.state in LIVE_WORKERS]


def _renew_workers(world: World, endpoint: Endpoint) -> None:
    """Starts the workers of a new generation."""
    for _ in range(endpoint.workers_min):
        _add_worker(world, endpoint)
    _await_workers(world, endpoint)


def _await_workers(world: World, endpoint: Endpoint) -> None:
    if not pullable(world, endpoint.image) and endpoint.workers_min:
        world.expect(world.endpoints, endpoint, [(world.timings.pull_trouble, "!pull-failed")])
        return
    pull = pull_seconds(world, endpoint.image, endpoint.cluster) if endpoint.workers_min else 0.0
    end = "!crashed" if exit_code(endpoint.command) and endpoint.workers_min else "!ready"
    world.expect(world.endpoints, endpoint, [(world.timings.scaling + pull, end)])


def _scale(world: World, endpoint: Endpoint) -> None:
    """Adds or removes workers of the same generation."""
    there = _living(endpoint)
    for worker in there[endpoint.workers_max :]:
        _drop_worker(world, endpoint, worker)
    missing = endpoint.workers_min - len(_living(endpoint))
    for _ in range(missing):
        _add_worker(world, endpoint)
    if missing > 0:
        _await_workers(world, endpoint)
    elif missing < 0 and not endpoint.ahead:
        world.expect(world.endpoints, endpoint, [(endpoint.free_timeout, "!idle")])


def _add_worker(world: World, endpoint: Endpoint) -> None:
    worker = Worker(id=world.new_id("worker"), generation=endpoint.generation, created=int(world.moment))
    product = catalogue.product_of(endpoint.product)
    catalogue.take(world, product, "", endpoint.gpus)
    worker.gpus = endpoint.gpus
    money.begin_worker(world, endpoint, worker)
    endpoint.workers.append(worker)


def _drop_worker(world: World, endpoint: Endpoint, worker: Worker) -> None:
    worker.state, worker.healthy, worker.deleted = "removed", False, int(world.moment)
    catalogue.give_back(world, catalogue.product_of(endpoint.product), "", worker.gpus)
    money.end_worker(world, worker)


def delete(world: World, key: str) -> None:
    """Starts the removal of an endpoint and of all its workers."""
    endpoint = endpoint_of(world, key)
    if endpoint.state == "deleting":
        return
    endpoint.state = "deleting"
    for worker in _living(endpoint):
        _drop_worker(world, endpoint, worker)
    world.expect(world.endpoints, endpoint, [(world.timings.endpoint_removing, "!gone")])


def starve(world: World, endpoint: Endpoint) -> None:
    """Removes all workers, because the account cannot pay."""
    if endpoint.state == "deleting":
        return
    for worker in _living(endpoint):
        _drop_worker(world, endpoint, worker)
    world.expect(world.endpoints, endpoint, [])


def revive(world: World, endpoint: Endpoint) -> None:
    """Starts workers again after a payment."""
    if endpoint.state == "deleting":
        return
    for _ in range(endpoint.workers_min - len(_living(endpoint))):
        _add_worker(world, endpoint)
    _await_workers(world, endpoint)


def shown_workers(world: World, endpoint: Endpoint) -> list[Worker]:
    """The workers in answers. Removed ones remain for ten minutes."""
    since = world.moment - world.timings.worker_kept
    return [worker for worker in endpoint.workers if not worker.deleted or worker.deleted > since]


def on_event(world: World, endpoint: Endpoint, event: str) -> None:
    """Handles the next event of an endpoint: workers are ready or have failed, or the endpoint is gone."""
    match event:
        case "!ready":
            for worker in _living(endpoint):
                if worker.generation != endpoint.generation:
                    _drop_worker(world, endpoint, worker)
                elif worker.state == "creating":
                    worker.state, worker.healthy, worker.ready = "running", True, int(world.moment)
            endpoint.state, endpoint.error, endpoint.message = "serving", "", ""
            endpoint.workers = shown_workers(world, endpoint)
        case "!pull-failed":
            _fail_workers(endpoint, "ImagePullFailed", f"image {endpoint.image} cannot be pulled: manifest unknown")
        case "!crashed":
            code = exit_code(endpoint.command)
            _fail_workers(endpoint, "ContainerExited", f"the container exited with code {code}")
        case "!idle":
            for worker in _living(endpoint)[endpoint.workers_min :]:
                _drop_worker(world, endpoint, worker)
        case "!gone":
            world.endpoints.remove(endpoint)


def _fail_workers(endpoint: Endpoint, error: str, message: str) -> None:
    for worker in _living(endpoint):
        if worker.state == "creating":
            worker.state, worker.error, worker.message = "failed", error, message
