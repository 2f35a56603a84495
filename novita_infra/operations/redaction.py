"""Secrets of a project, and their redaction in messages of the API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from novita_infra.api.redaction import redact
from novita_infra.model.values import Secret, Spec, Value, leaves
from novita_infra.planning.inputs import PlanInputs


def redacted_inputs(inputs: PlanInputs) -> PlanInputs:
    """The inputs without secrets in the API's messages about failed objects."""
    existing = inputs.world.existing
    troubled = {address: item.live for address, item in existing.items() if item.live and item.live.trouble}
    if not troubled:
        return inputs
    secrets = secrets_of_specs(item.spec for item in inputs.config.declared)
    redacted = {
        address: replace(existing[address], live=replace(live, trouble=redact(live.trouble, secrets)))
        for address, live in troubled.items()
    }
    return replace(inputs, world=replace(inputs.world, existing={**existing, **redacted}))


def secrets_of_specs(specs: Iterable[Spec]) -> frozenset[str]:
    """Every secret in the specs, in clear."""
    return frozenset(text for spec in specs for leaf in leaves(dict(spec)) for text in _secret_texts(leaf))


def _secret_texts(leaf: Value) -> Iterator[str]:
    """The secret and its parts: a program may log a password without the address that contains it."""
    if isinstance(leaf, Secret):
        yield leaf.value
        for part in leaf.parts:
            yield from _secret_texts(part)
