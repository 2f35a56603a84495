"""The nouns that every layer shares: addresses, origins, phases, and the values of a spec.

Only frozen values live here: no I/O, no clock, no knowledge of any kind.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

Value: TypeAlias = Any
"""A value of a spec: JSON data in which a leaf may also be a Secret, a Ref or a Joined."""

Spec: TypeAlias = Mapping[str, Value]

_PLAIN: Final = (str, int, type(None))
"""What most values are: known, and no secret."""

_NAME: Final = r"[A-Za-z_][A-Za-z0-9_-]*"
_ADDRESS: Final = re.compile(rf'(?P<kind>[a-z_]+)\.(?P<name>{_NAME})(?:\["(?P<key>[^"\]]+)"\])?')


@dataclass(frozen=True, order=True, slots=True)
class Address:
    """Where a resource stands in the manifests: `instance.trainer`, `instance.worker["eu"]`."""

    kind: str
    """The address prefix of the kind, such as `network_storage`."""
    name: str
    key: str = ""

    def __str__(self) -> str:
        return f'{self.kind}.{self.name}["{self.key}"]' if self.key else f"{self.kind}.{self.name}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """The address that the text spells; raises ValueError where it spells none."""
        match = _ADDRESS.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not an address; one looks like instance.trainer")
        return cls(match["kind"], match["name"], match["key"] or "")


@dataclass(frozen=True, order=True, slots=True)
class Origin:
    """The place in a manifest that a value was read from; lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


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


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A value that is sent to the API and shown to nobody."""

    value: str
    source: str
    """Where it came from and can be read again: `env:NAME`, `file:PATH`, `var:NAME`; several are joined by `+`."""
    parts: tuple[str | Secret, ...] = ()
    """What it was joined from, where it was; only its parts can be read again one by one."""

    def __repr__(self) -> str:
        return "(secret)"

    __str__ = __repr__


@dataclass(frozen=True, order=True, slots=True)
class Ref:
    """An attribute of another resource, known once that resource exists."""

    address: Address
    attribute: str = "id"

    def __str__(self) -> str:
        return f"${{{self.address}.{self.attribute}}}"


@dataclass(frozen=True, slots=True)
class Joined:
    """A string with parts that are secret or not known yet."""

    parts: tuple[str | Ref | Secret | Digest, ...]


def resolve(value: Value, known: Callable[[Ref], Value]) -> Value:
    """The value with every Ref replaced by what `known` says of it.

    `known` returns the Ref itself where nothing is known yet; what is unknown stays in place. A Joined whose parts are
    all known becomes a string, or one Secret when any part of it is secret.
    """
    match value:
        case Ref():
            return known(value)
        case Joined(parts=parts):
            return _join([known(part) if isinstance(part, Ref) else part for part in parts])
        case dict():
            return {name: resolve(item, known) for name, item in value.items()}
        case list():
            return [resolve(item, known) for item in value]
        case _:
            return value


def leaves(value: Value) -> Iterator[Value]:
    """Every leaf of the value, the parts of a Joined included."""
    match value:
        case dict():
            for item in value.values():
                yield from leaves(item)
        case list():
            for item in value:
                yield from leaves(item)
        case Joined(parts=parts):
            yield from parts
        case _:
            yield value


def refs(value: Value) -> tuple[Ref, ...]:
    """The references inside the value, each once, in order of appearance."""
    return tuple(dict.fromkeys(leaf for leaf in leaves(value) if isinstance(leaf, Ref)))


def is_known(value: Value) -> bool:
    """Whether no part of the value waits for another resource."""
    return isinstance(value, _PLAIN) or not any(isinstance(leaf, Ref) for leaf in leaves(value))


def is_secret(value: Value) -> bool:
    """Whether any part of the value is secret, or a digest that stands for a secret."""
    return not isinstance(value, _PLAIN) and any(isinstance(leaf, (Secret, Digest)) for leaf in leaves(value))


def reveal(value: Value) -> Value:
    """The value with its secrets in clear: only for the body of a request. Raises ValueError on an unknown part."""
    match value:
        case Secret():
            return value.value
        case Ref() | Joined():
            raise ValueError(f"{value} is not known yet")
        case dict():
            return {name: reveal(item) for name, item in value.items()}
        case list():
            return [reveal(item) for item in value]
        case _:
            return value


def _join(parts: list[Value]) -> Value:
    told = tuple(
        part if isinstance(part, (Ref, Secret, Digest)) else "" if part is None else str(part) for part in parts
    )
    if any(isinstance(part, (Ref, Digest)) for part in told):
        return Joined(told)
    if len(told) == 1:
        return told[0]
    known = tuple(part if isinstance(part, Secret) else str(part) for part in told)
    text = "".join(part.value if isinstance(part, Secret) else part for part in known)
    sources = [part.source for part in known if isinstance(part, Secret)]
    return Secret(text, "+".join(sources), known) if sources else text


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait for a resource, in seconds."""

    create: float
    update: float
    delete: float
    stages: Mapping[str, float] = field(default_factory=dict)
    """How long each stage of coming up may take, by its name: `accept`, `pull`, `ready`."""


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
class Trigger:
    """Something that a resource is made anew after."""

    address: Address
    path: tuple[str, ...] = ()
    """A field of it, or a value inside a field; empty for the object as a whole."""

    def __str__(self) -> str:
        return ".".join((str(self.address), *self.path))


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold before or after the steps of a resource."""

    value: Value
    """What is looked at; may hold Refs, and no secret."""
    schema: Value
    """The JSON Schema that it must fit."""
    message: str
    """What is told where it does not."""


class Cause(enum.Enum):
    """Why an object is no longer as it was left. The values are the words of a manifest."""

    EDITED = "edited"
    """Somebody changed it: the console, another program, another state."""
    DELETED = "deleted"
    """Somebody deleted it, as far as anybody can tell."""
    SPOT_RECLAIM = "spotReclaim"
    MIGRATION = "migration"
    """The platform moves it, or has moved it, to another node."""
    EXPIRED = "expired"
    """Its term is over, or it is frozen."""
    FAILED = "failed"
    ARREARS = "arrears"
    """The account is in arrears."""
    RELEASED = "released"
    """Kept by the platform for a time only, and that time is over."""


class OnDrift(enum.Enum):
    """What becomes of what was changed outside."""

    HEAL = "heal"
    """The plan puts it back."""
    ADOPT = "adopt"
    """It is as wanted, until the manifest says something new of it."""
    ALERT = "alert"
    """It is left as it is, and told every time."""
    IGNORE = "ignore"
    """It is left as it is, and not told."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """A part of a spec that is not compared once the object is there."""

    path: tuple[str, ...]
    """A field, and the keys inside it: `env`, `DEBUG`."""
    reason: str = ""
    until: float = 0.0
    """Unix seconds from which on it is compared again; 0 for never."""

    def __str__(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What a manifest says about a resource beside its spec."""

    protect: bool = False
    timeouts: Mapping[str, float] = field(default_factory=dict)
    """Seconds for `create`, `update`, `delete` and the stages of coming up, each replacing the kind's own."""
    create_first: bool = False
    """A replacement is made before the old object is deleted."""
    capacity_wait: float = 0.0
    """Seconds for which a create that finds no capacity is tried again."""
    group: str = ""
    """The group that comes up together or not at all."""
    triggers: tuple[Trigger, ...] = ()
    """It is made anew whenever one of these is, or changes."""
    preconditions: tuple[Condition, ...] = ()
    """What must hold before anything is done to it."""
    postconditions: tuple[Condition, ...] = ()
    """What must hold when all is done to it."""
    on_drift: Mapping[Cause, OnDrift] = field(default_factory=dict)
    """What becomes of what was changed outside, by its cause; of other causes, what the project says."""
    ignored: tuple[Ignored, ...] = ()
    """What is not compared."""


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


@dataclass(frozen=True, slots=True)
class Digest:
    """A keyed digest that stands for a secret in the books."""

    hex: str

    def __str__(self) -> str:
        return "(secret)"


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of one address besides its declaration."""

    record: Record | None = None
    live: Live | None = None
    """The object of the record's id; None where it is gone."""
    candidates: tuple[Live, ...] = ()
    """Objects that a create without an answer may have made."""
    old: tuple[Live, ...] = ()
    """Objects that it replaced and that are still there."""

    @property
    def dead(self) -> frozenset[str]:
        """The ids of what nobody can have used: it is not up, and no run saw it ready."""
        stillborn = self.record.stillborn if self.record else ()
        new = (self.live,) if self.live is not None and self.unready else ()
        old = (live for live in self.old if live.id in stillborn)
        return frozenset(live.id for live in (*new, *old) if live.phase not in STABLE)

    @property
    def unready(self) -> bool:
        """Whether the create that made the object is not known to have come to its end, or was to be undone."""
        underway = self.record.underway if self.record else None
        return bool(self.candidates) or (underway is not None and underway.unready)

    @property
    def leftovers(self) -> tuple[str, ...]:
        """The ids of what it replaced and is still there."""
        return tuple(live.id for live in self.old)
