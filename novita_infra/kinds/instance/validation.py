"""Checks of an instance's spec that no JSON Schema expresses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from novita_infra.api.json_values import objects_of
from novita_infra.kinds.instance import offers
from novita_infra.kinds.instance.forms import is_cpu
from novita_infra.kinds.instance.timing import time_errors
from novita_infra.kinds.kind import SpecError
from novita_infra.kinds.toolkit.checks import choice_errors, env_errors, mount_errors, port_errors, port_number_errors
from novita_infra.kinds.toolkit.wishes import has_wish
from novita_infra.model.values import Spec


def check(spec: Spec) -> Iterator[SpecError]:
    """The errors of a spec beyond its schema; the limits are those of gpu-instance-create-instance."""
    if spec.get("image") is None and spec.get("template") is None:
        yield SpecError(("image",), "there is no image", "declare image, or a template that has one")
    if "registryAuth" in spec and "registryLogin" in spec:
        yield SpecError(("registryLogin",), "registryAuth is declared too", "use one of them")
    yield from _product_errors(spec)
    yield from _port_errors(spec)
    yield from env_errors(spec.get("env"))
    local = spec.get("localStorage")
    taken = [local.get("mountPath")] if isinstance(local, Mapping) else []
    yield from mount_errors(spec.get("networkStorages"), taken=taken)
    yield from time_errors(spec)
    yield from cpu_errors(spec) if is_cpu(spec) else _billing_errors(spec)


def _product_errors(spec: Spec) -> Iterator[SpecError]:
    product = spec.get("product")
    if not isinstance(product, Mapping):
        return
    yield from offers.offer_errors(spec)
    yield from choice_errors(product, path=("product",))
    keys = sorted({"gpu", "cpu", "id", "anyOf"} & product.keys())
    if len(keys) > 1:
        yield SpecError(
            ("product", keys[1]), f"{keys[0]} is declared too", "a product has one of gpu, cpu, id and anyOf"
        )
    for key in ("cpu", "anyOf") if has_wish(product) else ():
        if key in product:
            hint = "write them into each offer" if key == "anyOf" else "leave them out"
            yield SpecError(
                ("product", key), "minGpuMemoryGb, maxPricePerHour and region are about one GPU product", hint
            )
    for key, other in (("gpu", "cpu"), ("cpu", "gpu")):
        if key in product and spec.get("type") == other:
            yield SpecError(("type",), f"the product is a {key.upper()}", f"leave type out, or say {key}")


def _port_errors(spec: Spec) -> Iterator[SpecError]:
    tools = spec.get("tools")
    numbers = [tool.get("port") for tool in objects_of(tools)] if isinstance(tools, list) else []
    for index, number in enumerate(numbers):
        yield from port_number_errors(number, path=("tools", index, "port"))
        if number in numbers[:index]:
            yield SpecError(
                ("tools", index, "port"), f"port {number} is used twice", "each port number may be used once"
            )
    yield from port_errors(spec.get("ports"), taken=numbers)


_GPU_ONLY: Final = ("gpuCount", "rootDiskGb", "billingMode", "months", "autoRenew", "minCudaVersion")


def cpu_errors(spec: Spec) -> Iterator[SpecError]:
    """The fields that a CPU instance cannot have."""
    for name in _GPU_ONLY:
        if name in spec:
            yield SpecError((name,), "a CPU instance has none", "leave it out (gpu-instance-create-cpu-instance)")


def _billing_errors(spec: Spec) -> Iterator[SpecError]:
    mode = spec.get("billingMode", "onDemand")
    if not isinstance(mode, str):
        return
    if mode == "monthly" and spec.get("months") is None:
        yield SpecError(("billingMode",), "a monthly instance needs months", "add `months: 1`", lacks="months")
    for name in ("months", "autoRenew"):
        if name in spec and mode != "monthly":
            yield SpecError((name,), f"this is only for billingMode monthly, and it is {mode}", "leave one of them out")
