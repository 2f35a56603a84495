"""Reads products, clusters, prices and stock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from novita_infra.api.errors import ApiError, Refused, Unanswered
from novita_infra.api.protocol import ApiClient
from novita_infra.api.request import Request
from novita_infra.catalogue.keys import own_keys
from novita_infra.catalogue.prices import PriceList, price_list
from novita_infra.catalogue.products import MEMORY, PARTS, Catalogue, Product, parse_catalogue
from novita_infra.catalogue.stock import StockQuery
from novita_infra.kinds.kind import Kind
from novita_infra.model.concurrency import together


async def read_catalogue(client: ApiClient, names: Iterable[str]) -> Catalogue:
    """The named parts of the catalogue: what the account can rent.

    The list of the memory of GPUs is read beside that of the products only if one of these does not name its own: the
    pages of v2 come one after another.
    """
    names = set(names)
    late = names & {MEMORY} if "gpu" in names else set()
    found = await _read_parts(client, sorted(names - late))
    return found.filled_from(await _read_parts(client, sorted(late))) if late and found.lacks_memory else found


async def _read_parts(client: ApiClient, names: Sequence[str]) -> Catalogue:
    requests = [(name, request) for name in names for request in PARTS[name].requests]
    answers = await together(*(_read_if_allowed(client, name, request) for name, request in requests))
    pages: dict[str, list[Any]] = {name: [] for name in names}
    for (name, _), found in zip(requests, answers, strict=True):
        if found is None:
            pages.pop(name, None)
        else:
            pages[name] += found
    catalogue = parse_catalogue(pages)
    own = tuple(key.id for key in own_keys(catalogue.keys, client.is_own))
    return replace(catalogue, own_keys=own) if own else catalogue


async def read_stock(client: ApiClient, asks: Iterable[StockQuery]) -> dict[StockQuery, tuple[Product, ...] | Refused]:
    """By query, the free products, or the refusal where this key may not ask. Raises other ApiErrors."""
    asks = sorted(asks)
    return dict(zip(asks, await together(*(_asked(client, ask) for ask in asks)), strict=True))


async def read_prices(client: ApiClient, names: Iterable[str]) -> Catalogue:
    """The named parts, for their prices only: an empty catalogue where they cannot be read, and a destroy continues."""
    try:
        return await read_catalogue(client, names)
    except ApiError:
        return Catalogue()


async def read_price_list(client: ApiClient, kinds: Iterable[Kind]) -> PriceList:
    """Today's prices of all that the kinds rent. What cannot be read has an unknown price."""
    return price_list(await read_prices(client, sorted({part for kind in kinds for part in kind.market.price_lists})))


async def _read_if_allowed(client: ApiClient, name: str, request: Request) -> list[Any] | None:
    """The pages; None where this key may not read a part that is not needed."""
    try:
        return await _read_part(client, name, request)
    except Refused:
        if PARTS[name].optional:
            return None
        raise


async def _read_part(client: ApiClient, name: str, request: Request) -> list[Any]:
    pages = []
    following: Request | None = request
    while following is not None:
        page = await client.send(following)
        if not isinstance(page, (dict, list)):
            raise Unanswered(following, text="the answer holds no list")
        pages.append(page)
        following = PARTS[name].following(following, pages[-1])
    return pages


async def _asked(client: ApiClient, ask: StockQuery) -> tuple[Product, ...] | Refused:
    try:
        pages = await _read_part(client, ask.part, ask.request)
    except Refused as refusal:
        return refusal
    products: tuple[Product, ...] = PARTS[ask.part].parse(pages)
    return products
