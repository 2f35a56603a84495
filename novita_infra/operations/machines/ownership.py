"""Whether a machine belongs to others, by its owner mark."""

from __future__ import annotations

from dataclasses import replace

from novita_infra.model.addresses import Address
from novita_infra.model.identity import Claim, owner_of
from novita_infra.model.resources import Live
from novita_infra.operations.account.view import AccountView
from novita_infra.operations.identity import identity_of
from novita_infra.state.state import new_state


def why_taken(view: AccountView, kind: str, live: Live) -> str:
    """Why the machine of that type is not that of the view, or an empty string."""
    recorded = view.recorded.by_id.get((kind, live.id))
    address, environment = (recorded.address, recorded.environment) if recorded else (None, "")
    owner = _foreign_owner(view, address, environment, live.mark)
    return f"carries the owner mark of {owner}" if owner else ""


def owning_environment(view: AccountView, kind: str, live: Live) -> str:
    """The environment of the project whose applies may change the machine; empty if there is none.

    That is the one whose state records it, else the one that its own owner mark names.
    """
    recorded = view.recorded.by_id.get((kind, live.id))
    if recorded:
        return recorded.environment
    owner = owner_of(live.mark)
    return owner.environment if owner and view.place and not why_taken(view, kind, live) else ""


def _foreign_owner(view: AccountView, address: Address | None, environment: str, mark: str) -> str:
    """The owner that the mark names, in words, where that is not the project of the view; empty for its own objects.

    `address` and `environment` are those of the record; None and empty for an object that no state records.
    """
    owner = owner_of(mark)
    if owner is None:
        return ""
    place = view.place
    if place is None:
        return owner.in_words()
    environment = environment or owner.environment
    state = view.recorded.states.get(environment) or new_state(place.name, environment)
    name = state.project if place.id is None and state.project else place.name
    identity = identity_of(replace(place, name=name, environment=environment), state)
    if address is not None:
        other = identity.foreign_owner(mark, address)
        return other.in_words(other_than=name) if other else ""
    return "" if identity.claim(mark) is Claim.OWN else owner.in_words(other_than=name)
