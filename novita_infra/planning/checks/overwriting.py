"""The image that a new object writes over in its registry: a loss of the create, as that of a disk is one. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from novita_infra.catalogue.images import IMAGE_ID, AccountImage, full_name, listed_image
from novita_infra.kinds.toolkit.image_pulls import starts_from
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic, Severity, first_of, run_again_with
from novita_infra.model.lifecycle import OnDrift
from novita_infra.model.resources import PRESENT, Existing, Loss, Phase
from novita_infra.model.values import Spec
from novita_infra.planning.changes.decisions import Decision
from novita_infra.planning.inputs import PlanInputs

_NAMED: Final = 3
"""The most users of an image that a message names."""


def with_overwritten(decision: Decision, inputs: PlanInputs) -> Decision:
    """The decision with the loss of the image that the new object takes the place of.

    An image exists where the list of the account has it, or where the job that is replaced has saved it.
    """
    saves = decision.case.kind.api.saves
    image = saves(decision.spec) if saves and decision.makes else ""
    if not saves or not image:
        return decision
    listed = listed_image(inputs.world.catalogue.images or (), image)
    live = decision.case.live
    saved = live is not None and live.phase is Phase.READY and full_name(saves(live.values)) == full_name(image)
    if not listed and (not saved or is_missing(decision, inputs.world.catalogue.images)):
        return decision
    return replace(decision, loses=(*decision.loses, loss_of_image(image, _users(inputs, image))))


def is_missing(decision: Decision, images: Collection[AccountImage] | None) -> bool:
    """Whether the image that the object has saved was in the list of the images once, and is not in it now."""
    record, saves = decision.case.record, decision.case.kind.api.saves
    if images is None or record is None or saves is None or not record.outputs.get(IMAGE_ID):
        return False
    return listed_image(images, saves(record.spec)) is None


def missing_notes(inputs: PlanInputs, active: Mapping[Address, Decision]) -> Iterator[Diagnostic]:
    """A note on each saved image that is gone: nothing saves it again by itself, for the machine may be another."""
    for address, decision in active.items():
        saves, record = decision.case.kind.api.saves, decision.case.record
        reported = [item for item in decision.response.drift if item.on_drift is not OnDrift.IGNORE]
        if saves and record and reported and decision.keeps and is_missing(decision, inputs.world.catalogue.images):
            image = saves(record.spec)
            users = _users(inputs, image)
            used = f"; {first_of(users, _NAMED)} cannot pull it any more" if users else ""
            option = f"--replace {shlex.quote(str(address))}"
            yield Diagnostic(
                f"the image {image} was deleted, and is not saved again by itself{used}",
                f"to save the machine again as it is now, {run_again_with(option)}; or push the image to its registry",
                address=str(address),
                severity=Severity.WARNING,
                option=option,
            )


def loss_of_image(image: str, users: Sequence[str]) -> Loss:
    """The loss of an image by another one of its name. `users` are what starts from it."""
    used = f", which {first_of(users, _NAMED)} {'uses' if len(users) == 1 else 'use'}" if users else ""
    return Loss(f"the image {image}{used}, in whose place another is saved", lasting=True)


def unread_notes(active: Mapping[Address, Decision], images: Collection[AccountImage] | None) -> Iterator[Diagnostic]:
    """A note on each image that is saved while the list of the images cannot be read."""
    for address, decision in active.items() if images is None else ():
        saves = decision.case.kind.api.saves
        image = saves(decision.spec) if saves and decision.makes else ""
        if image:
            summary = f"whether {image} exists already is not known: this key may not read the list of images"
            hint = "an image of that name would be lost; if there may be one, name another tag"
            yield Diagnostic(summary, hint, address=str(address), severity=Severity.WARNING)


def _users(inputs: PlanInputs, image: str) -> list[str]:
    """What uses an image, as far as it was read: addresses, and the ids of live objects that no record has."""
    world = inputs.world
    kinds = {prefix for prefix, kind in inputs.kinds.items() if kind.api.saves is None}
    recorded = (
        str(address)
        for address, item in world.existing.items()
        if address.type in kinds and any(starts_from(spec, image) for spec in _specs(item))
    )
    others = (
        f"{prefix} {live.id}"
        for prefix, lives in world.unrecorded.items()
        for live in lives
        if prefix in kinds and live.phase in PRESENT and starts_from(live.values, image)
    )
    return [*sorted(recorded), *sorted(others)]


def _specs(item: Existing) -> Iterator[Spec]:
    """The specs of an object, as it is and as it is recorded."""
    if item.live is not None:
        yield item.live.values
    if item.record is not None:
        yield item.record.spec
