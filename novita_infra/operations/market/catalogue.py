"""What the market lists: products, clusters, templates and language models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from novita_infra.api.errors import NotFound, Refused
from novita_infra.catalogue.models import LanguageModel, model_request, parse_model
from novita_infra.catalogue.products import MEMORY, Catalogue, Cluster, Product
from novita_infra.catalogue.stock import StockQuery
from novita_infra.catalogue.templates import (
    ListedTemplate,
    read_template,
    template_in,
    template_pages,
    template_request,
)
from novita_infra.model.concurrency import together
from novita_infra.model.diagnostics import nearest, problem
from novita_infra.operations.account.view import AccountView
from novita_infra.refresh.catalogue import read_catalogue, read_stock


async def read_products(view: AccountView, types: Sequence[str]) -> Catalogue:
    """The lists of products of these types; see `catalogue.products.PARTS`. Raises ApiError."""
    return await read_catalogue(view.client, (*types, *((MEMORY,) if "gpu" in types else ())))


async def read_clusters(
    view: AccountView,
) -> tuple[Sequence[Cluster], Mapping[str, Sequence[Product] | None]]:
    """The clusters, and by the id of each its GPU products on demand; None where this key may not ask.

    One call, and one for each cluster. Raises ApiError.
    """
    clusters = (await read_catalogue(view.client, ("clusters",))).clusters
    stock = await read_stock(view.client, [StockQuery("gpu", item.id) for item in clusters])
    return clusters, {query.cluster: None if isinstance(found, Refused) else found for query, found in stock.items()}


async def read_templates(view: AccountView, channels: Sequence[str], name: str) -> list[ListedTemplate]:
    """The templates of these channels with the text in their name, in the order of the lists. Raises ApiError."""
    lists = await together(*(view.client.walk(template_pages(channel, name)) for channel in channels))
    return [read_template(item) for items in lists for item in items]


async def read_one_template(view: AccountView, id: str) -> ListedTemplate:
    """The template of that id, without known secrets in its command. Raises Problems if there is none, and ApiError."""
    try:
        found = template_in(await view.client.send(template_request(id)))
    except NotFound:
        found = None
    if found is None:
        raise problem(f"there is no template {id}", "novita-infra templates lists them")
    redacted = view.client.redacted
    return replace(found, command=redacted(found.command), entrypoint=redacted(found.entrypoint))


async def read_models(view: AccountView) -> Sequence[LanguageModel]:
    """The language models, sorted by id. Raises ApiError."""
    return (await read_catalogue(view.client, ("models",))).models


async def read_one_model(view: AccountView, id: str) -> LanguageModel:
    """The language model of that id. Raises Problems with the nearest id if there is none, and ApiError."""
    try:
        found = parse_model(await view.client.send(model_request(id)))
    except NotFound:
        found = None
    if found is None:
        known = [item.id for item in await read_models(view)]
        raise problem(f'there is no language model "{id}"', nearest(id, known))
    return found
