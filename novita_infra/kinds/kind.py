"""A kind of resource as a value: its fields, its calls and the rules of its type. Nothing here talks to the API.

Everything that differs between two types stands here: planner, applier, views and commands know no field of any.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import field, replace
from typing import Any, Final, Protocol, TypeAlias

from novita_infra.account.metrics import GpuUse
from novita_infra.api.request import Pages, Request
from novita_infra.catalogue.prices import Cost, PriceList
from novita_infra.catalogue.products import Catalogue, Product
from novita_infra.catalogue.stock import Quota, StockNeed
from novita_infra.kinds.call import ApiCalls, Call, Target
from novita_infra.kinds.field import Field, Refusal, Replaces
from novita_infra.kinds.job import OVER
from novita_infra.kinds.machine import Machine
from novita_infra.model.frozen import dataclass
from novita_infra.model.lifecycle import Cause, Timeouts
from novita_infra.model.records import Record
from novita_infra.model.resources import Live
from novita_infra.model.values import Spec, Value

NAME: Final = "name"
"""The field that holds the name of an object, in every kind whose objects have one."""

# --- from a declared spec to a definite one ---------------------------------------------------------------------

Resolved: TypeAlias = tuple[Spec, tuple["SpecError", ...]]
"""A definite spec, and what is wrong with the declared one."""


class Resolve(Protocol):
    """Replaces names of products and clusters by ids."""

    def __call__(
        self, spec: Spec, catalogue: Catalogue, live: Live | None, recorded: Spec | None = None, /
    ) -> Resolved:
        """The definite spec. `recorded` is the spec in the record of the live object, as far as there is one."""


@dataclass(frozen=True, slots=True)
class SpecError:
    """An error of a spec that its schema cannot find, at a path such as ("ports", 0)."""

    path: tuple[str | int, ...]
    summary: str
    hint: str = ""
    impossible: bool = False
    """Whether the manifest is sound and the account cannot fulfil it: no such place, over a limit."""
    lacks: str = ""
    """The field whose absence is the error. A manifest that does not compare it (`ignoreChanges`) may leave it out."""


@dataclass(frozen=True, slots=True)
class OutputKeys:
    """The keys of an attribute that is a map, as far as the declared spec tells them."""

    fields: tuple[str, ...]
    """The fields that decide them."""
    keys: Callable[[Spec], Collection[str] | None]
    """The keys by these fields; None where they are not known. A field without a value is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRules:
    """The checks that an apply can make of an object at its end; see `model.lifecycle.Check`."""

    types: tuple[str, ...]
    asks_api: bool = False
    """Whether a model is asked that the API serves, and not one that a program of the object serves."""
    url: Callable[[Live], str] = lambda _: ""
    """The address of its program; empty where it is not known."""
    queue: Callable[[Live], str] = lambda _: ""
    """The name of its queue at the gateway."""
    errors: Callable[[Mapping[str, Value], Spec], str] = lambda _outputs, _spec: ""
    """Where the errors of a job are that is over, by its recorded attributes and its spec."""
    requests: Callable[[Spec], int | None] = lambda _: None
    """The number of requests that a job makes; None where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """How a declared spec is checked and made definite."""

    inherit: Callable[[Spec, Callable[[str, Value], Spec | None]], Spec] | None = None
    """Fills in what another resource of the manifests gives (the image of a template, the cluster of a storage). The
    second argument maps a resource type and the value of a reference to that resource's declared spec, or None."""
    inherited: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By field that `inherit` may fill in or complete: the other fields of the spec that it needs for that."""
    output_keys: Mapping[str, OutputKeys] = field(default_factory=dict)
    """By attribute that is a map: its keys. An expression that reads another key is an error."""
    check: Callable[[Spec], Iterable[SpecError]] | None = None
    """The errors of a declared spec beyond its schema: ports, limits, fields that exclude each other. Values may still
    be Refs, Computations or Secrets; those are skipped."""
    catalogues: tuple[str, ...] = ()
    """The parts of the catalogue that `resolve` reads; see Catalogue."""
    more_catalogues: Callable[[Spec], tuple[str, ...]] = lambda _: ()
    """The parts that it reads beside these for this declared spec."""
    resolve: Resolve | None = None
    """Replaces names of products and clusters by ids. Pure. A live object keeps what it has where that satisfies the
    spec, and whatever the same spec gave it before, for the catalogue may have changed. Other fields are left alone;
    unknown names are errors, and so are names of several products that differ."""
    replacing: Resolve | None = None
    """As `resolve`, for a new object in the place of the live one: it is rented at the prices of today, so that it gets
    what the live one has only where the spec allows its price. None where `resolve` serves for that."""
    resolved: frozenset[str] = frozenset()
    """The fields that `resolve` may set or complete, so that their values need not stand in the manifest."""
    written: Mapping[str, Callable[[Value], Value]] = field(default_factory=dict)
    """By field: how a manifest states the live value, where the two have different forms."""
    checks: CheckRules | None = None
    """The checks that a manifest may declare; None for none."""
    models: Callable[[Spec], tuple[str, ...]] = lambda _: ()
    """The language models of the API that a new object of this definite spec calls with the key in use."""
    forbids: Callable[[Spec, Catalogue, str], bool] | None = None
    """Whether an object of this definite spec keeps the key in use from the language model of this id."""

    def parts_for(self, spec: Spec) -> frozenset[str]:
        """All parts of the catalogue that `resolve` reads for a declared spec."""
        return frozenset((*self.catalogues, *self.more_catalogues(spec)))


# --- place, stock and price -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Preparation:
    """What an object does at a place, once, so that others start sooner there."""

    what: str
    """Such as an image that is pulled."""
    cluster: str
    products: frozenset[str] = frozenset()
    """The ids of the products that it is done for; none where that is every one, or is not known."""

    def helps(self, other: Preparation) -> bool:
        """Whether the other one would find this done."""
        same = (self.what, self.cluster) == (other.what, other.cluster)
        return same and (not (self.products and other.products) or not self.products.isdisjoint(other.products))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementRules:
    """Where an object of the kind is placed."""

    cluster: str = ""
    """The field that names the cluster; empty where objects have none."""
    required: bool = False
    """Whether the create needs a cluster. Where the manifest leaves it open, it is chosen together with the clusters of
    all resources that must be in the same one."""
    product: str = ""
    """The field that names what is rented; empty where nothing is. Its stock depends on the cluster."""

    prepares: Callable[[Spec], Preparation | None] | None = None
    """What an object of this (resolved) spec prepares for others; None where it prepares nothing."""
    benefits: Callable[[Spec], Preparation | None] | None = None
    """What an object of this (resolved) spec would have to do itself, unless another one has prepared it."""

    @property
    def fields(self) -> frozenset[str]:
        """The fields whose errors another cluster may solve."""
        return frozenset({self.cluster, self.product} - {""})


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One of several specs that a create may try."""

    spec: Spec
    place: Mapping[str, Value]
    """What distinguishes it from the others, for the record."""
    passed: tuple[Mapping[str, Value], ...] = ()
    """The preferred offers that the plan passed over: each `offer` with the `reason`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UseMetrics:
    """How the service reports the use of an object."""

    measured: Callable[[Live], bool]
    """Whether there are figures for this object."""
    request: Callable[[str, float, float], Request]
    """The request for the figures of the object of that id, up to a moment in Unix seconds, over so many seconds."""
    read: Callable[[Any, float], GpuUse | None]
    """The last use in the answer of that moment; None where it holds no figures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What an object of the kind needs of the stock, and what it costs."""

    offers: Callable[[Spec], tuple[Offer, ...]] | None = None
    """The specs that a create tries one after another, while each is refused for want of capacity."""
    alternatives: str = ""
    """How a manifest names several offers, for hints; empty where it cannot."""
    stock_needed: Callable[[Spec, Catalogue], tuple[StockNeed, ...]] | None = None
    """The stock that a new object of this (resolved) spec needs: any of these will do; empty where none is known."""
    spec_needing: Callable[[StockNeed, Product], Spec] | None = None
    """The fields of a manifest that need this stock of the product: by its name, if the need has one, else by its id.
    Empty for stock of another kind."""
    quota: Quota | None = None
    """How the service reports how many of them the account may have."""
    price_lists: tuple[str, ...] = ()
    """The parts of the catalogue that `costs` and `purchases` read; see Catalogue."""
    costs: Callable[[Spec, PriceList], tuple[Cost, ...]] | None = None
    """The running costs of an object of this spec, declared and resolved or live. None where such objects are free."""
    purchases: Callable[[Spec | None, Spec, PriceList], tuple[Cost, ...]] | None = None
    """What is paid at once when an object of the first spec (None for a new one) becomes one of the second."""
    use: UseMetrics | None = None
    """How the use of a live object is measured."""


# --- what happens to an object outside of a plan ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Facts beside an object that may explain a platform event."""

    now: float
    """Unix seconds."""
    in_arrears: bool | None = None
    """Whether the account has nothing left to pay with; None where that was not read."""
    migrated: Mapping[str, float] = field(default_factory=dict)
    """By id: when the platform last migrated the object, in Unix seconds, as far as that was read."""
    used: Mapping[str, GpuUse] = field(default_factory=dict)
    """By id: the last use of the object, where it was read."""
    images: Collection[str] | None = None
    """The full names of the images that the account can use; None where they were not read."""


@dataclass(frozen=True, slots=True)
class PlatformEvent:
    """A change that the platform made to an object by itself, as far as its answer shows."""

    cause: Cause
    message: str
    """For a person."""
    fields: tuple[str, ...] = ()
    """The fields whose difference it explains."""
    temporary: bool = False
    """Whether it ends by itself and is no drift: nothing is done about it, and nothing waits for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrations:
    """Where the service lists the objects that it migrated by itself."""

    possible: Callable[[Record], bool]
    """Whether the service may migrate the object."""
    pages: Callable[[float], Pages]
    """The list of migrations since a moment, in Unix seconds."""
    read: Callable[[Mapping[str, Any]], tuple[str, float]]
    """The object's id and when it was migrated, in Unix seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftRules:
    """How the state of a live object is understood where it is not what was declared."""

    platform_event: Callable[[Record, Live | None, Circumstances], PlatformEvent | None] | None = None
    """The platform event since the object was recorded; None where nothing shows one. The object may be gone. That it
    is gone or failed needs no event."""
    migrations: Migrations | None = None
    """How migrations are reported, where the object itself does not show them."""
    stopped: Callable[[Spec], bool] | None = None
    """Whether an object of this spec is stopped; None where objects cannot be."""
    remedy: Callable[[Live], str] | None = None
    """What to correct in the manifest of an object in trouble, such as its image; empty where that is not known."""


# --- the kind ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """All that differs between one resource type and the others."""

    name: str
    """As in a manifest: `NetworkStorage`."""
    type: str
    """As in an address: `network_storage`."""
    summary: str
    fields: tuple[Field, ...]
    outputs: Mapping[str, str] = field(default_factory=dict)
    """The computed attributes beside `id`, each with a line for a person."""
    api: ApiCalls
    resolution: Resolution = Resolution()
    placement: PlacementRules = PlacementRules()
    market: Market = Market()
    drift: DriftRules = DriftRules()
    machine: Machine | None = None
    """The daily life of its objects, if they run programs."""
    timeouts: Timeouts
    example: str = ""
    """A manifest of this kind that validates, for `explain` and the docs."""

    by_name: Mapping[str, Field] = field(init=False, repr=False, compare=False)
    """The fields by their names."""
    _calls: Mapping[str, Call] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {item.name: item for item in self.fields})
        calls = (self.api.create, self.api.delete, *self.api.updates)
        object.__setattr__(self, "_calls", {item.name: item for item in calls})

    def field(self, name: str) -> Field:
        """The field of that name; raises KeyError."""
        return self.by_name[name]

    def call(self, name: str) -> Call:
        """The call of that name, `create` and `delete` included; raises KeyError."""
        return self._calls[name]

    def merged_outputs(self, before: Mapping[str, Value], live: Live) -> dict[str, Value]:
        """The attributes of the object: those of the answer, and the earlier ones that still hold."""
        return {**self.api.lasting_outputs(before, live), **live.outputs}

    def took_effect(self, record: Record, live: Live) -> bool:
        """Whether the object shows the effect of the recorded unanswered call, where the fields do not show it."""
        pending = record.pending
        call = self._calls.get(pending.call) if pending else None
        if pending is None or call is None or call.took_effect is None or not pending.before or not record.id:
            return False
        before = replace(live, values=pending.before["values"], outputs=pending.before["outputs"])
        return call.took_effect(Target(record.id, pending.sent, before, record.spec), live)

    def is_over(self, live: Live) -> bool:
        """Whether the object is a job that has ended: it is forgotten and not deleted, and nothing runs it again."""
        return self.api.completes and live.phase in OVER

    def is_history(self, live: Live) -> bool:
        """Whether an object without a record is only the past: a job that is over and left nothing to replace."""
        return self.is_over(live) and self.api.saves is None

    @property
    def can_rename(self) -> bool:
        """Whether objects have a name that a call can change."""
        return NAME in self.by_name and not isinstance(self.by_name[NAME].change, Replaces | Refusal)

    def is_stopped(self, spec: Spec) -> bool:
        """Whether an object of this spec is stopped."""
        return self.drift.stopped is not None and self.drift.stopped(spec)

    def remedy(self, live: Live) -> str:
        """What to correct in the manifest of an object in trouble; empty where that is not known."""
        return self.drift.remedy(live) if self.drift.remedy else ""
