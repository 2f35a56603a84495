"""Placement: one cluster for resources that must be together, such as a machine, its storages and its network. Pure.

Where the manifests leave the cluster open, it is chosen by what exists already, then by what is free, then by price.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from fractions import Fraction

from novita_infra.catalogue.prices import PriceList, rate
from novita_infra.catalogue.products import Catalogue
from novita_infra.catalogue.stock import Stock, StockNeed, StockQuery, cluster_label, shortage
from novita_infra.kinds.kind import Kind, SpecError
from novita_infra.kinds.toolkit.lookup import find_cluster
from novita_infra.kinds.toolkit.market import alternatives, alternatives_in_words
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import EXIT_BLOCKED, EXIT_ERROR, Diagnostic
from novita_infra.model.frozen import dataclass
from novita_infra.model.resources import PRESENT, Declared, Existing, Live
from novita_infra.model.values import Spec, Value, refs
from novita_infra.planning.plan.findings import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementInput:
    """The inputs of a placement."""

    declared: Mapping[Address, Declared]
    found: Mapping[Address, Existing]
    kinds: Mapping[str, Kind]
    catalogue: Catalogue
    prices: PriceList
    stock: Stock = field(default_factory=dict)

    def wish(self, address: Address) -> Value:
        """The declared cluster of the resource, by id or name; None where it is open or its kind has none."""
        return self.declared[address].spec.get(self.kinds[address.type].placement.cluster)


@dataclass(frozen=True, slots=True)
class Placement:
    """The clusters that were chosen, and the findings on some resources."""

    declared: Mapping[Address, Declared]
    """The resources with an open cluster, with the chosen one."""
    findings: Mapping[Address, Finding] = field(default_factory=dict)


def placement_questions(ground: PlacementInput) -> frozenset[StockQuery]:
    """The stock that must be known to choose well; nothing where no cluster is open."""
    asks: set[StockQuery] = set()
    for group in _open_groups(ground):
        clusters = _clusters(group, ground)
        if len(clusters) > 1:
            fits = (_fit(group, cluster, ground) for cluster in clusters)
            asks |= {ask for fit in fits if not fit.faults for ask in fit.asks}
    return frozenset(asks)


def place_resources(ground: PlacementInput) -> Placement:
    """A cluster for each open place, and findings, which count only for resources that are changed."""
    placed: dict[Address, Declared] = {}
    findings: dict[Address, Finding] = {}
    for group in _open_groups(ground):
        pins = _pins(group, ground)
        if len(pins) == len(group) and len(set(pins.values())) == 1:
            best = _Fit(next(iter(pins.values())))  # it is all there
        else:
            fits = (_fit(group, cluster, ground) for cluster in _clusters(group, ground))
            best = min(fits, key=_Fit.rank, default=_Fit("", faults=("the account has no cluster",)))
            finding = _finding(group, best, ground)
            findings |= dict.fromkeys(group, finding) if finding is not None else {}
        for address in group if not best.faults else ():
            item, rules = ground.declared[address], ground.kinds[address.type].placement
            if ground.wish(address) is None and rules.cluster:
                placed[address] = replace(item, spec={**item.spec, rules.cluster: best.cluster})
    return Placement(placed, {**_parted(ground), **findings})


# --- groups ---------------------------------------------------------------------------------------------------------


def _open_groups(ground: PlacementInput) -> Iterator[tuple[Address, ...]]:
    """The groups of resources that must be together, where the cluster of one that needs one is open. Sorted."""
    opened = [
        address
        for address in ground.declared
        if ground.kinds[address.type].placement.required and ground.wish(address) is None
    ]
    if not opened:
        return
    beside: dict[Address, set[Address]] = {}
    for one, other in _edges(ground):
        beside.setdefault(one, set()).add(other)
        beside.setdefault(other, set()).add(one)
    done: set[Address] = set()
    for address in sorted(opened):
        waiting, group = [address], set[Address]()
        while waiting:
            one = waiting.pop()
            if one not in group and one not in done:
                group.add(one)
                waiting += beside.get(one, ())
        if group:
            done |= group
            yield tuple(sorted(group))


def _edges(ground: PlacementInput) -> Iterator[tuple[Address, Address]]:
    """Pairs of resources that must be in one cluster."""
    for address, item in ground.declared.items():
        kind = ground.kinds[address.type]
        if not kind.placement.cluster:
            continue
        for one in kind.fields:
            if one.refers and ground.kinds[one.refers].placement.cluster and one.name in item.spec:
                for ref in refs(item.spec[one.name]):
                    if ref.address.type == one.refers and ref.address in ground.declared:
                        yield address, ref.address


def _parted(ground: PlacementInput) -> dict[Address, Finding]:
    """The findings on resources that must be together and are declared in different clusters."""
    findings = {}
    place = functools.cache(functools.partial(_cluster_of, ground.catalogue))
    for address, other in _edges(ground):
        here, there = (place(ground.wish(item)) for item in (address, other))
        if here and there and here != there:
            clusters = ground.catalogue.clusters
            item = ground.declared[address]
            findings[address] = Finding(
                Diagnostic(
                    f"{address} is to be in {cluster_label(clusters, here)}, and {other} in "
                    f"{cluster_label(clusters, there)}",
                    f"both must be in one cluster; {other} is declared at {ground.declared[other].origin}",
                    origin=item.places.get(ground.kinds[address.type].placement.cluster, item.origin),
                    address=str(address),
                ),
                EXIT_BLOCKED,
            )
    return findings


# --- clusters -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Fit:
    """The fit of a cluster for a group of resources."""

    cluster: str
    faults: tuple[str, ...] = ()
    """Why some resources can never be in this cluster."""
    lacks: tuple[str, ...] = ()
    """The shortages in this cluster."""
    wanting: tuple[tuple[Kind, tuple[StockNeed, ...]], ...] = ()
    """By resource with a shortage: its kind, and the stock of which any would do."""
    waits: bool = False
    """Whether a resource may wait for capacity."""
    known: bool = False
    """Whether a resource was recorded in this cluster before."""
    price: Fraction = Fraction(0)
    """Per hour, in 1/100000 USD, as far as prices are known."""
    asks: tuple[StockQuery, ...] = ()

    def rank(self) -> tuple[bool, int, bool, Fraction, str]:
        return bool(self.faults), len(self.lacks), not self.known, self.price, self.cluster


def _clusters(group: Iterable[Address], ground: PlacementInput) -> tuple[str, ...]:
    """The candidates: the clusters in which resources of the group are declared or live, else all clusters."""
    pinned = tuple(sorted(set(_pins(group, ground).values())))
    return pinned or tuple(item.id for item in ground.catalogue.clusters)


def _pins(group: Iterable[Address], ground: PlacementInput) -> dict[Address, str]:
    """By resource with a declared cluster or a live object, its cluster."""
    pins = {}
    for address in group:
        wish, live = ground.wish(address), _there(ground.found.get(address))
        field_name = ground.kinds[address.type].placement.cluster
        place = _cluster_of(ground.catalogue, wish) or (live.values.get(field_name) if live and wish is None else None)
        if isinstance(place, str) and place:
            pins[address] = place
    return pins


def _cluster_of(catalogue: Catalogue, wish: Value) -> str:
    """The id of the declared cluster; empty where it is open, not known yet, or unknown to the account."""
    found = find_cluster(catalogue, wish) if isinstance(wish, str) else ""
    return "" if isinstance(found, SpecError) else found


def _there(found: Existing | None) -> Live | None:
    """The live object, or the only one that an unanswered create may have made."""
    if found is None:
        return None
    live = found.live or (found.candidates[0] if len(found.candidates) == 1 else None)
    return None if live is None or live.phase not in PRESENT else live


def _fit(group: tuple[Address, ...], cluster: str, ground: PlacementInput) -> _Fit:
    """The fit of the cluster for the group: errors of the kinds, shortages, and the price."""
    fit = _Fit(cluster)
    for address in group:
        fit = _with(fit, ground.declared[address], ground)
    return fit


def _with(fit: _Fit, item: Declared, ground: PlacementInput) -> _Fit:
    kind, found = ground.kinds[item.address.type], ground.found.get(item.address)
    live, rules = _there(found), kind.placement
    spec: Spec = {**item.spec, rules.cluster: fit.cluster} if rules.cluster else item.spec
    record = found.record if found else None
    recorded: Spec = record.spec if record else {}
    resolve = kind.resolution.resolve
    chosen, faults = resolve(spec, ground.catalogue, live, recorded) if resolve else (spec, ())
    takes = kind.market.stock_needed(chosen, ground.catalogue) if kind.market.stock_needed and live is None else ()
    messages = [fault.summary for fault in faults if fault.impossible and not rules.fields.isdisjoint(fault.path[:1])]
    messages += [f"{item.address} names another cluster"] * any(take.query.cluster != fit.cluster for take in takes)
    reasons = [shortage(take, ground.stock, ground.catalogue) for take in takes]
    lacks = tuple(dict.fromkeys(reasons)) if reasons and all(reasons) else ()
    return replace(
        fit,
        faults=(*fit.faults, *messages),
        lacks=(*fit.lacks, *lacks),
        wanting=(*fit.wanting, *(((kind, takes),) if lacks else ())),
        waits=fit.waits or (bool(lacks) and item.lifecycle.capacity_wait > 0),
        known=fit.known or recorded.get(rules.cluster) == fit.cluster,
        price=fit.price + (rate(kind.market.costs(chosen, ground.prices)).least if kind.market.costs else 0),
        asks=(*fit.asks, *(take.query for take in takes)),
    )


# --- words ----------------------------------------------------------------------------------------------------------


def _finding(group: tuple[Address, ...], best: _Fit, ground: PlacementInput) -> Finding | None:
    """The finding where no candidate will do; None where one will do."""
    pins = _pins(group, ground)
    first = next(item for item in group if ground.wish(item) is None)
    names = _listed([str(item) for item in group])
    item = ground.declared[first]

    def finding(summary: str, hint: str, *, code: int = EXIT_BLOCKED) -> Finding:
        return Finding(Diagnostic(summary, hint, origin=item.origin, address=str(first)), code)

    if not pins and not any(ground.kinds[address.type].market.stock_needed for address in group):
        such = f", such as {best.cluster}" if best.cluster and not best.faults else ""
        return finding(f"nothing says in which cluster {first} is to be", f"give it a cluster{such}", code=EXIT_ERROR)
    if len(set(pins.values())) > 1:
        where = _listed([f"{one} in {cluster}" for one, cluster in sorted(pins.items())])
        return finding(f"{names} must be in one cluster, and there is {where}", "give all of them the same cluster")
    if not best.faults and (best.waits or not best.lacks):
        return None
    fits = [_fit(group, cluster, ground) for cluster in _clusters(group, ground)]
    likely = sorted(fits, key=lambda fit: (len(fit.faults), fit.rank()))
    reasons = dict.fromkeys(reason for fit in likely for reason in (*fit.faults, *fit.lacks))
    summary = f"no cluster has all that {names} need together"
    return finding(summary, "; ".join((*reasons, *_free_instead(likely, ground))))


def _free_instead(fits: Iterable[_Fit], ground: PlacementInput) -> tuple[str, ...]:
    """What is free instead in the likeliest cluster that only lacks stock, and has any alternative."""
    for fit in fits:
        texts = []
        for kind, takes in fit.wanting if not fit.faults else ():
            free = [item for item in alternatives(takes, ground.stock, ground.catalogue) if not item.elsewhere]
            texts.append(alternatives_in_words(free, kind, ground.catalogue))
        if all(texts) and texts:
            return tuple(dict.fromkeys(texts))
    return ()


def _listed(words: Iterable[str]) -> str:
    *most, last = dict.fromkeys(words)
    return f"{', '.join(most)} and {last}" if most else last
