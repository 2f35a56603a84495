"""Records: what the state holds of one resource."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from novita_infra.model.addresses import Address
from novita_infra.model.lifecycle import Cause
from novita_infra.model.values import Spec, Value


@dataclass(frozen=True, slots=True)
class Underway:
    """A call whose end is not on record yet."""

    operation: str
    """A unique id of this attempt."""
    call: str
    since: float
    """Unix seconds."""
    sent: Spec = field(default_factory=dict)
    """The spec that the call asks for, secrets as digests."""
    before: Mapping[str, Value] = field(default_factory=dict)
    """What was live before a call that must not be repeated blindly, to judge later whether it took effect."""
    mark: str = ""
    """The owner mark that a create writes into the object."""
    sight: str = ""
    """The name under which the books keep what was live before a create; empty for that of its kind."""
    ended: str = ""
    """How the last run that waited for it came to its end without it, in words; the record was seen then."""
    fresh: bool = False
    """Of a delete: nobody has seen the object ready, or it was made by the run that deletes it."""

    @property
    def unready(self) -> bool:
        """Whether no run saw the object ready, or the one that did began to take it down again."""
        return self.call == "create" or self.fresh


@dataclass(frozen=True, slots=True)
class Record:
    """What the books say of a resource."""

    address: Address
    id: str
    """Empty while a create is under way whose answer is not known."""
    spec: Spec = field(default_factory=dict)
    """The fields as last sent, in the manifest's shape; a secret is a Digest."""
    outputs: Mapping[str, Value] = field(default_factory=dict)
    needs: tuple[Address, ...] = ()
    underway: Underway | None = None
    retired: tuple[str, ...] = ()
    """Ids of replaced objects that are not known to be gone yet."""
    stillborn: tuple[str, ...] = ()
    """Of these, those that no run saw ready."""
    protect: bool = False
    source: str = ""
    """The manifest file that declared it, relative to the project."""
    choice: Mapping[str, Value] = field(default_factory=dict)
    """Of several offers, the one that was taken (`took`), and those that were refused, each with the reason."""
    anew: str = ""
    """Why it is to be made anew though its manifest agrees with it, where a run was to do so and has not yet: the
    trigger, or `--replace`."""
    adopted: Mapping[str, Value] = field(default_factory=dict)
    """By field that was changed outside and is wanted so: what the manifest declared when that was taken in. As long as
    it declares the same, `spec` holds what is wanted."""
    adopted_for: Mapping[str, Cause] = field(default_factory=dict)
    """By such a field, why it was other than it was left, where nobody edited it."""
    seen_at: float = 0.0
    """When the books last learned of it, in Unix seconds; 0 where that is not known."""
