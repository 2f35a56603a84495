"""Writes the manifest of an imported object from its live values. It returns text and writes no file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from novita_infra.kinds.field import Default, Field, Local
from novita_infra.kinds.kind import Kind
from novita_infra.manifests.language.expressions import is_secret_name
from novita_infra.manifests.yaml.emitting import emit_yaml
from novita_infra.model.addresses import Address
from novita_infra.model.resources import Live
from novita_infra.model.values import Spec, Value

SCHEMA: Final = ".novita-infra/schemas/manifest.json"
"""The path at which `init` puts the manifest schema for editors."""


def manifest_of(kind: Kind, address: Address, live: Live, *, owner: Callable[[str, str], str], schema: bool) -> str:
    """Returns the manifest of a live object; a plan of this manifest is empty.

    `owner` maps a kind prefix and an id to the name of the resource that owns it, or to an empty string. Fields with
    the kind's default are omitted. Values that look like secrets become references to environment variables. With
    `schema`, the first line points editors at the project's own schema.
    """
    spec = {name: _written(kind, kind.field(name), value, owner) for name, value in written_fields(kind, live).items()}
    if spec.get("name") == address.name:
        del spec["name"]
    document = {
        "apiVersion": "novita-infra/v1",
        "kind": kind.name,
        "metadata": {"name": address.name},
        "spec": spec,
    }
    text = emit_yaml(document)
    return f"# yaml-language-server: $schema={SCHEMA}\n{text}" if schema else text


def written_fields(kind: Kind, live: Live) -> Spec:
    """Returns the live values that a manifest states: those that the API returns and that differ from the kind's
    default.
    """
    return {
        item.name: live.values[item.name]
        for item in kind.fields
        if item.name in live.values and not _is_default(item, live.values[item.name])
    }


def unwritable(kind: Kind, live: Live) -> tuple[str, ...]:
    """Returns the required fields that the API does not return; a manifest needs them."""
    return tuple(item.name for item in kind.fields if item.required and item.name not in live.values)


def _is_default(item: Field, value: Value) -> bool:
    if isinstance(item.change, Local):
        return True
    return isinstance(item.absent, Default) and bool(item.absent.value == value)


def _written(kind: Kind, item: Field, value: Value, owner: Callable[[str, str], str]) -> Value:
    if item.refers:
        return _with_names(value, item.refers_at, lambda id: owner(item.refers, id) or {"id": id})
    if item.name in kind.resolution.written:
        return kind.resolution.written[item.name](value)
    if item.secret_items and isinstance(value, dict):
        return {name: {"fromEnv": name} if is_secret_name(name) else _escaped(text) for name, text in value.items()}
    return _escaped(value)


def _with_names(value: Value, path: tuple[str, ...], named: Callable[[str], Value]) -> Value:
    if not path:
        return named(value)
    if path[0] == "*":
        return [_with_names(item, path[1:], named) for item in value]
    return {**value, path[0]: _with_names(value[path[0]], path[1:], named)}


def _escaped(value: Value) -> Value:
    """Returns the value with `${` escaped, so that no expression is read from it."""
    if isinstance(value, str):
        return value.replace("${", "$${")
    if isinstance(value, dict):
        return {name: _escaped(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    return value
