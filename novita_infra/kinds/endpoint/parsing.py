"""From the API's answers to a live endpoint with its workers, whatever form numbers and lists have.

It never raises: missing values and values of another type are omitted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from novita_infra.api.json_values import created_in, filled, flag_of, int_of, object_of, objects_of, text_of, texts_of
from novita_infra.kinds.kind import Circumstances, PlatformEvent
from novita_infra.kinds.toolkit.owner_marks import env_without_mark, mark_of_env
from novita_infra.kinds.toolkit.translation import ports_of, storages_of
from novita_infra.model.diagnostics import first_of
from novita_infra.model.lifecycle import Cause
from novita_infra.model.records import Record
from novita_infra.model.resources import Live, LiveWorker, LogAddresses, Phase
from novita_infra.model.values import Value

WORKER_KEYS: Final = {
    "min": "minNum",
    "max": "maxNum",
    "idleTimeout": "freeTimeout",
    "maxConcurrency": "maxConcurrent",
    "requestTimeout": "requestTimeout",
}
"""The keys of the field `workers` in `workerConfig` (serverless-create-endpoint)."""

_PHASES: Final = {
    "serving": Phase.READY,
    "running": Phase.READY,
    "stopped": Phase.STOPPED,
    "failed": Phase.FAILED,
    "error": Phase.FAILED,
    "terminating": Phase.LEAVING,
    "deleting": Phase.LEAVING,
    "removing": Phase.LEAVING,
    "removed": Phase.GONE,
    "deleted": Phase.GONE,
}
"""The reference has `serving`, v2 has `running`; a client in production met the others."""
_NAMED: Final = 3
"""The most workers that a message names for the same trouble."""
_FAILURES: Final = ("fail", "error", "crash")
"""Parts of the words for the state of a failed worker."""


def new_id(answer: Any) -> str:
    """The id in `{"id": ...}` (serverless-create-endpoint), or of the endpoint itself."""
    return text_of((unwrap(answer) or {}).get("id"))


def unwrap(answer: Any) -> Mapping[str, Any] | None:
    """The endpoint under `endpoint`, or the answer itself where it is one."""
    whole = object_of(answer)
    return object_of(whole.get("endpoint")) or (whole if text_of(whole.get("id")) else None)


def parse(item: Mapping[str, Any]) -> Live:
    """The live endpoint. It is ready when it serves and its minimum of workers run and are healthy."""
    status, error = _state_of(item.get("state"))
    workers = [worker for worker in map(_worker_of, objects_of(item.get("workers"))) if worker.status != "removed"]
    ready = sum(worker.ready for worker in workers)
    values = _values_of(item)
    phase = _PHASES.get(status.lower(), Phase.CHANGING)
    if phase is Phase.READY and ready < values.get("workers", {}).get("min", 0):
        phase = Phase.CHANGING
    complaints = [error, *_complaints(workers)]
    logs = [worker.log for worker in sorted(workers, key=lambda worker: not worker.trouble) if not worker.ready]
    id, log = text_of(item.get("id")), text_of(item.get("log"))
    shown = {"id": id, "url": text_of(item.get("url")), "appName": text_of(item.get("appName")), "state": status}
    return Live(
        id=id,
        name=text_of(item.get("name")),
        phase=phase,
        status=status,
        values=values,
        outputs={**filled(shown), "workers": len(workers), "readyWorkers": ready},
        # A worker that cannot start keeps the endpoint unready, though the endpoint itself shows no error.
        trouble="" if phase is Phase.READY else "; ".join(filter(None, complaints)),
        mark=mark_of_env(item.get("envs")),
        created=created_in(item),
        workers=tuple(workers),
        stuck=phase is Phase.CHANGING and bool(workers) and all(worker.failed for worker in workers),
        logs=LogAddresses(program=log, explaining=tuple(filter(None, (*logs, log)))),
    )


def platform_event(record: Record, live: Live | None, circumstances: Circumstances) -> PlatformEvent | None:
    """The event of an account in arrears: no workers until a payment, then they return (the serverless guide)."""
    del record
    if live is None or not circumstances.in_arrears or live.phase is not Phase.CHANGING or live.outputs.get("workers"):
        return None
    return PlatformEvent(Cause.ARREARS, "it has no workers until the account is paid", temporary=True)


def workers_agree(declared: Value, live: Value) -> bool:
    """Whether all that the answer holds about the workers is as declared; older answers omit the time-out."""
    if not isinstance(declared, Mapping) or not isinstance(live, Mapping):
        return False
    return all(live.get(name, value) == value for name, value in declared.items())


def _worker_of(item: Mapping[str, Any]) -> LiveWorker:
    """One worker. A draining worker (`drain`) still answers, but does not count as ready.

    No page says how a worker fails. It counts as failed where its state says so with a reason, and it is not healthy.
    """
    status, trouble = _state_of(item.get("state"))
    word, healthy = status.lower(), flag_of(item.get("healthy"))
    return LiveWorker(
        text_of(item.get("id")),
        word,
        ready=word == "running" and healthy and not flag_of(item.get("drain")),
        failed=any(part in word for part in _FAILURES) and bool(trouble) and not healthy,
        trouble=trouble,
        log=text_of(item.get("log")),
    )


def _complaints(workers: Sequence[LiveWorker]) -> Iterator[str]:
    """The troubles of the workers, each once with the workers that have it."""
    troubled: dict[str, list[str]] = {}
    for worker in workers:
        if worker.trouble:
            troubled.setdefault(worker.trouble, []).append(worker.id)
    for trouble, ids in troubled.items():
        yield f"worker{'s' if len(ids) > 1 else ''} {first_of(ids, _NAMED)}: {trouble}"


def _state_of(value: Any) -> tuple[str, str]:
    """The word of a state, and its error."""
    state = object_of(value)
    errors = (text_of(state.get("error")), text_of(state.get("message")))
    return text_of(value) or text_of(state.get("state")), ": ".join(filter(None, dict.fromkeys(errors)))


def _values_of(item: Mapping[str, Any]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for key, read in _SHOWN.items():
        if key in item:
            values |= read(item[key])
    return values


def _worker_config(value: Any) -> dict[str, Value]:
    """Some of the numbers come as text (serverless-get-endpoint)."""
    config = object_of(value)
    workers = {name: int_of(config.get(key)) for name, key in WORKER_KEYS.items()}
    own = {"gpuCount": int_of(config.get("gpuNum")), "minCudaVersion": text_of(config.get("cudaVersion"))}
    return filled({"workers": filled(workers), **own})


def _image(value: Any) -> dict[str, Value]:
    image = object_of(value)
    known = {"registryAuth": text_of(image.get("authId")), "command": text_of(image.get("command"))}
    return filled({"image": text_of(image.get("image"))}) | known


def _mounts(value: Any) -> dict[str, Value]:
    local = next((item for item in objects_of(value) if item.get("type") == "local"), {})
    disk = {"sizeGb": int_of(local.get("size")), "mountPath": text_of(local.get("mountPath"))}
    return {"networkStorages": storages_of(value), "localStorage": filled(disk)}


def _policy(value: Any) -> dict[str, Value]:
    policy = object_of(value)
    return filled({"scaling": filled({"type": text_of(policy.get("type")), "value": int_of(policy.get("value"))})})


_SHOWN: Final[Mapping[str, Callable[[Any], dict[str, Value]]]] = {
    "name": lambda value: filled({"name": text_of(value)}),
    "appName": lambda value: filled({"appName": text_of(value)}),
    "products": lambda value: filled({"product": filled({"id": text_of(object_of(value).get("id"))})}),
    "workerConfig": _worker_config,
    "ports": lambda value: filled({"ports": ports_of(value)}),
    "policy": _policy,
    "image": _image,
    "rootfsSize": lambda value: filled({"rootDiskGb": int_of(value)}),
    "volumeMounts": _mounts,
    "clusterIDs": lambda value: filled({"cluster": next(iter(texts_of(value)), "")}),
    "clusterID": lambda value: filled({"cluster": text_of(value)}),
    "envs": lambda value: {"env": env_without_mark(value)},
    "healthy": lambda value: filled({"healthPath": text_of(object_of(value).get("path"))}),
}
"""By key of the answer: from its value to fields of the spec."""
