"""A resource as declared, as live, and as known besides its declaration; phases and losses.

Frozen values without I/O or knowledge of a kind.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import field
from typing import Final

from novita_infra.model.addresses import Address, Origin
from novita_infra.model.frozen import dataclass
from novita_infra.model.lifecycle import Check, Lifecycle
from novita_infra.model.records import Record
from novita_infra.model.values import Spec, Value


class Phase(enum.Enum):
    """The meaning of an API status. Each kind maps its open set of words to these."""

    CHANGING = "changing"
    """In transition, or an undocumented word: keep waiting."""
    READY = "ready"
    STOPPED = "stopped"
    FAILED = "failed"
    LEAVING = "leaving"
    """Being deleted: neither live nor absent."""
    GONE = "gone"

    __hash__ = object.__hash__  # looked up for every object, and the hash of Enum is written in Python


STABLE: Final = frozenset({Phase.READY, Phase.STOPPED})

PRESENT: Final = frozenset({Phase.READY, Phase.STOPPED, Phase.CHANGING, Phase.FAILED})
"""The phases of an object that exists and is not being deleted."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Data that a call deletes."""

    what: str
    """The data: `what is on its container disk`."""
    gb: int | None = None
    """The size of the disk in GB, not of the data on it; None if not known."""
    when: str = ""
    """The time of the loss, if it is later: `7 days after the stop`."""
    lasting: bool = False
    """Whether the data is meant to outlive machines: its loss must be allowed even if the whole object is deleted."""

    def __str__(self) -> str:
        size = f"{self.gb:,} GB" if self.gb else "size not known"
        return f"{self.what} ({size}){f', {self.when}' if self.when else ''}"


@dataclass(frozen=True, slots=True)
class Declared:
    """A resource as the manifests declare it, with variables and environments applied."""

    address: Address
    spec: Spec
    """Only fields that the manifest (or its template) declares; references are Refs or plain ids."""
    origin: Origin
    needs: tuple[Address, ...] = ()
    """The resources of its references and of `dependsOn`, sorted."""
    lifecycle: Lifecycle = Lifecycle()
    check: Check | None = None
    """What an apply asks the object at its end."""
    labels: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, Origin] = field(default_factory=dict)
    """The origin of each field of the spec, by field name."""
    lifecycle_places: Mapping[str, Origin] = field(default_factory=dict)
    """The origin of each part of the lifecycle, by its name."""

    @property
    def may_be_secret(self) -> Value:
        """All that may hold secrets: the spec, and the token of the check."""
        return [dict(self.spec), self.check.token if self.check else None]


@dataclass(frozen=True, slots=True)
class LiveWorker:
    """One worker of an object that the service runs on several."""

    id: str
    status: str
    """The API's own word, such as `running`."""
    ready: bool
    failed: bool
    trouble: str = ""
    """The reason of a failure, in the API's words."""
    log: str = field(default="", repr=False)
    """The address of its log. It may hold a token: it is followed and never shown."""


@dataclass(frozen=True, slots=True)
class LogAddresses:
    """The addresses of the logs of an object. One may hold a token: it is followed and never shown."""

    program: str = ""
    """Of its program, on all of its workers if it has some; empty if the API does not show it."""
    system: str = ""
    """Of the platform: the start of its container."""
    explaining: tuple[str, ...] = ()
    """Of all, the most useful to explain a failure first."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an object is with a number of things that it does."""

    done: int = 0
    total: int = 0
    """0 where it shows no number."""

    @property
    def part(self) -> int:
        """The tenths that are done."""
        return self.done * 10 // self.total if self.total else 0

    def __str__(self) -> str:
        return f"{self.done:,} of {self.total:,} done" if self.part else ""


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
    """The reason of a failure, in the API's words."""
    mark: str = ""
    """The owner mark on the object; empty for none."""
    stuck: bool = False
    """Whether every attempt to become ready has failed. Unlike FAILED this is no reason to replace the object: it may
    still become ready by itself."""
    logs: LogAddresses = field(default_factory=LogAddresses, repr=False)
    created: float = field(default=0.0, compare=False)
    """The time of its creation in Unix seconds; 0 if the API does not return it."""
    started: float = field(default=0.0, compare=False)
    """The time of its last start, likewise."""
    stopped: float = field(default=0.0, compare=False)
    """The time of its last stop, likewise."""
    workers: tuple[LiveWorker, ...] = field(default=(), compare=False)
    """Its workers, for objects that the service runs on several."""
    progress: Progress = field(default=Progress(), compare=False)
    """How far it is, for a job."""


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file on the disk that a job writes at its end."""

    field: str
    """The field of the spec that names it."""
    path: str
    """As the spec has it."""
    rows: int | None = None
    """Its lines; None where there is no file."""
    lost: str = ""
    """Why it is not what an earlier run wrote there; empty where it is, or where no run wrote it."""
    kept: bool = False
    """Whether the service still keeps what was written, so that it can be fetched again."""
    difference: str = ""
    """How a changed input differs from the one before, in words; empty where that is not known."""

    @property
    def again(self) -> bool:
        """Whether it is to be fetched again."""
        return bool(self.lost) and self.kept


@dataclass(frozen=True, slots=True)
class Existing:
    """The record and the live objects of one address."""

    record: Record | None = None
    live: Live | None = None
    """The object of the record's id; None if it does not exist."""
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
