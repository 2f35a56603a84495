"""Several acceptable products in the order of preference: resolved against stock and price, then kept. Pure.

The create that succeeds decides the product once; a cheaper offer of tomorrow changes nothing. A product with wishes
(`{minGpuMemoryGb: 40}`) is one offer, which every product that fulfils them matches.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, Final

from novita_infra.api.json_values import filled, object_of, objects_of, text_of
from novita_infra.catalogue.prices import usd
from novita_infra.catalogue.products import Catalogue, Cluster, Product
from novita_infra.kinds.kind import Offer, SpecError
from novita_infra.kinds.toolkit.checks import choice_errors
from novita_infra.kinds.toolkit.field_schemas import CHOICE, TEXT
from novita_infra.kinds.toolkit.lookup import (
    ambiguity,
    find_cluster,
    matching,
)
from novita_infra.kinds.toolkit.wishes import (
    ASK_FOR_LESS,
    SCHEMAS,
    clusters_of_region,
    clusters_with,
    fulfilling,
    has_wish,
    hourly_price,
    is_too_dear,
    why_too_dear,
    wish_of,
)
from novita_infra.model.diagnostics import nearest
from novita_infra.model.frozen import dataclass
from novita_infra.model.resources import Live
from novita_infra.model.values import Spec, Value

_OFFER_FIELDS: Final = ("cluster", "billingMode")
"""The fields that an offer may name beside its product."""
_MOST_OFFERS: Final = 20
"""The most offers that a create tries."""
_RESOLVED_KEYS: Final = frozenset({"id", "offers", "passed"})
"""The keys that resolution adds to a product."""

SCHEMA: Final[Mapping[str, Any]] = {
    "type": "array",
    "minItems": 1,
    "maxItems": 20,
    "items": {
        "type": "object",
        "properties": {
            "gpu": {**TEXT, "description": "A GPU product's name, or a part of it that fits no other."},
            "choose": CHOICE,
            "id": {**TEXT, "description": "A GPU product's id."},
            "cluster": {**TEXT, "description": "The cluster, by id or name."},
            "billingMode": {"enum": ["onDemand", "spot"]},
            **SCHEMAS,
        },
        "additionalProperties": False,
    },
}


def declared_offers(spec: Spec) -> list[Mapping[str, Value]]:
    """The declared offers, the preferred first; empty where the manifest names one product without a wish."""
    product = object_of(spec.get("product"))
    return objects_of(product["anyOf"]) if "anyOf" in product else [product] if has_wish(product) else []


def offer_errors(spec: Spec) -> Iterator[SpecError]:
    """The errors of the declared offers beyond their schema."""
    alone = "anyOf" not in object_of(spec.get("product"))
    for index, declared in enumerate(declared_offers(spec)):
        path = _path(spec, index)
        named = {"gpu", "id"} & declared.keys()
        if not alone and (len(named) > 1 or not (named or has_wish(declared))):
            yield SpecError(path, "an offer names one product", "give it `gpu` or `id`, not both")
        yield from () if alone else choice_errors(declared, path=path)
        for name in ("cluster", "billingMode"):
            if name in declared and name in spec and isinstance(spec[name], str) and declared[name] != spec[name]:
                yield SpecError(
                    (*path, name), f"{name} is declared beside the product too", f"leave {name} out of the spec"
                )


def resolve_offers(
    spec: Spec, catalogue: Catalogue, live: Live | None, recorded: Spec | None = None, *, replacing: bool = False
) -> tuple[Spec, tuple[SpecError, ...]]:
    """The spec with the offers resolved: the live one where it satisfies an offer, else the first available one.

    With `replacing` it satisfies one only at a price that the offer allows today.
    """
    matches: list[Mapping[str, Value]] = []
    errors: list[SpecError] = []
    passed: list[Mapping[str, Value]] = []
    reasons: list[str] = []
    for index, declared in enumerate(declared_offers(spec)):
        offered = _offers(declared, spec, catalogue, path=_path(spec, index))
        if isinstance(offered, SpecError):
            errors.append(offered)
            continue
        if (error := _ambiguity(declared, offered, spec, path=_path(spec, index))) is not None:
            errors.append(error)
        matches += offered.offers
        dear = [offer for offer in offered.offers if offer["tooDear"] and offered.name]
        passed += [_passed(offer, f"it costs {_usd(offer['price'])}, over maxPricePerHour") for offer in dear]
        reasons.append(offered.reason)
        if not offered.offers:
            named = {name: declared.get(name) for name in _OFFER_FIELDS}
            passed.append(_passed({"id": offered.name, **named}, offered.reason))
    if live is not None:
        before = [] if replacing else _offers_before(spec, catalogue, live, recorded)
        kept = [offer for offer in matches if not (replacing and offer["tooDear"])]
        same = _live_offer(kept, live) or _live_offer(before, live)
        if same is not None:
            return _with_offer(spec, same), ()
    if errors:
        return spec, tuple(errors)
    affordable = [offer for offer in matches if not offer.get("tooDear")]
    if not affordable:
        return spec, (_nothing(spec, matches, reasons),)
    chosen = _with_offer(spec, min(affordable, key=lambda offer: not offer["available"]))
    listed = [filled({**_named(offer), "free": offer["available"]}) for offer in affordable[:_MOST_OFFERS]]
    return {
        **chosen,
        "product": {**object_of(chosen["product"]), **filled({"offers": listed, "passed": passed})},
    }, ()


def offers_in_order(spec: Spec) -> tuple[Offer, ...]:
    """The specs that a create tries one after another: those that were free when the plan was made come first."""
    product = object_of(spec.get("product"))
    offered, passed = objects_of(product.get("offers")), tuple(objects_of(product.get("passed")))
    if not offered:
        return (Offer(spec=spec, place=_place(spec), passed=passed),)
    ordered = sorted(range(len(offered)), key=lambda index: not offered[index].get("free"))
    return tuple(_offer(spec, offered, index, passed=passed) for index in ordered)


def _offer(
    spec: Spec, offered: list[Mapping[str, Value]], index: int, *, passed: tuple[Mapping[str, Value], ...]
) -> Offer:
    chosen = _with_offer(spec, offered[index])
    unavailable = tuple(_passed(other, "none was free") for other in offered[:index] if not other.get("free"))
    return Offer(spec=chosen, place=_place(chosen), passed=(*passed, *unavailable))


@dataclass(frozen=True, slots=True)
class _Offered:
    """The products that a declared offer matches now."""

    name: str
    """The name or the id in the offer; empty where it has only wishes."""
    products: tuple[Product, ...]
    """Those that are cheap enough."""
    offers: tuple[Mapping[str, Value], ...]
    """Each product with its place, its price in 1/100000 USD, and its stock: free ones first, then by price."""
    reason: str
    """Why there is none, or none that is cheap enough."""


def _offers(
    declared: Mapping[str, Value], spec: Spec, catalogue: Catalogue, *, path: tuple[str | int, ...]
) -> _Offered | SpecError:
    """The products that a declared offer matches now."""
    key = "id" if "id" in declared else "gpu"
    name, mode = text_of(declared.get(key)), _mode(declared, spec)
    places = _places(declared, spec, catalogue, path=path)
    if isinstance(places, SpecError):
        return places
    products = matching(catalogue.gpu, name) if name else catalogue.gpu
    if not products:
        hint = nearest(name, [item.id if key == "id" else item.name for item in catalogue.gpu])
        return SpecError((*path, key), f'no product "{name}"', hint)
    wish = wish_of(declared, mode=mode, clusters=places)
    here, reason = fulfilling(products, wish, catalogue)
    offers = [
        {
            **_offer_of(declared, spec, id=item.id, cluster=place),
            "name": item.name,
            "price": hourly_price(item, mode),
            "available": item.available,
            "tooDear": is_too_dear(item, wish),
        }
        for item in here
        for place in ([cluster.id for cluster in clusters_with(item, places)] if places is not None else [""])
    ]
    ordered = sorted(offers, key=lambda offer: (not offer["available"], offer["price"] or 0, offer["id"]))
    cheap = tuple(item for item in here if not is_too_dear(item, wish))
    return _Offered(name, cheap, tuple(ordered), reason or ("" if cheap else why_too_dear(here, wish)))


def _places(
    declared: Mapping[str, Value], spec: Spec, catalogue: Catalogue, *, path: tuple[str | int, ...]
) -> tuple[Cluster, ...] | SpecError | None:
    """The clusters that an offer names, by its region or by itself; None where it leaves them open."""
    named, region = declared.get("cluster"), declared.get("region")
    cluster = find_cluster(catalogue, named, path=(*path, "cluster")) if isinstance(named, str) else ""
    if isinstance(cluster, SpecError):
        return cluster
    if not isinstance(region, str):
        return tuple(item for item in catalogue.clusters if item.id == cluster) if cluster else None
    return clusters_of_region(catalogue, region, beside=cluster or text_of(spec.get("cluster")), path=(*path, "region"))


def _ambiguity(
    declared: Mapping[str, Value], offered: _Offered, spec: Spec, *, path: tuple[str | int, ...]
) -> SpecError | None:
    """The error that an offer fits several products that differ, unless it wants the cheapest."""
    if "choose" in declared or "id" in declared or not offered.products:
        return None
    where = (*path, "gpu") if offered.name else path
    return ambiguity(offered.products, offered.name, path=where, mode=_mode(declared, spec))


def _nothing(spec: Spec, matches: list[Mapping[str, Value]], reasons: list[str]) -> SpecError:
    """The error that no offer has a product that is cheap enough."""
    if "anyOf" not in object_of(spec.get("product")):
        return SpecError(("product",), f"no product fits: {'; '.join(reasons)}", ASK_FOR_LESS, impossible=True)
    prices = ", ".join(f"{offer['name']} costs {_usd(offer['price'])}" for offer in matches) or "none is offered so"
    hint = "raise maxPricePerHour, or add another offer"
    return SpecError(("product", "anyOf"), f"no offer is within its price: {prices}", hint, impossible=True)


def _path(spec: Spec, index: int) -> tuple[str | int, ...]:
    return ("product", "anyOf", index) if "anyOf" in object_of(spec.get("product")) else ("product",)


def _offers_before(spec: Spec, catalogue: Catalogue, live: Live, recorded: Spec | None) -> list[Mapping[str, Value]]:
    """The live product as each declared offer, where these very offers gave it before the catalogue changed."""
    product = object_of((recorded or {}).get("product"))
    has = object_of(live.values.get("product")).get("id")
    declared_now = object_of(spec.get("product"))
    if has is None or product.get("id") != has or _asked(product) != _asked(declared_now):
        return []
    if "anyOf" not in declared_now and declared_now.get("id", has) != has:
        return []
    offers: list[Mapping[str, Value]] = []
    for declared in declared_offers(spec):
        named = declared.get("cluster")
        cluster = (
            find_cluster(catalogue, named, kept=text_of(live.values.get("cluster"))) if isinstance(named, str) else ""
        )
        if not isinstance(cluster, SpecError):
            offers.append(_offer_of(declared, spec, id=has, cluster=cluster))
    return offers


def _offer_of(declared: Mapping[str, Value], spec: Spec, *, id: Value, cluster: str) -> dict[str, Value]:
    """A product as a declared offer. A place that neither the offer nor the spec names is left open, whatever an
    earlier offer named.
    """
    mode = declared.get("billingMode", spec.get("billingMode"))
    return {"id": id, "cluster": cluster or spec.get("cluster"), "billingMode": mode}


def _asked(product: Mapping[str, Value]) -> Mapping[str, Value]:
    """A product as it is declared, without what resolution adds."""
    return {name: value for name, value in product.items() if name not in _RESOLVED_KEYS}


def _mode(declared: Mapping[str, Value], spec: Spec) -> str:
    return text_of(declared.get("billingMode")) or text_of(spec.get("billingMode")) or "onDemand"


def _live_offer(matches: list[Mapping[str, Value]], live: Live) -> Mapping[str, Value] | None:
    """The offer that the live object matches, whatever its price today."""
    has = {
        "id": object_of(live.values.get("product")).get("id"),
        "cluster": live.values.get("cluster"),
        "billingMode": live.values.get("billingMode"),
    }
    return next(
        (
            offer
            for offer in matches
            if all(offer.get(name) in (None, has[name]) for name in ("id", "cluster", "billingMode"))
        ),
        None,
    )


def _with_offer(spec: Spec, offer: Mapping[str, Value]) -> Spec:
    """The spec of that offer alone."""
    plain = _asked(object_of(spec.get("product")))
    own = {name: value for name, value in spec.items() if name not in _OFFER_FIELDS}
    placed = filled({name: offer.get(name) for name in _OFFER_FIELDS})
    return {**own, **placed, "product": {**plain, "id": offer["id"]}}


def _named(offer: Mapping[str, Value]) -> Mapping[str, Value]:
    return {name: offer.get(name) for name in ("id", *_OFFER_FIELDS)}


def _place(spec: Spec) -> Mapping[str, Value]:
    return filled(
        {"product": object_of(spec.get("product")).get("id"), **{name: spec.get(name) for name in _OFFER_FIELDS}}
    )


def _passed(offer: Mapping[str, Value], reason: str) -> Mapping[str, Value]:
    named = {"product" if name == "id" else name: value for name, value in _named(offer).items()}
    return {"offer": filled(named), "reason": reason}


def _usd(amount: int | Fraction | None) -> str:
    return "an unknown price" if amount is None else f"{usd(amount)}/h"
