"""Drives the client of the official library for serverless workers, PyPI `novita-gpus`: endpoints and their jobs."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from urllib.request import Request, urlopen

import novita_gpus
from harness import KEY, Calls, check


def parts() -> Iterator[str]:
    """The methods of the client, and the names of the rest of the package: it is for code inside of a worker."""
    for name in novita_gpus.__all__:
        member = getattr(novita_gpus, name)
        if inspect.isclass(member):
            for method, _ in inspect.getmembers(member, inspect.isfunction):
                if not method.startswith("_"):
                    yield f"{name}.{method}"
        elif inspect.isfunction(member):
            yield name


def asynchronous_endpoint(calls: Calls) -> str:
    """Creates an endpoint with a queue; the library has no call for it."""
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}

    def ask(path: str, body: object = None) -> dict[str, object]:
        data = None if body is None else json.dumps(body).encode()
        with urlopen(Request(calls.url + path, data, headers)) as answer:  # noqa: S310 -- the loopback
            return dict(json.load(answer))

    products = ask("/gpus/v2/products?type=gpu&category=serverless")["data"]
    assert isinstance(products, list)
    config = {"max_replicas": 1, "min_replicas": 0, "idle_timeout": 300, "gpu_num": 1}
    wanted = {"type": "async", "name": "queue", "image": "nginx:1", "worker_config": config}
    return str(ask("/gpus/v2/endpoints", {**wanted, "product_id": products[0]["id"]})["id"])


def main() -> None:
    calls = Calls()
    endpoint = novita_gpus.Endpoint(asynchronous_endpoint(calls), KEY, f"{calls.url}/v1")
    job = calls.call("Endpoint.run", endpoint.run, {"prompt": "x"})
    check(calls.call("Job.status", job.status) == "PENDING", "it does not wait")
    other = calls.call("Endpoint.run", endpoint.run, {"input": {"prompt": "y"}})
    calls.call("Job.cancel", other.cancel)
    check(other.status() == "CANCELLED", "not cancelled")
    calls.advance(1200)
    calls.call("Job.output", lambda: check(job.output(timeout=2) == {"prompt": "x"}, "another output"))
    check(job.status() == "COMPLETED", "not done")
    calls.call("Endpoint.run", endpoint.run, {"prompt": "z"})
    calls.call("Endpoint.purge_queue", endpoint.purge_queue)
    health = calls.call("Endpoint.health", endpoint.health)
    check(health["jobs"]["completed"] == 1, "not counted")
    client = novita_gpus.HTTPClient(KEY, f"{calls.url}/v1")
    calls.call("HTTPClient.get", client.get, f"{endpoint.endpoint_id}/health")
    calls.call("HTTPClient.post", client.post, f"{endpoint.endpoint_id}/run", {"input": 1})
    calls.end([*parts()])


main()
