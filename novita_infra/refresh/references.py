"""Reads the objects that specs refer to by id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from novita_infra.api.protocol import ApiClient
from novita_infra.kinds.field import Local
from novita_infra.kinds.kind import Kind
from novita_infra.model.concurrency import together
from novita_infra.model.resources import Declared
from novita_infra.model.values import Spec, Value, values_at
from novita_infra.refresh.objects import read_one


async def with_live_templates(
    client: ApiClient, *, declared: tuple[Declared, ...], kinds: Mapping[str, Kind]
) -> tuple[Declared, ...]:
    """The declared resources with the values that they take from objects named by id (`template: {id: ...}`)."""
    wanted: dict[tuple[str, str], Spec] = {}
    for item in declared:
        for prefix, id in _given_by_id(kinds[item.address.type], item.spec, kinds):
            wanted[prefix, id] = {}
    if not wanted:
        return declared
    lives = await together(*(read_one(client, kinds[prefix], id) for prefix, id in wanted))
    for key, live in zip(wanted, lives, strict=True):
        wanted[key] = live.values if live else {}

    def lookup(prefix: str, value: Value) -> Spec | None:
        id = value.get("id") if isinstance(value, dict) else value
        return wanted.get((prefix, id)) if isinstance(id, str) else None

    filled = []
    for item in declared:
        kind = kinds[item.address.type]
        given = kind.resolution.inherit is not None and _given_by_id(kind, item.spec, kinds)
        filled.append(
            replace(item, spec=kind.resolution.inherit(item.spec, lookup))
            if given and kind.resolution.inherit
            else item
        )
    return tuple(filled)


def _given_by_id(kind: Kind, spec: Spec, kinds: Mapping[str, Kind]) -> list[tuple[str, str]]:
    """The type and id of each object that gives it values: its template, and those that decide its open cluster."""
    found = []
    for item in kind.fields:
        if not item.refers or item.name not in spec:
            continue
        place = kind.placement.cluster
        beside = place and place not in spec and kinds[item.refers].placement.required
        if not beside and not isinstance(item.change, Local):
            continue
        for value in values_at(spec[item.name], item.refers_at):
            id = value.get("id") if isinstance(value, dict) else value
            if isinstance(id, str):
                found.append((item.refers, id))
    return found
