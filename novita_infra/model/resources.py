"""The nouns that every layer shares: addresses, origins, phases, and the values of a spec.

Only frozen values live here: no I/O, no clock, no knowledge of any kind.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from novita_infra.model.addresses import Address, Origin
from novita_infra.model.lifecycle import Lifecycle
from novita_infra.model.records import Record
from novita_infra.model.values import Spec, Value


class Phase(enum.Enum):
    """What an API status means to a reconciler. Each kind maps its open set of words to these."""

    CHANGING = "changing"
    """In transition, or a word that no document knows: keep waiting."""
    READY = "ready"
    STOPPED = "stopped"
    FAILED = "failed"
    LEAVING = "leaving"
    """Going away: neither live nor absent."""
    GONE = "gone"


STABLE: Final = frozenset({Phase.READY, Phase.STOPPED})

PRESENT: Final = frozenset({Phase.READY, Phase.STOPPED, Phase.CHANGING, Phase.FAILED})
"""There, and not on its way out: what can be deleted."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Data that a call costs."""

    what: str
    """What is gone: `what is on its container disk`."""
    gb: int | None = None
    """Its size in GB, as far as it is known: that of the disk, not of what is on it."""
    when: str = ""
    """When it goes, where that is not at once: `7 days after the stop`."""
    lasting: bool = False
    """Whether it is there to outlive machines: that it goes must be allowed even where all of the object goes."""

    def __str__(self) -> str:
        size = f"{self.gb:,} GB" if self.gb else "size not known"
        return f"{self.what} ({size}){f', {self.when}' if self.when else ''}"


@dataclass(frozen=True, slots=True)
class Declared:
    """A resource as the manifests ask for it, with variables and environments already worked in."""

    address: Address
    spec: Spec
    """Only fields that the manifest (or its template) declares; references are Refs or plain ids."""
    origin: Origin
    needs: tuple[Address, ...] = ()
    """The resources that its references point at, and those of `dependsOn`, sorted."""
    lifecycle: Lifecycle = Lifecycle()
    labels: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, Origin] = field(default_factory=dict)
    """The origin of each field of the spec, by field name."""
    lifecycle_places: Mapping[str, Origin] = field(default_factory=dict)
    """The origin of each part of the lifecycle, by its name."""


@dataclass(frozen=True, slots=True)
class Live:
    """A resource as the API shows it, in the manifest's shape."""

    id: str
    name: str
    phase: Phase
    status: str
    """The API's own word, such as `pulling`."""
    values: Spec
    """Fields of the spec that this answer carries; a field that the API does not return is absent."""
    outputs: Mapping[str, Value] = field(default_factory=dict)
    """Computed attributes that expressions may use, such as `url`; `id` is always one."""
    trouble: str = ""
    """Why it failed, in the API's words."""
    mark: str = ""
    """The owner mark that it carries, if any."""
    stuck: bool = False
    """Whether all that would make it ready has failed. It may still come right by itself: unlike FAILED, no reason to
    make it anew."""
    logs: tuple[str, ...] = field(default=(), repr=False)
    """Where its logs are, the most telling first. An address may carry a token: it is followed and never shown."""
    created: float = field(default=0.0, compare=False)
    """When it was made, in Unix seconds; 0 where the API does not tell."""


@dataclass(frozen=True, slots=True)
class Existing:
    """What is known of one address besides its declaration."""

    record: Record | None = None
    live: Live | None = None
    """The object of the record's id; None where it is gone."""
    candidates: tuple[Live, ...] = ()
    """Objects that a create without an answer may have made."""
    replaced: tuple[Live, ...] = ()
    """Objects that it replaced and that still exist."""

    @property
    def unused_ids(self) -> frozenset[str]:
        """The ids of the objects that cannot have been used: they are not up, and no run saw them ready."""
        unready = self.record.retired_unready if self.record else ()
        new = (self.live,) if self.live is not None and self.never_ready else ()
        replaced = (live for live in self.replaced if live.id in unready)
        return frozenset(live.id for live in (*new, *replaced) if live.phase not in STABLE)

    @property
    def never_ready(self) -> bool:
        """Whether the create that made the object is not known to have succeeded, or was to be undone."""
        pending = self.record.pending if self.record else None
        return bool(self.candidates) or (pending is not None and pending.never_ready)

    @property
    def replaced_ids(self) -> tuple[str, ...]:
        """The ids of the objects that it replaced and that still exist."""
        return tuple(live.id for live in self.replaced)
