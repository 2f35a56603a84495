"""Reads `rollout` of manifests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from novita_infra.manifests.yaml.positions import Position, position_at
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.lifecycle import RolloutRules
from novita_infra.model.resources import Declared
from novita_infra.model.values import Value


def rollout_of(said: Value, position: Position, *, seconds: Callable[[Value, Position], float]) -> RolloutRules | None:
    """Returns the rules, or None where there are none. Values that do not fit the schema are skipped.

    `seconds` returns a duration in seconds, and reports an invalid one.
    """
    if not isinstance(said, dict):
        return None
    most, percent = _most(said.get("maxUnavailable", 1))
    return RolloutRules(
        max_unavailable=most,
        percent=percent,
        in_order=said.get("inOrder") is True,
        pause=seconds(said["pause"], position_at(position, ("pause",))) if "pause" in said else 0.0,
    )


def with_ranks(declared: Mapping[Address, Declared]) -> dict[Address, Declared]:
    """The resources that have a rollout, each with its place in the order of the manifests, which `declared` has."""
    members = (item for item in declared.values() if item.lifecycle.rollout is not None)
    return {
        item.address: replace(item, lifecycle=replace(item.lifecycle, rank=rank)) for rank, item in enumerate(members)
    }


def disagreeing(declared: Iterable[Declared]) -> list[Diagnostic]:
    """The errors of resources whose group has a rollout with other rules: the members of a group have one rollout."""
    first: dict[str, Declared] = {}
    errors = []
    for item in declared:
        group, rules = item.lifecycle.group, item.lifecycle.rollout
        if not group or rules is None:
            continue
        other = first.setdefault(group, item)
        if other.lifecycle.rollout != rules:
            errors.append(
                Diagnostic(
                    f"the group {group} has another rollout at {other.address} ({other.origin})",
                    "all members of a group that have a rollout follow one another: give them the same one",
                    origin=item.lifecycle_places.get("rollout", item.origin),
                )
            )
    return errors


def _most(value: Any) -> tuple[int, bool]:
    """Returns the most members that are down, and whether that is a percentage."""
    if isinstance(value, str) and value.endswith("%") and value[:-1].isdecimal():
        return int(value[:-1]), True
    return (int(value), False) if isinstance(value, (int, float)) and value >= 1 else (1, False)
