"""Several acceptable products in the order of preference: resolved against stock and price, then kept. Pure.

The create that succeeds decides the product once; a cheaper offer of tomorrow changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from novita_infra.api.json_values import filled, object_of, objects_of, text_of
from novita_infra.catalogue.products import UNIT, Catalogue, Product
from novita_infra.kinds.kind import Offer, SpecError
from novita_infra.kinds.toolkit.checks import choice_errors
from novita_infra.kinds.toolkit.field_schemas import CHOICE, TEXT
from novita_infra.kinds.toolkit.lookup import (
    ambiguity,
    find_cluster,
    is_offered,
    matching,
    price_in_mode,
)
from novita_infra.model.diagnostics import nearest
from novita_infra.model.resources import Live
from novita_infra.model.values import Spec, Value

_OFFER_FIELDS: Final = ("cluster", "billingMode")
"""The fields that an offer may name beside its product."""
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
            "maxPricePerHour": {
                "anyOf": [
                    {"type": "number", "exclusiveMinimum": 0},
                    {"type": "string", "pattern": r"^[0-9]+(\.[0-9]{1,5})?$", "examples": ["1.25"]},
                ],
                "description": "The most that a GPU may cost, in USD per hour.",
            },
        },
        "additionalProperties": False,
    },
}


def declared_offers(spec: Spec) -> list[Mapping[str, Value]]:
    """The declared offers, the preferred first; empty where the manifest names one product."""
    return objects_of(object_of(spec.get("product")).get("anyOf"))


def offer_errors(spec: Spec) -> Iterator[SpecError]:
    """The errors of the declared offers beyond their schema."""
    for index, declared in enumerate(declared_offers(spec)):
        path = ("product", "anyOf", index)
        if len({"gpu", "id"} & declared.keys()) != 1:
            yield SpecError(path, "an offer names one product", "give it `gpu` or `id`, not both")
        yield from choice_errors(declared, path=path)
        for name in ("cluster", "billingMode"):
            if name in declared and name in spec and isinstance(spec[name], str) and declared[name] != spec[name]:
                yield SpecError(
                    (*path, name), f"{name} is declared beside the product too", f"leave {name} out of the spec"
                )


def resolve_offers(
    spec: Spec, catalogue: Catalogue, live: Live | None, recorded: Spec | None = None
) -> tuple[Spec, tuple[SpecError, ...]]:
    """The spec with the offers resolved: the live one where it satisfies an offer, else the first available one."""
    matches: list[Mapping[str, Value]] = []
    errors: list[SpecError] = []
    passed: list[Mapping[str, Value]] = []
    for index, declared in enumerate(declared_offers(spec)):
        offered = _offers(declared, spec, catalogue, path=("product", "anyOf", index))
        if isinstance(offered, SpecError):
            errors.append(offered)
            continue
        if (error := _ambiguity(declared, spec, catalogue, index=index)) is not None:
            errors.append(error)
        matches += offered
        dear = [offer for offer in offered if offer["tooDear"]]
        passed += [_passed(offer, f"it costs {_usd(offer['price'])}, over maxPricePerHour") for offer in dear]
        if not offered:
            passed.append(_passed({"id": declared.get("id", declared.get("gpu")), **declared}, "it is not offered so"))
    if live is not None:
        same = _live_offer(matches, live) or _live_offer(_offers_before(spec, catalogue, live, recorded), live)
        if same is not None:
            return _with_offer(spec, same), ()
    if errors:
        return spec, tuple(errors)
    affordable = [offer for offer in matches if not offer.get("tooDear")]
    if not affordable:
        prices = ", ".join(f"{offer['name']} costs {_usd(offer['price'])}" for offer in matches) or "none is offered so"
        hint = "raise maxPricePerHour, or add another offer"
        return spec, (
            SpecError(("product", "anyOf"), f"no offer is within its price: {prices}", hint, impossible=True),
        )
    chosen = _with_offer(spec, min(affordable, key=lambda offer: not offer["available"]))
    offered = [filled({**_named(offer), "free": offer["available"]}) for offer in affordable]
    return {
        **chosen,
        "product": {**object_of(chosen["product"]), **filled({"offers": offered, "passed": passed})},
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


def _offers(
    declared: Mapping[str, Value], spec: Spec, catalogue: Catalogue, *, path: tuple[str | int, ...]
) -> list[Mapping[str, Value]] | SpecError:
    """The products that a declared offer matches now: each with its place, its price in 1/100000 USD, and its stock."""
    key = "id" if "id" in declared else "gpu"
    mode, named = _mode(declared, spec), declared.get("cluster")
    cluster = find_cluster(catalogue, named, path=(*path, "cluster")) if isinstance(named, str) else ""
    if isinstance(cluster, SpecError):
        return cluster
    products = matching(catalogue.gpu, text_of(declared.get(key)))
    if not products:
        hint = nearest(text_of(declared.get(key)), [item.id if key == "id" else item.name for item in catalogue.gpu])
        return SpecError((*path, key), f'no product "{declared.get(key)}"', hint)
    limit = _limit(declared.get("maxPricePerHour"))
    places = {cluster, *(item.name for item in catalogue.clusters if item.id == cluster)}
    here = [item for item in products if is_offered(item, mode) and (not cluster or _is_in(item, places))]
    costs = {item.id: price_in_mode(item, mode) for item in here}
    return [
        {
            **_offer_of(declared, spec, id=item.id, cluster=cluster),
            "name": item.name,
            "price": costs[item.id],
            "available": item.available,
            "tooDear": limit is not None and (costs[item.id] is None or (costs[item.id] or 0) > limit),
        }
        for item in sorted(here, key=lambda item: (not item.available, costs[item.id] or 0, item.id))
    ]


def _ambiguity(declared: Mapping[str, Value], spec: Spec, catalogue: Catalogue, *, index: int) -> SpecError | None:
    """The error that the name of an offer fits several products that differ, unless it wants the cheapest."""
    name = text_of(declared.get("gpu"))
    if not name or "choose" in declared:
        return None
    return ambiguity(
        matching(catalogue.gpu, name), name, path=("product", "anyOf", index, "gpu"), mode=_mode(declared, spec)
    )


def _offers_before(spec: Spec, catalogue: Catalogue, live: Live, recorded: Spec | None) -> list[Mapping[str, Value]]:
    """The live product as each declared offer, where these very offers gave it before the catalogue changed."""
    product = object_of((recorded or {}).get("product"))
    has = object_of(live.values.get("product")).get("id")
    if has is None or product.get("id") != has or product.get("anyOf") != object_of(spec.get("product")).get("anyOf"):
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


def _mode(declared: Mapping[str, Value], spec: Spec) -> str:
    return text_of(declared.get("billingMode")) or text_of(spec.get("billingMode")) or "onDemand"


def _is_in(product: Product, places: set[str]) -> bool:
    return not product.clusters or not places.isdisjoint(product.clusters)


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
    plain = {name: value for name, value in object_of(spec.get("product")).items() if name not in _RESOLVED_KEYS}
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


def _limit(value: Value) -> Decimal | None:
    """A price in 1/100000 USD."""
    try:
        return None if value is None else Decimal(str(value)) * UNIT
    except InvalidOperation:
        return None


def _usd(amount: int | None) -> str:
    return "an unknown price" if amount is None else f"${Decimal(amount) / UNIT}/h"
