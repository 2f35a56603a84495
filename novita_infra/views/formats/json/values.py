"""Values, addresses and outputs in Terraform's JSON. A secret becomes `(secret)`, and is marked. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

from novita_infra.model.addresses import Address
from novita_infra.model.values import PLAIN, Computation, Digest, Ref, Secret, Spec, Value, is_known, is_secret, leaves

PROVIDER: Final = "novita"

Json: TypeAlias = dict[str, Any]


def json_text(data: Any, *, indent: int | None = None) -> str:
    """The data as JSON in printable ASCII, which moves nothing on a terminal."""
    return json.dumps(data, indent=indent).replace("\x7f", "\\u007f")


def resource(address: Address, known: Spec) -> Json:
    """A resource with its values."""
    return {
        **named(address),
        "provider_name": PROVIDER,
        "schema_version": 0,
        "values": shown_json(known),
        "sensitive_values": marked(known, sensitive) or {},
    }


def named(address: Address) -> Json:
    """The parts of an address; `index` is the key of a `forEach`."""
    return {
        "address": str(address),
        **({"module_address": address.module} if address.module else {}),
        "mode": "managed",
        "type": address.type,
        "name": address.name,
        **({"index": address.key} if address.key else {}),
    }


def root_module(resources: Iterable[Json]) -> Json:
    """The resources of the project, and those of its modules inside of `child_modules`, as Terraform has them."""
    root: Json = {"resources": []}
    modules: dict[str, Json] = {"": root}

    def module(address: str) -> Json:
        if address not in modules:
            around = module(Address.parse(address).module)
            modules[address] = {"address": address, "resources": []}
            around.setdefault("child_modules", []).append(modules[address])
        return modules[address]

    for item in resources:
        inside = {name: part for name, part in item.items() if name != "module_address"}
        module(item.get("module_address", ""))["resources"].append(inside)
    return root


def values(id_: str, spec: Spec) -> Spec:
    """The spec with the id as Terraform has it: one attribute among the others."""
    return {"id": id_, **spec} if id_ else spec


def shown_json(value: Value) -> Value:
    """The value as JSON: a secret by the word, an unknown part as null (and left out of a map)."""
    if isinstance(value, PLAIN):
        return value  # as most are
    match value:
        case Secret() | Digest():
            return "(secret)"
        case Computation() if is_secret(value):
            return "(secret)"
        case Ref() | Computation():
            return None
        case Mapping():
            return {
                str(name): shown_json(item)
                for name, item in value.items()
                if not isinstance(item, (Ref, Computation)) or is_secret(item)
            }
        case list() | tuple():
            return [shown_json(item) for item in value]
        case _:
            return value


def marked(value: Value, holds: Any) -> Any:
    """The twin of a value: true at the leaves for which `holds` is true. False without any such leaf."""
    if isinstance(value, PLAIN):
        return bool(holds(value))  # as most are
    match value:
        case Mapping():
            inside = {str(name): mark for name, item in value.items() if (mark := marked(item, holds)) is not False}
            return inside or False
        case list() | tuple():
            marks = [marked(item, holds) for item in value]
            return marks if any(mark is not False for mark in marks) else False
        case _:
            return bool(holds(value))


def output_json(value: Value) -> Json:
    """A project's output with its type."""
    hidden = any(sensitive(leaf) for leaf in leaves(value))
    return {"sensitive": hidden, "value": None if hidden else shown_json(value), "type": _type(value)}


def unknown_json(leaf: Value) -> bool:
    """Whether the value becomes known only by an apply."""
    return isinstance(leaf, (Ref, Computation)) and not is_known(leaf)


def sensitive(leaf: Value) -> bool:
    """Whether the value is secret."""
    return isinstance(leaf, Digest) or is_secret(leaf)


def _type(value: Value) -> Any:
    match value:
        case bool():
            return "bool"
        case int() | float():
            return "number"
        case Mapping():
            return ["object", {str(name): _type(item) for name, item in value.items()}]
        case list() | tuple():
            return ["tuple", [_type(item) for item in value]]
        case None:
            return "dynamic"
        case _:
            return "string"
