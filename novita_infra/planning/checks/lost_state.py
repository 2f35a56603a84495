"""Lost state: objects with the owner mark of a project and an environment whose state does not record them. Pure.

A state can be lost: a checkout without it, a volume that is not mounted, a deleted folder. With a new one, an apply
would buy everything again, and a destroy would find nothing to delete.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from novita_infra.catalogue.prices import usd
from novita_infra.model.diagnostics import EXIT_REFUSED, Diagnostic, Severity, first_of
from novita_infra.model.identity import Claim, Identity, in_mark, owner_of
from novita_infra.model.resources import PRESENT, Declared, Live
from novita_infra.planning.inputs import PlanInputs
from novita_infra.planning.orphans import Orphan, total_per_hour
from novita_infra.planning.plan.findings import Finding

NAMED: Final = 8
"""How many objects a message names."""


def claimed_objects(
    lists: Mapping[str, Iterable[Live]], identity: Identity, declared: Iterable[Declared]
) -> list[tuple[str, Live]]:
    """The types and objects of the lists whose owner mark names this project and environment, or perhaps this one.

    A project of this name that may be another one counts where it has an object of an address that is declared here.
    """
    marked = [(prefix, live) for prefix, lives in lists.items() for live in lives if live.phase in PRESENT]
    addresses = {in_mark(item.address) for item in declared}
    claims = {live.mark: identity.claim(live.mark) for _, live in marked}
    doubtful = {owner for mark, claim in claims.items() if claim is Claim.DOUBTFUL and (owner := owner_of(mark))}
    scopes = {owner.scope for owner in doubtful if owner.address in addresses}
    counted = {owner for owner in doubtful if owner.scope in scopes}
    return [
        (prefix, live) for prefix, live in marked if claims[live.mark] is Claim.OWN or owner_of(live.mark) in counted
    ]


def lost_objects_text(objects: Sequence[Orphan]) -> str:
    """The objects for a message: their number, their price and their addresses."""
    per_hour, unknown = total_per_hour(objects)
    price = f"{usd(per_hour)} per hour{', and parts whose price is not known' if unknown else ''}"
    names = [f"{_address(item.live)} ({item.live.id})" for item in objects]
    several = len(objects) > 1
    carry = f"{len(objects)} objects" if several else "1 object"
    return (
        f"{carry} in the account {'carry' if several else 'carries'} its owner mark ({price}): {first_of(names, NAMED)}"
    )


def lost_state(objects: Sequence[Orphan], identity: Identity, *, place: str, partly: bool = False) -> Finding:
    """The finding on a state that does not record these objects; `partly` if it records others already."""
    of = f"the state of project {identity.project}, environment {identity.environment}"
    what = f"is not whole ({place})" if partly else f"is lost: nothing is recorded at {place}"
    option = _env_option(identity)
    hint = (
        "restore the state together with its journal; or adopt each object: "
        f"`novita-infra orphans{option} --adopt ADDR --id ID`; or leave them running and start with a new state: "
        "--new-state"
    )
    if any(identity.claim(item.live.mark) is Claim.DOUBTFUL for item in objects):
        hint += "; if they belong to another project of this name, give this one another name or an id (metadata.id)"
    diagnostic = Diagnostic(f"{of}, {what}, and {lost_objects_text(objects)}", hint, option="--new-state")
    return Finding(diagnostic, EXIT_REFUSED)


def left_behind(objects: Sequence[Orphan], identity: Identity, *, place: str) -> Diagnostic:
    """The warning on these objects of the environment, which a destroy does not delete: its state records others."""
    option = _env_option(identity)
    return Diagnostic(
        f"{place} does not record everything: {lost_objects_text(objects)}; this does not delete "
        f"{'them' if len(objects) > 1 else 'it'}",
        f"restore the newer state together with its journal and destroy again; or `novita-infra orphans{option}` shows "
        "what to adopt or to terminate",
        severity=Severity.WARNING,
    )


def namesakes(
    lists: Mapping[str, Iterable[Live]], declared: Iterable[Declared], identity: Identity
) -> Iterable[Diagnostic]:
    """Warnings on objects without a mark that have the name of a declared resource, where no state records anything."""
    by_name = {
        (item.address.type, str(item.spec.get("name", item.address.object_name))): item.address for item in declared
    }
    option = _env_option(identity)
    for prefix, lives in lists.items():
        for live in lives:
            address = by_name.get((prefix, live.name))
            if address is not None and not live.mark and live.phase in PRESENT:
                yield Diagnostic(
                    f"this environment has no state, and {live.id} ({live.name}, {live.status}) has this name",
                    "if it is what you declare, and the state is lost, adopt it: "
                    f"`novita-infra orphans{option} --adopt {shlex.quote(str(address))} --id {shlex.quote(live.id)}`",
                    address=str(address),
                    severity=Severity.WARNING,
                )


def objects_left_behind(inputs: PlanInputs) -> list[Diagnostic]:
    """The warning of a destroy that does not know all objects of the environment: an older state was put back."""
    prior, identity = inputs.prior, inputs.config.identity
    if not inputs.world.lost or not prior.searched:
        return []
    twins = {in_mark(address) for address in inputs.world.existing}  # the check of duplicates reports them
    own = [
        item
        for item in inputs.world.lost
        if identity.claim(item.live.mark) is Claim.OWN and (owner := owner_of(item.live.mark))
        if owner.address not in twins
    ]
    return [left_behind(own, identity, place=prior.place)] if own else []


def unrecorded_namesakes(inputs: PlanInputs) -> Iterable[Diagnostic]:
    """The warnings of a destroy that finds nothing recorded; a plan that creates has its own."""
    if inputs.prior.searched or inputs.world.existing or not inputs.options.destroys:
        return ()
    return namesakes(inputs.world.unrecorded, inputs.config.declared, inputs.config.identity)


def _env_option(identity: Identity) -> str:
    """The option that names the environment, for a command in a hint."""
    return "" if identity.environment == "default" else f" --env {identity.environment}"


def _address(live: Live) -> str:
    owner = owner_of(live.mark)
    return owner.address if owner else live.name
