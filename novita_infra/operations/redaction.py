"""Collects the secrets of a project and hides them in texts of the API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from novita_infra.api.redaction import redact
from novita_infra.model.values import Secret, Spec, Value, leaves
from novita_infra.planning.inputs import PlanInputs


def _discreet(inputs: PlanInputs) -> PlanInputs:
    """The same without secrets in what the service says of why something failed."""
    existing = inputs.world.existing
    troubled = {address: item.live for address, item in existing.items() if item.live and item.live.trouble}
    if not troubled:
        return inputs
    secrets = _secrets_in(item.spec for item in inputs.config.declared)
    told = {
        address: replace(existing[address], live=replace(live, trouble=redact(live.trouble, secrets)))
        for address, live in troubled.items()
    }
    return replace(inputs, world=replace(inputs.world, existing={**existing, **told}))


def _secrets_in(specs: Iterable[Spec]) -> frozenset[str]:
    return frozenset(text for spec in specs for leaf in leaves(dict(spec)) for text in _secret_texts(leaf))


def _secret_texts(leaf: Value) -> Iterator[str]:
    """The secret, and what it was joined from: a program may tell a password without the address that it stands in."""
    if isinstance(leaf, Secret):
        yield leaf.value
        for part in leaf.parts:
            yield from _secret_texts(part)
