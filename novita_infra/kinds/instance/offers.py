"""Several products that would do, in the order of wish: resolved against stock and price, and then kept.

Pure. Which one is had is decided once, by the create that succeeds; a cheaper offer of tomorrow changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from novita_infra.api.json_values import filled, object_of, objects_of, text_of
from novita_infra.catalogue.products import UNIT, Catalogue, Product
from novita_infra.kinds.kind import Offer, SpecError
from novita_infra.kinds.toolkit.field_schemas import TEXT
from novita_infra.kinds.toolkit.lookup import find_cluster, matching, offers, price
from novita_infra.model.resources import Live
from novita_infra.model.values import Spec, Value

_OPEN: Final = ("cluster", "billingMode")
"""What an offer may name beside its product."""
_WORKED_OUT: Final = frozenset({"id", "offers", "passed"})
"""What choosing adds to a product."""

SCHEMA: Final[Mapping[str, Any]] = {
    "type": "array",
    "minItems": 1,
    "maxItems": 20,
    "items": {
        "type": "object",
        "properties": {
            "gpu": {**TEXT, "description": "A GPU product's name, or a part of it."},
            "id": {**TEXT, "description": "A GPU product's id."},
            "cluster": {**TEXT, "description": "The cluster, by id or name."},
            "billingMode": {"enum": ["onDemand", "spot"]},
            "maxPricePerHour": {
                "anyOf": [
                    {"type": "number", "exclusiveMinimum": 0},
                    {"type": "string", "pattern": r"^[0-9]+(\.[0-9]{1,5})?$"},
                ],
                "description": "The most that a GPU may cost, in USD per hour.",
            },
        },
        "additionalProperties": False,
    },
}


def wishes(spec: Spec) -> list[Mapping[str, Value]]:
    """The products that would do, the most wished for first; empty where the manifest names just one."""
    return objects_of(object_of(spec.get("product")).get("anyOf"))


def faults(spec: Spec) -> Iterator[SpecError]:
    """What is wrong with the wishes beyond their schema."""
    for index, wish in enumerate(wishes(spec)):
        path = ("product", "anyOf", index)
        if len({"gpu", "id"} & wish.keys()) != 1:
            yield SpecError(path, "an offer names one product", "give it `gpu` or `id`, not both")
        for name in ("cluster", "billingMode"):
            if name in wish and name in spec and isinstance(spec[name], str) and wish[name] != spec[name]:
                yield SpecError(
                    (*path, name), f"{name} is declared beside the product too", f"leave {name} out of the spec"
                )


def choose(spec: Spec, catalogue: Catalogue, live: Live | None) -> tuple[Spec, tuple[SpecError, ...]]:
    """The spec with the offers resolved: what is live where it satisfies a wish, else the first that can be had."""
    found: list[Mapping[str, Value]] = []
    wrong: list[SpecError] = []
    passed: list[Mapping[str, Value]] = []
    for index, wish in enumerate(wishes(spec)):
        offered = _offers(wish, spec, catalogue, path=("product", "anyOf", index))
        if isinstance(offered, SpecError):
            wrong.append(offered)
            continue
        found += offered
        dear = [offer for offer in offered if offer["tooDear"]]
        passed += [_passed(offer, f"it costs {_usd(offer['price'])}, over maxPricePerHour") for offer in dear]
        if not offered:
            passed.append(_passed({"id": wish.get("id", wish.get("gpu")), **wish}, "it is not offered so"))
    if live is not None and (kept := _kept(found, live)) is not None:
        return _taking(spec, kept), ()
    if wrong:
        return spec, tuple(wrong)
    affordable = [offer for offer in found if not offer.get("tooDear")]
    if not affordable:
        told = ", ".join(f"{offer['name']} costs {_usd(offer['price'])}" for offer in found) or "none is offered so"
        hint = "raise maxPricePerHour, or add another offer"
        return spec, (SpecError(("product", "anyOf"), f"no offer is within its price: {told}", hint, impossible=True),)
    chosen = _taking(spec, min(affordable, key=lambda offer: not offer["available"]))
    offered = [filled({**_named(offer), "free": offer["available"]}) for offer in affordable]
    return {**chosen, "product": {**object_of(chosen["product"]), **filled({"offers": offered, "passed": passed})}}, ()


def in_turn(spec: Spec) -> tuple[Offer, ...]:
    """What a create tries, one after another: what was free when the plan was made comes first."""
    product = object_of(spec.get("product"))
    offered, passed = objects_of(product.get("offers")), tuple(objects_of(product.get("passed")))
    if not offered:
        return (Offer(spec=spec, place=_place(spec), passed=passed),)
    ordered = sorted(range(len(offered)), key=lambda index: not offered[index].get("free"))
    return tuple(_offer(spec, offered, index, passed=passed) for index in ordered)


def _offer(
    spec: Spec, offered: list[Mapping[str, Value]], index: int, *, passed: tuple[Mapping[str, Value], ...]
) -> Offer:
    taken = _taking(spec, offered[index])
    taken_up = tuple(_passed(other, "none was free") for other in offered[:index] if not other.get("free"))
    return Offer(spec=taken, place=_place(taken), passed=(*passed, *taken_up))


def _offers(
    wish: Mapping[str, Value], spec: Spec, catalogue: Catalogue, *, path: tuple[str | int, ...]
) -> list[Mapping[str, Value]] | SpecError:
    """What a wish can mean now: each product with its place, its price in 1/100000 USD, and whether one is free."""
    key = "id" if "id" in wish else "gpu"
    mode = text_of(wish.get("billingMode")) or text_of(spec.get("billingMode")) or "onDemand"
    named = wish.get("cluster")
    cluster = find_cluster(catalogue, named, path=(*path, "cluster")) if isinstance(named, str) else ""
    if isinstance(cluster, SpecError):
        return cluster
    products = matching(catalogue.gpu, text_of(wish.get(key)))
    if not products:
        return SpecError((*path, key), f'no product "{wish.get(key)}"', "")
    limit = _limit(wish.get("maxPricePerHour"))
    places = {cluster, *(item.name for item in catalogue.clusters if item.id == cluster)}
    here = [item for item in products if offers(item, mode) and (not cluster or _is_in(item, places))]
    costs = {item.id: price(item, mode) for item in here}
    return [
        {
            "id": item.id,
            "name": item.name,
            "price": costs[item.id],
            "available": item.available,
            "tooDear": limit is not None and (costs[item.id] is None or (costs[item.id] or 0) > limit),
            # What neither the wish nor the spec names is left open, whatever an earlier offer named.
            "cluster": cluster or spec.get("cluster"),
            "billingMode": wish.get("billingMode", spec.get("billingMode")),
        }
        for item in sorted(here, key=lambda item: (not item.available, costs[item.id] or 0, item.id))
    ]


def _is_in(product: Product, places: set[str]) -> bool:
    return not product.clusters or not places.isdisjoint(product.clusters)


def _kept(found: list[Mapping[str, Value]], live: Live) -> Mapping[str, Value] | None:
    """The offer that the live object is of, whatever it costs today."""
    has = {
        "id": object_of(live.values.get("product")).get("id"),
        "cluster": live.values.get("cluster"),
        "billingMode": live.values.get("billingMode"),
    }
    return next(
        (
            offer
            for offer in found
            if all(offer.get(name) in (None, has[name]) for name in ("id", "cluster", "billingMode"))
        ),
        None,
    )


def _taking(spec: Spec, offer: Mapping[str, Value]) -> Spec:
    """The spec of that offer alone."""
    plain = {name: value for name, value in object_of(spec.get("product")).items() if name not in _WORKED_OUT}
    own = {name: value for name, value in spec.items() if name not in _OPEN}
    placed = filled({name: offer.get(name) for name in _OPEN})
    return {**own, **placed, "product": {**plain, "id": offer["id"]}}


def _named(offer: Mapping[str, Value]) -> Mapping[str, Value]:
    return {name: offer.get(name) for name in ("id", *_OPEN)}


def _place(spec: Spec) -> Mapping[str, Value]:
    return filled({"product": object_of(spec.get("product")).get("id"), **{name: spec.get(name) for name in _OPEN}})


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
