"""The lists of files and of batches, to their end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from novita_infra.api.errors import Unanswered
from novita_infra.api.json_values import flag_of, text_of
from novita_infra.api.protocol import ApiClient
from novita_infra.api.request import Request
from novita_infra.batches.batches import BATCHES, ApiBatch, batch_in
from novita_infra.batches.files import FILES, ApiFile, file_in

_MOST_PAGES: Final = 10_000
_SIZE: Final = 100
"""Items of each page but the first, which is asked for as the pages of the API do: without a size."""


async def list_files(client: ApiClient) -> list[ApiFile]:
    """The files of the account, the newest first. Raises ApiError."""
    files = [file_in(item) for item in await _items(client, FILES)]
    return sorted(files, key=lambda file: (file.created, file.id), reverse=True)


async def list_batches(client: ApiClient) -> list[ApiBatch]:
    """The batches of the account, the newest first. Raises ApiError."""
    batches = [batch_in(item) for item in await _items(client, BATCHES)]
    return sorted(batches, key=lambda batch: (batch.created, batch.id), reverse=True)


async def _items(client: ApiClient, request: Request) -> list[Mapping[str, Any]]:
    """The items, each id once.

    No page documents `after`, and a list that ignores it would never end: a page without a new id is the last one.
    Raises Unanswered for an answer that is no list.
    """
    found: dict[str, Mapping[str, Any]] = {}
    page = await client.send(request)
    for _ in range(_MOST_PAGES):
        items, before = _listed(request, page), len(found)
        for item in items:
            found.setdefault(text_of(item.get("id")), item)
        found.pop("", None)
        if len(found) == before or not (isinstance(page, Mapping) and flag_of(page.get("has_more"))):
            return list(found.values())
        after = text_of(page.get("last_id")) or text_of(items[-1].get("id"))
        page = await client.send(replace(request, query={"after": after, "limit": _SIZE}))
    raise Unanswered(request, text=f"the list does not end after {_MOST_PAGES} pages")


def _listed(request: Request, page: Any) -> list[Mapping[str, Any]]:
    """The items of a page: `data` may be null where there are none."""
    data = page.get("data", page) if isinstance(page, Mapping) else page
    if data is None or data == {}:
        return []
    if not isinstance(data, list) or not all(isinstance(item, Mapping) for item in data):
        raise Unanswered(request, text="the answer holds no list")
    return data
