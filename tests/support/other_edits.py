"""Every edit of the kinds beside the instance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edits import Edit, Subject
from instance_edits import AUTHS, OTHER_PLACE, PLACE, STORAGES

TEMPLATE = Subject(
    kind="template",
    base={"image": "ubuntu:22.04", "rootDiskGb": 60},
    create=("templates.delete", "templates.create"),
    without={
        "name": "it",
        "readme": "",
        "registryAuth": "",
        "command": "",
        "entrypoint": "",
        "ports": [],
        "env": {},
        "minCudaVersion": "",
    },
)
STORAGE = Subject(
    kind="network_storage",
    base={"cluster": PLACE, "sizeGb": 10},
    create=("storages.delete", "storages.create"),
    without={"name": "it"},
)
VPC = Subject(
    kind="vpc", base={"cluster": PLACE}, create=("networks.delete", "networks.create"), without={"name": "it"}
)
AUTH = Subject(
    kind="registry_auth",
    base={"username": "bot", "password": {"fromEnv": "OLD"}},
    create=("registry_auths.save", "registry_auths.delete"),
    without={"name": "it"},
)
PREWARM = Subject(
    kind="image_prewarm",
    base={"image": "ubuntu:22.04", "cluster": PLACE},
    create=("prewarms.delete", "prewarms.create"),
    without={"registryAuth": "", "products": [], "note": ""},
)
WORKERS = {"min": 1, "max": 3, "idleTimeout": 60, "maxConcurrency": 8, "requestTimeout": 600}
ENDPOINT = Subject(
    kind="endpoint",
    base={
        "product": {"gpu": "RTX 4090"},
        "image": "nginx:1.27",
        "ports": ["80/http"],
        "healthPath": "/",
        "workers": WORKERS,
        "scaling": {"type": "queue", "value": 10},
    },
    create=("endpoints.delete", "endpoints.create"),
    without={
        "name": "it",
        "gpuCount": 1,
        "registryAuth": "",
        "command": "",
        "networkStorages": [],
        "localStorage": {},
        "env": {},
    },
)


def other_edits() -> Iterator[Edit]:
    """All of them."""
    yield from _template()
    yield from _storage()
    yield from _vpc()
    yield from _auth()
    yield from _prewarm()
    yield from _endpoint()


def _template() -> Iterator[Edit]:
    update = "templates.update"
    yield from TEMPLATE.three("name", "other", "another", update)
    yield from TEMPLATE.required("image", "ubuntu:22.04", "ubuntu:24.04", update)
    yield from TEMPLATE.three("readme", "# One", "# Two", update)
    yield from TEMPLATE.three("registryAuth", "a", "b", update, around=AUTHS)
    yield from TEMPLATE.three("command", "sleep 1", "sleep 2", update)
    yield from TEMPLATE.three("entrypoint", "/one", "/two", update)
    yield from TEMPLATE.required("rootDiskGb", 60, 80, update)
    yield TEMPLATE.edit("shrink", {"rootDiskGb": 80}, {"rootDiskGb": 60}, update)
    yield from TEMPLATE.three("ports", ["80/http"], ["22/tcp", "80/http"], update)
    yield from TEMPLATE.three("env", {"A": "1", "B": "2"}, {"A": "3"}, update)
    yield TEMPLATE.edit(
        "of a secret",
        {"env": {"A": {"fromEnv": "OLD"}}},
        {"env": {"A": {"fromEnv": "NEW"}}},
        update,
        shows={"env": {"A": "new-secret"}},
    )
    yield from TEMPLATE.three("minCudaVersion", "12.4", "12.6", update)
    several = {"image": "ubuntu:24.04", "readme": "# One", "ports": ["80/http"], "env": {"A": "1"}}
    yield TEMPLATE.edit("one update", {}, several, update)


MACHINE = {"product": {"id": "4090.16c62g"}, "cluster": PLACE, "image": "ubuntu:22.04"}


def _storage() -> Iterator[Edit]:
    update = "storages.update"
    yield from STORAGE.three("name", "other", "another", update)
    yield STORAGE.edit("grow", {"sizeGb": 10}, {"sizeGb": 20}, update)
    yield STORAGE.refused("shrink", {"sizeGb": 20}, {"sizeGb": 10})
    yield STORAGE.refused("below the least", {}, {"sizeGb": 9})
    yield STORAGE.refused("remove", {}, {"sizeGb": None})
    yield STORAGE.edit("one update", {}, {"name": "other", "sizeGb": 20}, update)
    yield STORAGE.refused("all or nothing", {"sizeGb": 20}, {"name": "other", "sizeGb": 10})
    mounts = {**MACHINE, "networkStorages": [{"storage": "it", "mountPath": "/data"}]}
    yield from STORAGE.found(PLACE, OTHER_PLACE, *STORAGE.create, beside=("Instance", "by", mounts))
    yield STORAGE.edit("to a name", {}, {"cluster": "Singapore"}, *STORAGE.create, shows={"cluster": "as-sgp-2"})
    yield STORAGE.refused("to one without storages", {}, {"cluster": "us-ca-6"})
    smaller = {"cluster": OTHER_PLACE, "sizeGb": 20, "name": "other"}
    yield STORAGE.edit("made anew", {"sizeGb": 10}, smaller, *STORAGE.create)


def _vpc() -> Iterator[Edit]:
    yield from VPC.three("name", "other", "another", "networks.update")
    yield VPC.refused("too long", {}, {"name": "n" * 31})
    yield from VPC.found(PLACE, OTHER_PLACE, *VPC.create, beside=("Instance", "by", {**MACHINE, "vpc": "it"}))
    yield VPC.refused("to one without networks", {}, {"cluster": "eu-de-1"})
    yield VPC.edit("made anew", {}, {"cluster": OTHER_PLACE, "name": "other"}, *VPC.create)


def _auth() -> Iterator[Edit]:
    """A credential is never edited: the new one comes first, then the old one goes."""
    anew = AUTH.create
    yield from AUTH.three("name", "other", "another", *anew)
    yield from AUTH.required("username", "bot", "robot", *anew)
    new = {"password": {"fromEnv": "NEW"}}
    yield AUTH.edit("change", {}, new, *anew, shows={"password": "new-secret"})
    yield AUTH.refused("remove", {}, {"password": None})
    yield AUTH.edit("made anew", {}, {**new, "name": "other"}, *anew, shows={"password": "new-secret", "name": "other"})


def _prewarm() -> Iterator[Edit]:
    yield from PREWARM.required("image", "ubuntu:22.04", "ubuntu:24.04", *PREWARM.create)
    yield from PREWARM.required("cluster", PLACE, OTHER_PLACE, *PREWARM.create)
    yield from PREWARM.three("registryAuth", "a", "b", *PREWARM.create, around=AUTHS)
    yield from PREWARM.three("products", ["26"], ["L40S.16c96g"], *PREWARM.create)
    named = {"products": ["L40S"]}
    yield PREWARM.edit("to a name", {"products": ["26"]}, named, *PREWARM.create, shows={"products": ["L40S.16c96g"]})
    yield PREWARM.refused("to an unknown name", {}, {"products": ["RTX 9999"]})
    yield from PREWARM.three("note", "one", "two", "prewarms.edit")
    yield PREWARM.edit("made anew", {}, {"note": "one", "image": "ubuntu:24.04"}, *PREWARM.create)


def _endpoint() -> Iterator[Edit]:
    update = "endpoints.update"
    yield from ENDPOINT.three("name", "other", "another", update)
    yield from ENDPOINT.two("appName", "chat", "talk", *ENDPOINT.create)
    product = {"product": {"gpu": "L40S"}}
    yield ENDPOINT.edit("to another name", {}, product, *ENDPOINT.create, shows={"product": "SL-serverless-3"})
    by_id = {"product": {"id": "SL-serverless-2"}}
    yield ENDPOINT.edit("to an id", {}, by_id, *ENDPOINT.create, shows={"product": "SL-serverless-2"})
    yield ENDPOINT.refused("remove", {}, {"product": None})
    yield from ENDPOINT.three("gpuCount", 2, 4, update)
    yield ENDPOINT.refused("too many", {}, {"gpuCount": 9})
    numbers: dict[str, int] = {"min": 2, "max": 5, "idleTimeout": 30, "maxConcurrency": 4, "requestTimeout": 60}
    for key, number in numbers.items():
        yield ENDPOINT.edit(f"of {key}", {}, {"workers": {**WORKERS, key: number}}, update)
    yield ENDPOINT.edit("to none", {}, {"workers": {**WORKERS, "min": 0}}, update)
    yield ENDPOINT.edit("from none", {"workers": {**WORKERS, "min": 0}}, {"workers": WORKERS}, update)
    yield ENDPOINT.refused("more than max", {}, {"workers": {**WORKERS, "min": 9}})
    yield ENDPOINT.refused("remove", {}, {"workers": None})
    yield from ENDPOINT.two("minCudaVersion", "12.4", "12.6", update)
    yield ENDPOINT.refused("to an unknown one", {}, {"minCudaVersion": "99.9"})
    yield from ENDPOINT.required("ports", ["80/http"], ["8000/http"], update)
    yield ENDPOINT.edit("of the type", {}, {"scaling": {"type": "concurrency", "value": 10}}, update)
    yield from ENDPOINT.required("scaling", {"type": "queue", "value": 10}, {"type": "queue", "value": 20}, update)
    yield from ENDPOINT.required("image", "nginx:1.27", "nginx:1.28", update)
    yield from ENDPOINT.three("registryAuth", "a", "b", update, around=AUTHS)
    yield from ENDPOINT.three("command", "serve one", "serve two", update)
    yield from ENDPOINT.two("rootDiskGb", 120, 150, *ENDPOINT.create)
    yield ENDPOINT.edit("shrink", {"rootDiskGb": 150}, {"rootDiskGb": 120}, *ENDPOINT.create)
    yield from _endpoint_mounts()
    yield from ENDPOINT.two("cluster", PLACE, OTHER_PLACE, update)
    yield from ENDPOINT.three("env", {"A": "1", "B": "2"}, {"A": "3"}, update)
    yield ENDPOINT.edit(
        "of a secret",
        {"env": {"A": {"fromEnv": "OLD"}}},
        {"env": {"A": {"fromEnv": "NEW"}}},
        update,
        shows={"env": {"A": "new-secret"}},
    )
    yield from ENDPOINT.required("healthPath", "/", "/health", update)
    several = {"image": "nginx:1.28", "env": {"A": "1"}, "ports": ["8000/http"], "healthPath": "/health"}
    yield ENDPOINT.edit("one update", {}, several, update)
    yield ENDPOINT.edit("made anew", {}, {**several, "appName": "chat"}, *ENDPOINT.create)


def _endpoint_mounts() -> Iterator[Edit]:
    update = "endpoints.update"
    first, second = ([{"storage": name, "mountPath": "/d"}] for name in ("data", "more"))
    here: dict[str, Any] = {"cluster": PLACE}
    mounts = [{**here, "networkStorages": mounts} for mounts in (first, second)]
    for title, before, after in (
        ("add", here, mounts[0]),
        ("change", mounts[0], mounts[1]),
        ("remove", mounts[1], here),
    ):
        yield ENDPOINT.edit(title, before, after, update, around=STORAGES)
    yield ENDPOINT.edit(
        "into its cluster", {}, {"networkStorages": first}, update,
        shows={"networkStorages": first, **here}, around=STORAGES,
    )  # fmt: skip
    disks = [{"sizeGb": size, "mountPath": "/scratch"} for size in (30, 50)]
    yield from ENDPOINT.three("localStorage", disks[0], disks[1], update)
    both = {**mounts[0], "localStorage": disks[0]}
    yield ENDPOINT.edit("one update", here, both, update, around=STORAGES)
