"""The vocabulary in which a kind of resource is written down.

A kind is a value: its fields, what a difference in each field means, its calls, and the translation between the
manifest's shape and the API's. Nothing here talks to the API.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from novita_infra.api.request import Pages, Request
from novita_infra.catalogue.prices import Cost, PriceList
from novita_infra.catalogue.products import Catalogue
from novita_infra.catalogue.stock import Quota, Take
from novita_infra.model.lifecycle import Cause, Timeouts
from novita_infra.model.records import Record
from novita_infra.model.resources import STABLE, Live, Loss, Phase
from novita_infra.model.values import Spec, Value

# --- what a difference in a field means -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class By:
    """Made in place by the named call."""

    call: str


@dataclass(frozen=True, slots=True)
class Replaces:
    """The object must be made anew."""

    why: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Cannot be had at all; `why` says so and what to do instead."""

    why: str


@dataclass(frozen=True, slots=True)
class Grows:
    """A number that only grows in place, by the named call."""

    call: str
    shrinking: Replaces | Refusal


@dataclass(frozen=True, slots=True)
class Cases:
    """A choice whose every transition means something of its own."""

    cases: Mapping[tuple[Value, Value], By | Replaces | Refusal]
    otherwise: By | Replaces | Refusal


@dataclass(frozen=True, slots=True)
class Local:
    """Known to the manifests alone: it shapes other fields (a template) or how calls are made; never compared."""


ChangeRule: TypeAlias = By | Replaces | Refusal | Grows | Cases | Local


# --- what absence of a field means ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Platform:
    """The service chooses; a field that is not declared is never compared, nor reset when it is no longer declared."""


@dataclass(frozen=True, slots=True)
class Default:
    """A field that was declared and no longer is goes back to this value. It is compared only then."""

    value: Value


# --- fields and calls -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a spec, and all that the planner needs to know of it."""

    name: str
    schema: Mapping[str, Any]
    """JSON Schema of the value in a manifest; the `${...}` alternative is added when the schemas are generated."""
    doc: str
    """One line for a person."""
    api: str
    """Where the API has it, with the page or file that says so: `imageUrl (gpu-instance-create-instance)`."""
    change: ChangeRule
    absent: Platform | Default = Platform()
    required: bool = False
    created: bool = True
    """Whether the create call carries it. If not, its own call follows the create when it differs from the default."""
    unordered: bool = False
    """A list that is compared as a set."""
    refers: str = ""
    """The prefix of the kind that the value points at, such as `registry_auth`."""
    refers_at: tuple[str, ...] = ()
    """Where in the value the reference stands: () for the value itself, ("*", "storage") for that key of each item."""
    secret: bool = False
    """The whole value is secret wherever it comes from (a password)."""
    secret_items: bool = False
    """A map whose items may each be secret (an env)."""
    watched: bool = False
    """Whether a person is told where it is other than its default although nobody declared it; it is left so."""
    satisfied: Callable[[Value, Value], bool] | None = None
    """Whether the second (live) value satisfies the first (declared) one, where equality would be too strict."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a request is made from. Everything is resolved and in clear; never printed."""

    id: str
    spec: Spec
    """The declared fields."""
    live: Live | None = None
    """The object as last read; always there for an update."""
    before: Spec = field(default_factory=dict)
    """What was last sent for fields that the API does not return."""
    mark: str = ""
    """The owner mark that the object shall carry; empty for none."""

    def value(self, name: str, otherwise: Value = None) -> Value:
        """The declared value, else the live one, else what was last sent: for calls that want everything in full."""
        for source in (self.spec, self.live.values if self.live else {}, self.before):
            if source.get(name) is not None:
                return source[name]
        return otherwise

    def was(self, name: str, otherwise: Value = None) -> Value:
        """The value before the call: the live one, else what was last sent."""
        for source in (self.live.values if self.live else {}, self.before):
            if source.get(name) is not None:
                return source[name]
        return otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A named call of the API, as a pure function from a target to a request."""

    name: str
    says: str
    """What it does to the object, for a person: `upgrade: the container restarts, data is kept`."""
    request: Callable[[Target], Request]
    """Request.repeatable says whether this very request may be sent twice."""
    settles: frozenset[Phase] = frozenset({Phase.READY})
    """The phases in which it is over and done; none where the answer alone says so (a call that is synchronous)."""
    needs: frozenset[Phase] = STABLE
    """The phases in which the service accepts it; the planner starts a stopped object first where READY is the only
    one and stops it again after."""
    covers: tuple[str, ...] = ()
    """Fields that this call settles beside those whose difference names it: converting to monthly takes the months."""
    loses: Callable[[Target], tuple[Loss, ...]] | None = None
    """The data that it costs the object; none where it costs none."""
    effect: Callable[[Target, Live], bool] | None = None
    """Whether the live object shows the call's effect, for fields that cannot be compared one by one (an end date that
    moved). By default the call took effect when every field it changes agrees with the target."""
    usual: float = 2.0
    """Seconds that it takes as a rule, until it has settled: for estimates, as long as no run has told better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadCalls:
    """How objects of the kind are read: a list for all of them, and a get for one where the API has it."""

    pages: Pages
    parse: Callable[[Mapping[str, Any]], Live]
    """From a list item or a got object; normalises units and types, maps the status to a phase, never raises on unknown
    or missing fields. Values left out of `Live.values` are those that the answer does not carry."""
    get: Callable[[str], Request] | None = None
    """The request for one object by id."""
    unwrap: Callable[[Any], Mapping[str, Any] | None] | None = None
    """From the answer of `get` to the object; None where the answer holds none."""


@dataclass(frozen=True, slots=True)
class SpecError:
    """What is wrong with a spec beyond its schema, at a path such as ("ports", 0)."""

    path: tuple[str | int, ...]
    summary: str
    hint: str = ""
    impossible: bool = False
    """Whether the manifest is sound and the account cannot give it: no such place, over a limit."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known beside an object that may say what befell it."""

    now: float
    """Unix seconds."""
    in_arrears: bool | None = None
    """Whether the account has nothing left to pay with; None where that was not read."""
    moved: Mapping[str, float] = field(default_factory=dict)
    """By id of what the platform moved by itself, when it last did, in Unix seconds, as far as that was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """Where the service tells which objects the platform moved by itself."""

    may_move: Callable[[Record], bool]
    """Whether that can have befallen the object."""
    pages: Callable[[float], Pages]
    """The list of what was moved since a moment, in Unix seconds."""
    read: Callable[[Mapping[str, Any]], tuple[str, float]]
    """The object's id and when it was moved, in Unix seconds."""


@dataclass(frozen=True, slots=True)
class PlatformEvent:
    """What befell an object without anybody's order, as far as its answer tells."""

    cause: Cause
    says: str
    """In words for a person."""
    fields: tuple[str, ...] = ()
    """The fields whose difference it explains."""
    passes: bool = False
    """Whether it ends by itself and is no drift: nothing is done about it, nor waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One of several specs that a create may try."""

    spec: Spec
    place: Mapping[str, Value]
    """What tells it from the others, for the books."""
    passed: tuple[Mapping[str, Value], ...] = ()
    """Those that were wished for more and passed over when the plan was made: each `offer` with the `reason`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """All that differs between one resource type and the others."""

    name: str
    """As in a manifest: `NetworkStorage`."""
    prefix: str
    """As in an address: `network_storage`."""
    summary: str
    fields: tuple[Field, ...]
    reading: ReadCalls
    create: Call
    new_id: Callable[[Any], str]
    """The id in the answer of the create call; empty where the answer holds none, and the object must be looked for."""
    same: Callable[[Spec, Live], bool]
    """Whether a live object may be what this (resolved) spec asked to create: its name and its place agree."""
    calls: tuple[Call, ...] = ()
    """The calls that change an object, in the order in which they are made."""
    delete: Call
    outputs: Mapping[str, str] = field(default_factory=dict)
    """The computed attributes beside `id`, each with a line for a person."""
    lasting: Callable[[Mapping[str, Value], Live], Mapping[str, Value]] = lambda before, _: before
    """Which of the attributes known before still hold of an object that answers so: lists tell less than a get."""
    timeouts: Timeouts
    stages: Mapping[str, str] = field(default_factory=dict)
    """By the API's word for a status, the stage of coming up that it belongs to, which has a time of its own."""
    create_first: bool = False
    """A replacement is made before the old object is deleted."""
    catalogues: tuple[str, ...] = ()
    """The parts of the catalogue that `choose` reads; see Catalogue."""
    choose: Callable[[Spec, Catalogue, Live | None], tuple[Spec, tuple[SpecError, ...]]] | None = None
    """Turns names of products and clusters into ids, pure. What a live object already has stays where it satisfies the
    wish. Other fields are left alone; unknown names are faults."""
    inherit: Callable[[Spec, Callable[[str, Value], Spec | None]], Spec] | None = None
    """Fills in what another resource of the manifests gives (a template's image, a storage's cluster): the second
    argument maps a kind prefix and the value of a reference to that resource's declared spec, or None."""
    check: Callable[[Spec], Iterable[SpecError]] | None = None
    """What is wrong with a declared spec beyond its schema: ports, limits, fields that exclude each other. Values may
    still be Refs, Joined or Secrets; those are skipped."""
    offers: Callable[[Spec], tuple[Offer, ...]] | None = None
    """What a create tries, one after another, while each is refused for want of capacity."""
    sited: bool = False
    """Whether the create needs a cluster. Where the manifest leaves it open, it is found together with the clusters of
    all that must be in the same one."""
    takes: Callable[[Spec, Catalogue], tuple[Take, ...]] | None = None
    """What a new object of this (resolved) spec takes of the stock: any one of these will do; empty where it takes
    nothing, or that is not known."""
    quota: Quota | None = None
    """How the service tells how many of them the account may have."""
    marked: bool = False
    """Whether the object has room for an owner mark: the calls write Target.mark, `parse` reads Live.mark."""
    costs: Callable[[Spec, PriceList], tuple[Cost, ...]] | None = None
    """What an object of this spec, declared and chosen or live, costs as long as it is there. None where such objects
    are free of charge."""
    buys: Callable[[Spec | None, Spec, PriceList], tuple[Cost, ...]] | None = None
    """What is paid at once when an object of the first spec (None for a new one) becomes one of the second."""
    prices: tuple[str, ...] = ()
    """The parts of the catalogue that `costs` and `buys` read; see Catalogue."""
    mishap: Callable[[Record, Live | None, Circumstances], PlatformEvent | None] | None = None
    """What befell the object, which may be gone, since it was recorded; None where it tells of nothing. That it is gone
    or failed needs no telling."""
    moves: Moves | None = None
    """How what the platform moved is told, where the object itself does not show it."""
    undeletable: Callable[[Live], str] | None = None
    """Why the service would refuse to delete this object, or an empty string."""
    example: str = ""
    """A manifest of this kind that validates, for `explain` and the docs."""

    by_name: Mapping[str, Field] = field(init=False, repr=False, compare=False)
    """The fields by their names."""
    _calls: Mapping[str, Call] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {item.name: item for item in self.fields})
        object.__setattr__(self, "_calls", {item.name: item for item in (self.create, self.delete, *self.calls)})

    def field(self, name: str) -> Field:
        """The field of that name; raises KeyError."""
        return self.by_name[name]

    def known(self, before: Mapping[str, Value], live: Live) -> dict[str, Value]:
        """The attributes of the object: what the answer tells, and of those known before what it leaves standing."""
        return {**self.lasting(before, live), **live.outputs}

    def took_effect(self, record: Record, live: Live) -> bool:
        """Whether the object shows the effect of the unanswered call on record, where fields alone do not tell it."""
        underway = record.underway
        call = self._calls.get(underway.call) if underway else None
        if underway is None or call is None or call.effect is None or not underway.before or not record.id:
            return False
        before = replace(live, values=underway.before["values"], outputs=underway.before["outputs"])
        return call.effect(Target(record.id, underway.sent, before, record.spec), live)

    def call(self, name: str) -> Call:
        """The call of that name, `create` and `delete` included; raises KeyError."""
        return self._calls[name]
