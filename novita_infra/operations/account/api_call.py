"""Any call of the API, and any list of it to its end, without secrets in the answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from novita_infra.api.credentials import without_credentials
from novita_infra.api.error_mapping import ROUTE_ADVICE
from novita_infra.api.errors import ApiError, Refused, Unanswered
from novita_infra.api.json_values import object_of, objects_of, text_of
from novita_infra.api.paging import walk
from novita_infra.api.protocol import ApiClient
from novita_infra.api.redaction import HIDDEN
from novita_infra.api.request import GPU_V2, Pages, Request
from novita_infra.model.values import is_secret_name, leaves

_SECRET: Final = re.compile(r"(?i)(?:passw(?:or)?d|secret|token|api_?key|credential|imageauth|authorization)$")
"""The end of the name of a field that holds a secret."""
_NUMBERS: Final = ("pageNum", "pageNo", "page")
"""The names of the number of a page: each operation has one of them, and does not know the others."""
_PATH_ADVICE: Final = (
    "there is no such route: check METHOD and PATH, "
    "which begins with /gpu-instance/openapi/v1, /openapi/v1 or /openai/v1"
)
_SIZE: Final = 100
_V2_SIZE: Final = 1000
"""Items of a page of v2: its pages come one after another. No page says how many it gives, so it may refuse."""
_MOST_PAGES: Final = 10_000


async def call_api(client: ApiClient, request: Request) -> Any:
    """The answer: JSON data, a str for plain text, None for an empty one. Raises ApiError.

    Where there is no such route, the error says what a path is like: a person has written this one.
    """
    try:
        return await client.send(request)
    except ApiError as error:
        if error.advice == ROUTE_ADVICE:
            error.advice = _PATH_ADVICE
        raise


async def every_item(client: ApiClient, request: Request) -> list[Any]:
    """Every item of the list that the request reads, once.

    Goes on as the first answer says: by the cursor of v2, by `after` where there is `has_more`, else by page numbers.
    Raises Unanswered where the answer is no list or a list does not end, and ApiError.
    """
    sized: dict[str, str | int] = {"pageSize": _SIZE, **request.query}
    if request.path.startswith(f"{GPU_V2}/"):
        request, first = await _first_of_v2(client, request)
    else:
        first = await call_api(client, replace(request, query=sized))
    if isinstance(first, Mapping) and (name := next((name for name in _CURSORS if name in first), "")):
        return await _following(client, request, first, lambda page: text_of(page.get(name)), "cursor")
    if isinstance(first, Mapping) and "has_more" in first:  # pages of v2 have it, too, and know no `after`
        return await _following(
            client, request, first, lambda page: _after(page) if page.get("has_more") else "", "after"
        )
    lists = tuple(name for name, value in object_of(first).items() if isinstance(value, list))

    async def fetch(page: Request) -> Any:
        number = page.query["pageNum"]
        return await client.send(replace(page, query={**page.query, **dict.fromkeys(_NUMBERS, number)}))

    pages = Pages(path=request.path, items=lists, identity=_IDS, number="pageNum", first=1, query=sized)
    return list(await walk(pages, fetch))


_CURSORS: Final = ("next_cursor", "nextCursor")
_IDS: Final = ("id", "Id", "instanceId", "templateId", "jobId", "stringId", "serialNumber", "billId")


async def _first_of_v2(client: ApiClient, request: Request) -> tuple[Request, Any]:
    """The first page of a list of v2, and its request, in the size that the service takes."""
    sized = replace(request, query={"limit": _V2_SIZE, **request.query})
    try:
        return sized, await call_api(client, sized)
    except Refused as error:
        if "limit" in request.query or type(error) is not Refused:
            raise
    sized = replace(request, query={"limit": _SIZE, **request.query})
    return sized, await call_api(client, sized)


async def _following(
    client: ApiClient, request: Request, page: Any, next_of: Callable[[Mapping[str, Any]], str], name: str
) -> list[Any]:
    """The items of the page and of those that follow it, each once.

    A page without a new item is the last: a service may ignore where it shall go on.
    """
    items: dict[str, Any] = {}
    for _ in range(_MOST_PAGES):
        before = len(items)
        items |= {json.dumps(item, sort_keys=True): item for item in _items(request, page)}
        token = next_of(page)
        if not token or len(items) == before:
            return list(items.values())
        page = object_of(await client.send(replace(request, query={**request.query, name: token})))
    raise Unanswered(request, text=f"the list does not end after {_MOST_PAGES} pages")


def _items(request: Request, page: Mapping[str, Any]) -> list[Any]:
    found = next((value for value in page.values() if isinstance(value, list)), None)
    if found is None:
        raise Unanswered(request, text="the answer holds no list")
    return found


def _after(page: Mapping[str, Any]) -> str:
    items = next((objects_of(value) for value in page.values() if isinstance(value, list)), [])
    return text_of(page.get("last_id")) or (text_of(items[-1].get("id")) if items else "")


def without_secrets_of(client: ApiClient, data: Any) -> Any:
    """The answer without secrets: fields such as `password`, variables such as `HF_TOKEN`, keys of known services,
    credentials in addresses, and every secret that this run knows.
    """
    known = client.secrets_in_values(sorted({text for text in leaves(data) if isinstance(text, str)}))
    return _shown(data, known)


def _shown(data: Any, known: Mapping[str, str]) -> Any:
    match data:
        case {"key": str(name), "value": str(value), **rest} if value and is_secret_name(name):
            return {"key": name, "value": HIDDEN, **_shown(rest, known)}
        case dict():
            return {name: _field(name, value, known) for name, value in data.items()}
        case list():
            return [_shown(item, known) for item in data]
        case str():
            return without_credentials(known.get(data, data), certain="://" not in data)
        case _:
            return data


def _field(name: str, value: Any, known: Mapping[str, str]) -> Any:
    return HIDDEN if isinstance(value, str) and value and _SECRET.search(name) else _shown(value, known)
