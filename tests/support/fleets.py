"""Random fleets for property tests: resources of every kind that refer to one another and are valid."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

BOOLEANS: st.SearchStrategy[Any] = st.booleans()
"""Typed for `draw`, whose first use in a composite fixes the type of all."""
Resource = tuple[str, str, dict[str, Any]]
CLUSTER = "us-dallas-nas-2"
OTHER_CLUSTER = "us-ca-nas-2"
IMAGES = ("ubuntu:22.04", "pytorch/pytorch:2.4.0")


def _some(draw: st.DrawFn, spec: dict[str, Any], **choices: list[Any]) -> None:
    """Declares each optional field or not, with one of the values."""
    for name, values in choices.items():
        if draw(BOOLEANS):
            spec[name] = draw(st.sampled_from(values))


def _names(draw: st.DrawFn, names: str) -> list[str]:
    return [name for name in names if draw(BOOLEANS)]


@st.composite
def fleets(draw: st.DrawFn) -> list[Resource]:
    """Up to a dozen resources under few names, so that two fleets share some of them, changed or not."""
    found: list[Resource] = []
    auths = _names(draw, "ab")
    found += [("RegistryAuth", n, {"username": draw(st.sampled_from("uv")), "password": "p"}) for n in auths]
    place = draw(st.sampled_from([CLUSTER, CLUSTER, OTHER_CLUSTER]))
    storages = _names(draw, "ab")
    found += [("NetworkStorage", n, {"cluster": place, "sizeGb": 10}) for n in storages]
    networks = _names(draw, "a")
    found += [("VPC", n, {"cluster": place}) for n in networks]
    templates = _names(draw, "a")
    for name in templates:
        template: dict[str, Any] = {"image": draw(st.sampled_from(IMAGES)), "rootDiskGb": 60}
        _some(draw, template, registryAuth=auths or ["none"], command=["sleep 1", "sleep 2"])
        if template.get("registryAuth") == "none":
            del template["registryAuth"]
        found.append(("Template", name, template))
    for name in _names(draw, "a"):
        warm: dict[str, Any] = {"cluster": place, "image": draw(st.sampled_from(IMAGES))}
        _some(draw, warm, note=["n", "m"], **({"registryAuth": auths} if auths else {}))
        found.append(("ImagePrewarm", name, warm))
    machines = _names(draw, "abc")
    for index, name in enumerate(machines):
        found.append(("Instance", name, _machine(draw, auths, storages, networks, templates, machines[:index])))
    for name in _names(draw, "a"):
        found.append(("Endpoint", name, _endpoint(draw, auths, storages, place)))
    return found or [("VPC", "alone", {"cluster": CLUSTER})]


def _machine(
    draw: st.DrawFn,
    auths: list[str],
    storages: list[str],
    networks: list[str],
    templates: list[str],
    earlier: list[str],
) -> dict[str, Any]:
    wishes = [{"gpu": "RTX 4090"}, {"gpu": "L40S"}, {"anyOf": [{"gpu": "H100"}, {"gpu": "RTX 4090"}]}]
    spec: dict[str, Any] = {"product": draw(st.sampled_from(wishes))}
    if templates and draw(BOOLEANS):
        spec["template"] = templates[0]
    else:
        spec["image"] = draw(st.sampled_from(IMAGES))
    _some(
        draw,
        spec,
        command=["sleep 1", "sleep 2"],
        ports=[["80/http"], ["80/http", "22/tcp"]],
        rootDiskGb=[60, 80],
        power=["running", "stopped"],
        env=[{"A": "1"}, {"A": "2", "B": "3"}, *({"A": f"${{instance.{name}.id}}"} for name in earlier)],
        autoMigrate=[{"enabled": True}, {"enabled": False}],
        **({"registryAuth": auths} if auths else {}),
        **({"vpc": networks} if networks else {}),
        **({"networkStorages": [[{"storage": name, "mountPath": "/d"}] for name in storages]} if storages else {}),
    )
    return spec


def _endpoint(draw: st.DrawFn, auths: list[str], storages: list[str], place: str) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "product": {"gpu": "RTX 4090"},
        "image": draw(st.sampled_from(IMAGES)),
        "ports": ["80/http"],
        "healthPath": "/",
        "workers": {"min": 0, "max": 2, "idleTimeout": 60, "maxConcurrency": 1, "requestTimeout": 60},
        "scaling": {"type": "queue", "value": draw(st.sampled_from([1, 5]))},
    }
    _some(draw, spec, env=[{"A": "1"}, {"A": "2"}], **({"registryAuth": auths} if auths else {}))
    if storages and draw(BOOLEANS):
        spec["networkStorages"] = [{"storage": storages[0], "mountPath": "/d"}]
        spec["cluster"] = place
    return spec
