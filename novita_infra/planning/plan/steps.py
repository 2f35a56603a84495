"""The steps of a plan: one call or one edit of the state each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from novita_infra.model.addresses import Address
from novita_infra.model.lifecycle import Condition
from novita_infra.model.values import Spec

_OF_THEMSELVES: Final = frozenset({"create", "delete", "adopt", "wait", "forget", "record"})
"""Steps that change no field by name."""


@dataclass(frozen=True, slots=True)
class Step:
    """The smallest thing that happens: one call, and the wait for its end."""

    key: str
    """Unique in the plan: `instance.trainer/upgrade`."""
    address: Address
    call: str
    """`create`, `delete`, a name from the kind's calls; or `adopt`, `wait`, `forget`, `record`."""
    id: str = ""
    """The object that it is about, where it is known; a delete always names the id it deletes."""
    gone: str = ""
    """For a create or a delete, the object on record, where that is known to be gone."""
    spec: Spec = field(default_factory=dict)
    """The whole declared spec that the object shall have; may hold Refs and Secrets."""
    after: tuple[str, ...] = ()
    """The keys of the steps that must have succeeded before."""
    fields: tuple[str, ...] = ()
    """The fields that the call changes."""
    says: str = ""
    needs: tuple[Address, ...] = ()
    """The resources that the object will depend on, for its record."""
    source: str = ""
    """The manifest file, for its record."""
    protect: bool = False
    timeout: float = 0.0
    """Seconds for the whole step."""
    stages: Mapping[str, float] = field(default_factory=dict)
    """Seconds for each stage of coming up, by its name."""
    capacity_wait: float = 0.0
    """Seconds for which a create that finds no capacity is tried again."""
    group: str = ""
    """The group that comes up together or not at all; empty for none."""
    undoes: bool = False
    """Of a delete: whether the object was made by the run that deletes it."""
    requires: tuple[Condition, ...] = ()
    """What must hold right before it, as far as it could not be told when the plan was made."""
    ensures: tuple[Condition, ...] = ()
    """What must hold when it is done."""
