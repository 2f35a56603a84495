"""An operation of the API as a value: its path, its request, the function that serves it, its page in the reference."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, TypeVar

from novita_infra.simulator.answer_schema import FLAG, TEXT, Schema, obj
from novita_infra.simulator.answer_schema import items as list_of
from novita_infra.simulator.errors import invalid
from novita_infra.simulator.profiles import Quirks
from novita_infra.simulator.request_schema import Fields, RequestField, Text, Whole, may
from novita_infra.simulator.world.engine.world import World

V1: Final = "/gpu-instance/openapi/v1"
V2: Final = "/gpus/v2"
PAGES: Final = "https://novita.ai/docs/api-reference/"
T = TypeVar("T")


class Family(Enum):
    """The error family of an operation. It decides the wording of refusals, such as that of a wrong key."""

    GPU = "gpu"
    ACCOUNT = "account"
    LLM = "llm"
    MODEL = "model"


class Confidence(Enum):
    """How sure the shape of an operation's answer is."""

    DOCUMENTED = "documented"
    """A page of the reference describes it."""
    SEEN_LIVE = "seen live"
    """A public program received it from the service."""
    GUESSED = "guessed"
    """No page describes it, and nobody reports it."""


@dataclass(frozen=True, slots=True)
class IncomingCall:
    """A checked request: query and body hold every field that the operation declares."""

    query: Mapping[str, Any]
    body: Mapping[str, Any]
    path: Mapping[str, str] = field(default_factory=dict)
    raw: bytes = b""
    media: str = ""
    key: str = ""
    base: Callable[[], str] = str
    """Returns scheme and host of the service, as the caller addressed it."""


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """An answer that is not plain JSON with status 200."""

    body: bytes = b""
    status: int = 200
    media: str = "application/json"
    pieces: tuple[bytes, ...] = ()
    """The pieces of a streamed body, instead of `body`."""


def done(world: World, **fields: Any) -> Any:
    """The answer of a write that creates nothing: a JSON object; zero bytes under profiles with `empty_bodies`."""
    return RawAnswer() if world.quirks.empty_bodies else fields


def done_schema(quirks: Quirks) -> Mapping[str, Any] | None:
    """The schema of `done` without fields; None for an answer of zero bytes."""
    return None if quirks.empty_bodies else {"type": "object"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation. `serve` returns a JSON value or a RawAnswer, or raises an ApiRefusal."""

    name: str
    method: str
    path: str
    source: str
    """The page of the reference."""
    confidence: Confidence
    """How sure the shape of the answer is under the profile `live`."""
    serve: Callable[[World, IncomingCall], Any]
    query: Fields = field(default_factory=Fields)
    body: Fields | None = None
    answer: Mapping[str, Any] | Callable[[Quirks], Mapping[str, Any] | None] | None = None
    """The JSON Schema of a successful answer, by profile if they differ; None if the answer is not JSON."""
    aliases: tuple[str, ...] = ()
    """Other documented paths."""
    also: tuple[str, ...] = ()
    """Undocumented paths that existing clients use."""
    counterpart: str = ""
    """The operation of v1 that has the same effect. Faults and scenarios that name it affect this operation, too."""
    family: Family = Family.GPU
    public: bool = False
    """Served without a key."""
    raw: bool = False
    """The body is not JSON; the operation reads it itself."""
    form: Mapping[str, Any] | None = None
    """The JSON Schema of the form, if the body is a form."""
    streams: bool = False
    """The answer is a stream of events if the request asks for it."""
    large: bool = False
    """The body may be as large as an upload."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names under which faults and scenarios know the operation."""
        return (self.name, self.counterpart) if self.counterpart else (self.name,)


def paging(number: str = "pageNum", size: str = "pageSize") -> dict[str, RequestField]:
    """The two query parameters of a list in pages."""
    return {number: may(Whole()), size: may(Whole())}


def page_of(
    items: Sequence[T], *, number: int | None, size: int | None, first: int, default: int, largest: int
) -> Sequence[T]:
    """One page of `items`. A number below the first page is the first page; no size or 0 is the default size."""
    length = min(size or default, largest)
    start = max((first if number is None else number) - first, 0) * length
    return items[start : start + length]


def records_with(records: Iterable[T], query: Mapping[str, Any], **values: Callable[[T], str]) -> list[T]:
    """The records that have the values of the query, which are the same for all of them; an empty one fits each."""
    for name, value_of in values.items():
        if wanted := query[name]:
            records = [record for record in records if value_of(record) == wanted]
    return list(records)


CURSOR: Final = {"limit": may(Whole(), 0), "cursor": may(Text(0, 1024), "")}
"""The two query parameters of a list of v2."""


def cursor_page(
    world: World,
    items: Sequence[T],
    call: IncomingCall,
    *,
    place: Callable[[T], tuple[float, str]],
    shown: Callable[[T], Any],
) -> dict[str, Any]:
    """One page of v2. `items` are in the order of their creation.

    `place` gives the creation (Unix seconds) and the id of an item, and the cursor holds those of the last item of the
    page before. If this item is gone by now, the page begins with what was created at the same time or later, so that
    nothing is missing.
    """
    limit, largest = call.query["limit"], world.quirks.largest_page
    if limit > largest and world.quirks.refuses_large_pages:
        raise invalid("limit", f"must be at most {largest}")
    start = _start_after(call.query["cursor"], [place(item) for item in items])
    page = items[start : start + min(limit or 100, largest)]
    more = start + len(page) < len(items)
    return {
        "data": [shown(item) for item in page],
        "next_cursor": _cursor_of(place(page[-1])) if more else "",
        "has_more": more,
    }


def _cursor_of(place: tuple[float, str]) -> str:
    return base64.urlsafe_b64encode(f"{place[0]!r} {place[1]}".encode()).decode()


def _start_after(cursor: str, places: Sequence[tuple[float, str]]) -> int:
    if not cursor:
        return 0
    try:
        created, _, key = base64.urlsafe_b64decode(cursor).decode().partition(" ")
        last = float(created), key
    except ValueError as error:
        raise invalid("cursor", "is not a cursor of this list") from error
    if last in places:
        return places.index(last) + 1
    return next((index for index, place in enumerate(places) if place[0] >= last[0]), len(places))


def data_page(item: Schema) -> Schema:
    """The schema of `cursor_page`."""
    return obj(data=list_of(item), next_cursor=TEXT, has_more=FLAG)
