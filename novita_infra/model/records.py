"""Records: the state of one resource, and of the call that is pending for it.

The keys in state files are those of version 0.1; `key_form` keeps them where a field has a new name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Final

from novita_infra.model.addresses import Address
from novita_infra.model.frozen import dataclass
from novita_infra.model.json_forms import key_form
from novita_infra.model.lifecycle import Cause
from novita_infra.model.values import Spec, Value

_RECREATE_KEY: Final = "an" + "ew"
"""The key in state files since version 0.1: a word of the earlier vocabulary, which no text uses any more."""


@dataclass(frozen=True, slots=True)
class PendingCall:
    """A call whose end is not recorded yet."""

    operation: str
    """A unique id of this attempt."""
    call: str
    """Its name, such as `create` or `delete`."""
    since: float
    """Unix seconds."""
    sent: Spec = field(default_factory=dict)
    """The spec that the call asks for, secrets as digests."""
    before: Mapping[str, Value] = field(default_factory=dict)
    """The live object before a call that must not be repeated blindly: shows later whether the call took effect."""
    mark: str = ""
    """The owner mark that a create writes into the object."""
    snapshot: str = field(default="", metadata=key_form("sight"))
    """The name of the state's snapshot of the objects that were live before a create; empty for the resource type."""
    account: str = ""
    """For a create whose object carries no mark: a digest of the API's address and of the key. Only creates of one
    account are compared."""
    ended: str = ""
    """Why the last run that waited for the call stopped waiting, in words for a person."""
    deletes_never_ready: bool = field(default=False, metadata=key_form("fresh"))
    """For a delete: whether no run saw the object ready, or the run that deletes the object also made it."""

    @property
    def never_ready(self) -> bool:
        """Whether no run saw the object ready, or the run that did also began to delete it."""
        return self.call == "create" or self.deletes_never_ready


@dataclass(frozen=True, slots=True)
class Record:
    """The state of one resource."""

    address: Address
    id: str
    """Empty while the answer to a create is not known."""
    spec: Spec = field(default_factory=dict)
    """The fields as last sent, in the manifest's shape; a secret is a Digest."""
    outputs: Mapping[str, Value] = field(default_factory=dict)
    needs: tuple[Address, ...] = ()
    pending: PendingCall | None = field(default=None, metadata=key_form("underway"))
    retired: tuple[str, ...] = ()
    """Ids of replaced objects that are not known to be deleted yet."""
    retired_unready: tuple[str, ...] = field(default=(), metadata=key_form("stillborn"))
    """The retired ids that no run saw ready."""
    protect: bool = False
    delete_hooks: bool = False
    """Whether its manifest declares hooks `onDelete`, so that no delete without them comes as a surprise."""
    source: str = ""
    """The manifest file that declared it, relative to the project."""
    choice: Mapping[str, Value] = field(default_factory=dict)
    """For a choice of offers: the offer that was taken (`took`), and each that was refused, with the reason."""
    recreate_reason: str = field(default="", metadata=key_form(_RECREATE_KEY))
    """The reason of a replacement that a run was to make and has not made yet, though the manifest has no difference:
    the trigger, or `--replace`. Otherwise empty."""
    adopted: Mapping[str, Value] = field(default_factory=dict)
    """By field that was changed outside and whose change was adopted: the value that the manifest declared then. As
    long as the manifest declares that value, `spec` holds the desired one."""
    adopted_for: Mapping[str, Cause] = field(default_factory=dict)
    """By such a field, the cause of the change, if it was not an edit."""
    labels: Mapping[str, str] = field(default_factory=dict)
    checked: str = ""
    """The digest of the check that the object has passed since its last change; empty if there is none."""
    hooks_due: tuple[str, ...] = ()
    """The events of the object whose hooks have not succeeded yet: `onCreate`, `onReady`. The next run repeats them."""
    seen_at: float = 0.0
    """When a run last read or changed the object, in Unix seconds; 0 if not known."""
