"""Serverless endpoints: pools of workers that scale, roll over and end."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Final

from novita_infra.simulator.errors import ApiRefusal, invalid, not_allowed
from novita_infra.simulator.world.cloud import storages
from novita_infra.simulator.world.cloud.lifecycles import exit_code, pullable, worker_pull_seconds
from novita_infra.simulator.world.cloud.registry_auths import auth_of
from novita_infra.simulator.world.engine.cloud_records import Endpoint, QueueJob, Worker
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.market import budgets, catalogue, money

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
    "maxFreeTimeout": 1000,
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
REST: Final = (8, 80)
"""The least and the most seconds after the last endpoint was deleted until another can be created."""
JOB_SECONDS: Final = 5.0
RESULTS_KEPT: Final = 6 * 3600.0
"""Seconds for which the result of a job can be read (serverless-gpus-quickstart-create-async-endpoint)."""
LIVE_WORKERS: Final = frozenset({"creating", "running", "failed"})
_ROLLS: Final = (
    "product",
    "gpus",
    "rootfs",
    "cuda",
    "port",
    "image",
    "auth",
    "entrypoint",
    "command",
    "mounts",
    "cluster",
    "envs",
    "health",
    "health_port",
)
"""The fields of an endpoint that its workers are created with. A change of one of them replaces the workers."""


def endpoint_of(world: World, key: str) -> Endpoint:
    """The endpoint with this id. Raises SERVERLESS_ENDPOINT_NOT_FOUND."""
    endpoint = world.endpoints.get(key)
    if endpoint is None:
        raise ApiRefusal("SERVERLESS_ENDPOINT_NOT_FOUND", f"endpoint {key!r} not found")
    return endpoint


def create(world: World, new: Endpoint) -> Endpoint:
    """Creates an endpoint. A refusal changes nothing."""
    product = catalogue.serverless_product(new.product)
    _within("rootfsSize", new.rootfs, "RootfsSize")
    _check(world, new)
    if any(other.app_name == new.app_name for other in world.endpoints if new.app_name):
        raise ApiRefusal("SERVERLESS_APP_NAME_IS_EXIST", f"the app name {new.app_name!r} is taken")
    budgets.check_funds(world)
    if catalogue.free(world, product, "") < new.workers_min * new.gpus:
        raise ApiRefusal("INSUFFICIENT_RESOURCE", f"no {product.name} is free for {new.workers_min} workers")
    new.id = world.new_id("endpoint")
    new.app_name = new.app_name or new.id
    new.name = new.name or new.id
    new.created = new.updated = world.moment
    world.endpoints.add(new)
    _renew_workers(world, new)
    return new


def check_pace(world: World) -> None:
    """Refuses a create soon after another one, and one soon after the last endpoint was deleted.

    The service was seen to give only the message of the latter. Its reason is not known.
    """
    latest = max((other.created for other in world.endpoints), default=0.0)
    if world.moment - latest < world.quirks.endpoint_pause:
        raise ApiRefusal("RATE_LIMIT_EXCEEDED", "too many creates of endpoints")
    if world.moment < world.account.endpoints_from:
        raise ApiRefusal("VALIDATOR_PARAM", "serverless cluster is not active")


def _check(world: World, new: Endpoint) -> None:
    _within("workerConfig.minNum", new.workers_min, "WorkerNum")
    _within("workerConfig.maxNum", new.workers_max, "WorkerNum")
    if new.workers_max < max(new.workers_min, 1):
        raise invalid("workerConfig.maxNum", "must be at least 1 and not below minNum")
    _within("workerConfig.freeTimeout", new.free_timeout, "FreeTimeout")
    _within("workerConfig.maxConcurrent", new.concurrency, "ConcurrencyNum")
    _within("workerConfig.gpuNum", new.gpus, "GPUNum")
    _within("workerConfig.requestTimeout", new.request_timeout, "RequestTimeout")
    _within("policy.value", new.policy_value, "QueueWaitTime" if new.policy == "queue" else "RequestNum")
    if new.cuda not in {"", "any", *LIMITS["cudaVersionList"]}:
        raise invalid("workerConfig.cudaVersion", f"must be one of {', '.join(LIMITS['cudaVersionList'])}")
    if new.auth:
        auth_of(world, new.auth)
    for mount in new.mounts:
        if mount["type"] == "local":
            _within("volumeMounts.size", mount["size"], "LocalVolumeSize")
    network = [mount for mount in new.mounts if mount["type"] == "network"]
    if network and not new.cluster:
        raise invalid("clusterID", "is required where a network storage is mounted")
    if new.cluster:
        catalogue.cluster_of(new.cluster)
    storages.check_mounts(world, network, cluster=new.cluster, field="volumeMounts")


def _within(field: str, value: int, limit: str) -> None:
    low, high = LIMITS[f"min{limit}"], LIMITS[f"max{limit}"]
    if not low <= value <= high:
        raise invalid(field, f"must be between {low} and {high}")


def update(world: World, new: Endpoint) -> None:
    """Replaces everything that can be changed. New workers start before the old ones end."""
    endpoint = endpoint_of(world, new.id)
    if endpoint.state == "deleting":
        raise not_allowed(f"endpoint {new.id} is being deleted")
    new.app_name, new.type = endpoint.app_name, endpoint.type
    if new.product != endpoint.product:
        catalogue.serverless_product(new.product)
    if new.rootfs != endpoint.rootfs:  # an update of v1 names neither
        _within("rootfsSize", new.rootfs, "RootfsSize")
    _check(world, new)
    budgets.check_funds(world)
    rolls = any(getattr(endpoint, name) != getattr(new, name) for name in _ROLLS)
    _check_room(world, endpoint, new, rolls=rolls)
    unchanged = {"id", "created", "ahead", "state", "error", "message", "generation", "workers", "updated"}
    for name in {field.name for field in fields(endpoint)} - unchanged:
        setattr(endpoint, name, getattr(new, name))
    endpoint.updated = world.moment
    world.endpoints.touch(endpoint)
    if rolls:
        endpoint.generation += 1
        endpoint.state = "updating"
        _renew_workers(world, endpoint)
    else:
        _scale(world, endpoint)


def _check_room(world: World, endpoint: Endpoint, new: Endpoint, *, rolls: bool) -> None:
    living = 0 if rolls else len(_living(endpoint))
    product = catalogue.product_of(new.product)
    if catalogue.free(world, product, "") < max(0, new.workers_min - living) * new.gpus:
        raise ApiRefusal("INSUFFICIENT_RESOURCE", f"no {product.name} is free for {new.workers_min} workers")


def _living(endpoint: Endpoint) -> list[Worker]:
    return [worker for worker in endpoint.workers if worker.state in LIVE_WORKERS]


def _renew_workers(world: World, endpoint: Endpoint) -> None:
    """Starts the workers of a new generation."""
    for _ in range(endpoint.workers_min):
        _add_worker(world, endpoint)
    _await_workers(world, endpoint)


def _await_workers(world: World, endpoint: Endpoint, *, spare: bool = False) -> None:
    """Waits for the workers. `spare` ones are there only for jobs, and end when they were idle for long."""
    starts = endpoint.workers_min or spare
    if not pullable(world, endpoint.image) and starts:
        world.expect(world.endpoints, endpoint, [(world.timings.pull_trouble, "!pull-failed")])
        return
    pull = worker_pull_seconds(world, endpoint.image, endpoint.cluster) if starts else 0.0
    end = "!crashed" if exit_code(*_commands(endpoint)) and starts else "!ready"
    idle = [(float(endpoint.free_timeout), "!idle")] if spare else []
    world.expect(world.endpoints, endpoint, [(world.timings.scaling + pull, end), *idle])


def queue_of(world: World, name: str) -> Endpoint:
    """The asynchronous endpoint of a queue: its id, with or without the name of the app. Its jobs are up to date.

    Raises SERVERLESS_ENDPOINT_NOT_FOUND, and OPERATION_LIMIT for a synchronous endpoint.
    """
    named = (one for one in world.endpoints if name in {one.id, f"{one.id}-{one.app_name}"})
    endpoint = next(named, None) or endpoint_of(world, name)
    if endpoint.type != "async":
        raise not_allowed(f"endpoint {endpoint.id} has no queue: it is synchronous")
    endpoint.work_off(world.moment, seconds=JOB_SECONDS)
    endpoint.jobs = [job for job in endpoint.jobs if not job.ends or job.ends > world.moment - RESULTS_KEPT]
    world.endpoints.touch(endpoint)
    return endpoint


def enqueue(world: World, endpoint: Endpoint, payload: Any) -> QueueJob:
    """Adds a job to the queue, and starts a worker for it where there is none and the account can have one."""
    if endpoint.state == "deleting":
        raise not_allowed(f"endpoint {endpoint.id} is being deleted")
    _wake(world, endpoint)
    job = QueueJob(id=world.new_id("queue job"), input=payload, created=world.moment)
    endpoint.jobs.append(job)
    return job


def program_of(world: World, name: str) -> tuple[Endpoint, bool] | None:
    """The synchronous endpoint behind an address, and whether a worker can answer; None where there is none.

    A call starts a worker where there is none and the account can have one.
    """
    endpoint = next((one for one in world.endpoints if name == f"{one.id}-{one.app_name}"), None)
    if endpoint is None or endpoint.type == "async" or endpoint.state == "deleting":
        return None
    _wake(world, endpoint)
    world.endpoints.touch(endpoint)
    return endpoint, any(worker.state == "running" and worker.healthy for worker in endpoint.workers)


def _wake(world: World, endpoint: Endpoint) -> None:
    product = catalogue.product_of(endpoint.product)
    if not _living(endpoint) and endpoint.workers_max and catalogue.free(world, product, "") >= endpoint.gpus:
        budgets.check_funds(world)
        _add_worker(world, endpoint)
        _await_workers(world, endpoint, spare=True)


def _commands(endpoint: Endpoint) -> tuple[str, str]:
    return endpoint.entrypoint, endpoint.command


def _scale(world: World, endpoint: Endpoint) -> None:
    """Adds or removes workers of the same generation."""
    living = _living(endpoint)
    for worker in living[endpoint.workers_max :]:
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
    worker.gpus, worker.product = endpoint.gpus, endpoint.product
    money.begin_worker(world, endpoint, worker)
    endpoint.workers.append(worker)


def _drop_worker(world: World, endpoint: Endpoint, worker: Worker) -> None:
    worker.state, worker.healthy, worker.deleted = "removed", False, int(world.moment)
    catalogue.give_back(world, catalogue.product_of(worker.product or endpoint.product), "", worker.gpus)
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
    if world.quirks.cluster_rests and all(other.state == "deleting" for other in world.endpoints):
        world.account.endpoints_from = world.moment + REST[0] + world.dice(REST[1] - REST[0] + 1, "rest", key)
        world.accounts.touch(world.account)


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
            code = exit_code(*_commands(endpoint))
            _fail_workers(endpoint, "ContainerExited", f"the container exited with code {code}")
        case "!idle":
            endpoint.work_off(world.moment, seconds=JOB_SECONDS)
            for worker in _living(endpoint)[endpoint.workers_min :]:
                _drop_worker(world, endpoint, worker)
        case "!gone":
            world.endpoints.remove(endpoint)


def _fail_workers(endpoint: Endpoint, error: str, message: str) -> None:
    for worker in _living(endpoint):
        if worker.state == "creating":
            worker.state, worker.error, worker.message = "failed", error, message
