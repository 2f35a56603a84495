"""Reads a list that comes in pages. It trusts the service little: no document says whether pages count from 0 or from
1, how large a page may be, or that a list does not change meanwhile.
"""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, TypeAlias

from novita_infra.api.errors import NotFound, Refused, Unanswered
from novita_infra.api.request import Pages, Request, WalkedItems
from novita_infra.model.concurrency import together
from novita_infra.model.frozen import dataclass

Fetch: TypeAlias = Callable[[Request], Awaitable[Any]]
Item: TypeAlias = dict[str, Any]

_PASSES: Final = 3
_AT_ONCE: Final = 32
"""Pages that are read at once on the word of the first one,"""
_AHEAD: Final = 3
"""and later for each page that held a new item, so that a total that is too large costs a few times the list."""
_MOST_PAGES: Final = 10_000
_ENVELOPE: Final = frozenset(
    {"total", "page", "pageNo", "pageNum", "pageNumber", "pageSize", "has_more", "next_cursor"}
)


async def walk(pages: Pages, fetch: Fetch) -> WalkedItems:
    """Every item of the list once, in the order of the pages. The content identifies an item without an identity key.

    A list that became shorter meanwhile may have moved an item from an unread page to one already read, so it is read
    again. If it never stops changing, all items of all passes are returned: an item too many can be looked up by its
    id, a missing one would be created again. Items that appear meanwhile may or may not be included.
    Raises the errors of `fetch`, and Unanswered for an answer that is no list or a list that does not end.
    """
    seen: dict[str, Item] = {}
    for _ in range(_PASSES):
        walking = _Walking(pages, fetch)
        await walking.run()
        seen |= walking.found
        if not walking.shrank:
            seen = walking.found
            break
    items = WalkedItems(seen.values())
    items.is_certain = walking.is_certain
    return items


@dataclass(frozen=True, slots=True)
class _Page:
    items: list[Item]
    total: int | None
    is_certain: bool = True


class _Walking:
    """One pass over the pages."""

    def __init__(self, pages: Pages, fetch: Fetch) -> None:
        self.found: dict[str, Item] = {}
        self._pages = pages
        self._fetch = fetch
        self._totals: list[int] = []
        self._widest = 0
        self._filled = 0
        """Pages that held a new item."""
        self.is_certain = True

    @property
    def shrank(self) -> bool:
        """Whether a later page had a smaller total than an earlier one."""
        return self._totals != sorted(self._totals)

    async def run(self) -> None:
        first = self._pages.first
        await self._read([first])
        if not self._pages.number:
            return
        # A first page that is short though more must come may be the last one of a service that counts from 0.
        early = first > 0 and self._widest < self._pages.page_size and not self._is_complete()
        if early:
            await self._read([0])
        following = first + 1
        while not self._is_complete():
            upcoming = range(following, following + self._missing_pages())
            fresh = await self._read(upcoming)
            following = upcoming.stop
            # Pages 0 and 1 may be the same page, or 0 an empty one, so page 1 alone proves no end.
            if not fresh and following > 2:
                break
            if following - first > _MOST_PAGES:
                raise Unanswered(self._request(following), text=f"the list does not end after {_MOST_PAGES} pages")
        if first > 0 and not early and not self._is_complete():
            await self._read([0])
        if not self.found and not self._is_complete() and self._totals:
            raise Unanswered(self._request(first), text=f"the service counts {self._totals[-1]} items and lists none")

    def _is_complete(self) -> bool:
        return bool(self._totals) and len(self.found) >= self._totals[-1]

    def _missing_pages(self) -> int:
        """The number of pages to read at once: those that the total implies, by the size of the fullest page so far."""
        if not self._totals:
            return 1
        missing = self._totals[-1] - len(self.found)
        most = max(_AT_ONCE, _AHEAD * self._filled)
        return min(max(-(-missing // (self._widest or self._pages.page_size)), 1), most)

    async def _read(self, numbers: Iterable[int]) -> bool:
        """Reads those pages at once. Returns whether one of them held a new item."""
        before = len(self.found)
        for page in await together(*(self._page(number) for number in numbers)):
            known = len(self.found)
            self._widest = max(self._widest, len(page.items))
            self.is_certain = self.is_certain and page.is_certain
            if page.total is not None:
                self._totals.append(page.total)
            for item in page.items:
                self.found.setdefault(_identity(self._pages, item), item)
            self._filled += len(self.found) > known
        return len(self.found) > before

    async def _page(self, number: int) -> _Page:
        request = self._request(number)
        try:
            answer = await self._fetch(request)
        except Refused as error:
            # A service that counts from 1 may refuse a page 0, with any reason.
            if number == 0 and self._pages.number and type(error) in {Refused, NotFound}:
                return _Page([], None)
            raise
        return _read_page(self._pages, request, answer=answer)

    def _request(self, number: int) -> Request:
        paging = {self._pages.number: number, self._pages.size: self._pages.page_size} if self._pages.number else {}
        return Request("GET", self._pages.path, {**self._pages.query, **paging}, repeatable=True)


def _read_page(pages: Pages, request: Request, *, answer: Any) -> _Page:
    total = _count(answer.get("total")) if isinstance(answer, dict) else None
    items = answer if isinstance(answer, list) else _items(pages, answer, total=total)
    if items is None or not all(isinstance(item, (dict, type(None))) for item in items):
        raise Unanswered(request, text=f"the answer holds no list of {' or '.join(pages.items)}")
    is_certain = bool(items) or total == 0 or (isinstance(answer, dict) and not answer.keys().isdisjoint(pages.items))
    return _Page([item for item in items if item is not None], total, is_certain or not pages.items)


def _items(pages: Pages, answer: Any, *, total: int | None) -> list[Any] | None:
    """The list inside the envelope; None if there is none. An unknown envelope must not count as an empty list."""
    if not isinstance(answer, dict):
        return None
    values = [answer[key] for key in pages.items if key in answer]
    for value in values:
        if isinstance(value, list):
            return value
    if any(value is not None for value in values):
        return None
    is_bare = answer.keys() <= {*_ENVELOPE, pages.number, pages.size}
    return [] if values or is_bare or total == 0 else None


def _count(total: Any) -> int | None:
    """A total as number or as text; None for anything else."""
    if isinstance(total, str) and total.strip().isdecimal() and len(total) < 19:
        return int(total)
    if isinstance(total, (int, float)) and not isinstance(total, bool) and 0 <= total < math.inf:
        return int(total)
    return None


def _identity(pages: Pages, item: Item) -> str:
    for key in pages.identity:
        value = item.get(key)
        if isinstance(value, (str, int)) and value != "":
            return f"id {value}"
    return json.dumps(item, sort_keys=True)
