"""Helpers: resources that prepare something at a place for others, which wait for them and do not need them. Pure.

A machine whose image is pulled ahead to its cluster starts sooner after that pull. It starts without it, too: a helper
that fails, or that is not among the targets, keeps nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from novita_infra.kinds.kind import Kind, Preparation
from novita_infra.model.addresses import Address
from novita_infra.model.values import Spec
from novita_infra.planning.plan.steps import Step, StepKind


def helpers(specs: Mapping[Address, Spec], kinds: Mapping[str, Kind]) -> dict[Address, tuple[Address, ...]]:
    """By resource, those of the others that prepare something for it; sorted. The specs are resolved where they can be.

    A resource with several offers is helped by what is prepared for any of them: which one it gets is not known yet.
    """
    prepared: dict[tuple[str, str], list[tuple[Address, Preparation]]] = {}
    for address in sorted(specs):
        prepares = kinds[address.type].placement.prepares
        made = prepares(specs[address]) if prepares else None
        if made is not None:
            prepared.setdefault((made.what, made.cluster), []).append((address, made))
    if not prepared:
        return {}
    helped = {}
    for address, spec in specs.items():
        wanted = _benefits(kinds[address.type], spec)
        found = {
            helper
            for item in wanted
            for helper, made in prepared.get((item.what, item.cluster), ())
            if made.helps(item) and helper != address
        }
        if found:
            helped[address] = tuple(sorted(found))
    return helped


def _benefits(kind: Kind, spec: Spec) -> list[Preparation]:
    benefits = kind.placement.benefits
    if benefits is None:
        return []
    specs = [offer.spec for offer in kind.market.offers(spec)] if kind.market.offers else [spec]
    return [found for one in specs if (found := benefits(one)) is not None]


def helping_steps(
    making: Mapping[Address, tuple[Step, ...]],
    specs: Mapping[Address, Spec],
    kinds: Mapping[str, Kind],
    after: Mapping[str, set[str]],
) -> dict[str, set[str]]:
    """By step: the last steps of the helpers of its resource, which it waits for and does not need.

    `making` are the steps that create or change each resource, `after` what each step needs.
    """
    helping: dict[str, set[str]] = {}
    for address, others in helpers(specs, kinds).items():
        acting = (step for step in making[address] if step.action is StepKind.CREATE or step.fields)
        first = next(acting, None)
        found = {making[other][-1].key for other in others}
        if first is not None and (found := found - after.get(first.key, set())):
            helping[first.key] = found
    return helping


def with_helpers(step: Step, helping: Mapping[str, set[str]]) -> Step:
    """The step with those of the steps before it that only help."""
    found = tuple(sorted(helping.get(step.key, set()).intersection(step.after)))
    return replace(step, conditions=replace(step.conditions, helped_by=found)) if found else step
