"""Walking lists of services that count, cap and total in every way that was seen or may be feared."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trees import trees

from novita_infra.api.errors import ApiError, NotFound, Refused, Unanswered
from novita_infra.api.paging import walk
from novita_infra.api.request import Pages, Request

TOTALS: dict[str, Callable[[int], dict[str, Any]]] = {
    "int": lambda count: {"total": count},
    "text": lambda count: {"total": str(count)},
    "absent": lambda _: {},
    "null": lambda _: {"total": None},
    "nonsense": lambda _: {"total": "many"},
    "too many": lambda count: {"total": count + 7},
}


def pages(*, first: int = 0, page_size: int = 100) -> Pages:
    return Pages(
        path="/things",
        items=("things", "data"),
        identity=("Id", "id"),
        number="pageNum",
        first=first,
        page_size=page_size,
    )


def things(count: int) -> list[dict[str, Any]]:
    return [{"id": f"t-{number}"} for number in range(count)]


@dataclass
class Service:
    """A list of things behind pages. `base` is its first page; below it, a page is the first one, empty, or refused."""

    things: list[dict[str, Any]]
    base: int = 0
    cap: int = 1000
    total: str = "int"
    below: str = "same"
    after: str = "empty"
    key: str = "things"
    asked: list[int] = field(default_factory=list)
    meanwhile: Callable[[Service], None] = lambda _: None
    rounds: int = 0
    running: int = 0
    most_running: int = 0

    async def answer(self, request: Request) -> Any:
        self.rounds += self.running == 0
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        await asyncio.sleep(0)
        self.running -= 1
        number = int(request.query["pageNum"])
        size = min(int(request.query["pageSize"]), self.cap)
        self.asked.append(number)
        if number < self.base and self.below == "refused":
            raise Refused(request, status=400, reason="VALIDATOR_PARAM", text="pageNum")
        index = max(number - self.base, 0)
        items = [] if number < self.base and self.below == "empty" else self.things[index * size : (index + 1) * size]
        if not items and self.after == "last":
            items = self.things[-size:]
        listed = None if not items and self.after == "null" else items
        answer = {self.key: listed, **TOTALS[self.total](len(self.things))}
        self.meanwhile(self)
        return answer


def walked(service: Service, *, first: int = 0, page_size: int = 100) -> list[dict[str, Any]]:
    return asyncio.run(walk(pages(first=first, page_size=page_size), service.answer))


services = st.builds(
    Service,
    things=st.integers(0, 40).map(things),
    base=st.sampled_from([0, 1]),
    cap=st.integers(1, 15),
    total=st.sampled_from(sorted(set(TOTALS) - {"too many"})),
    below=st.sampled_from(["same", "empty", "refused"]),
    after=st.sampled_from(["empty", "null", "last"]),
    key=st.sampled_from(["things", "data"]),
)


@given(service=services, first=st.sampled_from([0, 1]), page_size=st.integers(1, 20))
def test_every_item_comes_once_whatever_the_service_makes_of_pages(
    service: Service, first: int, page_size: int
) -> None:
    found = walked(service, first=first, page_size=page_size)
    assert sorted(item["id"] for item in found) == sorted(item["id"] for item in service.things)


@given(service=services, first=st.sampled_from([0, 1]))
def test_a_walk_asks_for_few_pages_more_than_there_are(service: Service, first: int) -> None:
    walked(service, first=first)
    needed = -(-len(service.things) // service.cap)
    assert len(service.asked) <= 2 * needed + 4


@given(
    service=services,
    first=st.sampled_from([0, 1]),
    changes=st.lists(st.integers(-3, 3), max_size=40),
    kept=st.integers(0, 5),
)
def test_lasting_items_are_found_in_a_list_that_grows_and_shrinks(
    service: Service, first: int, changes: list[int], kept: int
) -> None:
    service.total = "int"
    standing = {item["id"] for item in service.things[-kept:]} if kept else set()
    upcoming = iter(changes)

    def change(service: Service) -> None:
        step = next(upcoming, 0)
        if step > 0:
            service.things = [*service.things, *({"id": f"n-{len(service.asked)}-{item}"} for item in range(step))]
        for _ in range(-step):
            going = next((item for item in service.things if item["id"] not in standing), None)
            service.things = [item for item in service.things if item is not going]

    service.meanwhile = change
    try:
        found = {item["id"] for item in walked(service, first=first, page_size=10)}
    except Unanswered:
        return  # it counted items and listed none: no list at all, not an empty one
    if all(step <= 0 for step in changes):
        assert standing <= found
    assert len(service.asked) < 400


def test_an_item_that_slips_to_a_page_already_read_is_found() -> None:
    service = Service(things(20), cap=10)

    def remove_one(service: Service) -> None:
        if len(service.asked) == 1:
            service.things = service.things[1:]

    service.meanwhile = remove_one
    assert {"id": "t-10"} in walked(service)


def test_a_list_with_a_new_item_on_every_page_ends_in_an_error() -> None:
    async def endless(request: Request) -> Any:
        return {"things": [{"id": str(request.query["pageNum"])}]}

    with pytest.raises(Unanswered, match="does not end"):
        asyncio.run(walk(pages(), endless))


def test_an_absurd_total_does_not_ask_for_a_million_pages() -> None:
    service = Service(things(5))

    async def absurd(request: Request) -> Any:
        return await service.answer(request) | {"total": 10**15}

    assert asyncio.run(walk(pages(), absurd)) == things(5)
    assert len(service.asked) < 40


def test_a_total_that_is_far_too_large_costs_few_times_the_pages_of_the_list() -> None:
    service = Service(things(4_000))

    async def absurd(request: Request) -> Any:
        return await service.answer(request) | {"total": 10**15}

    assert asyncio.run(walk(pages(), absurd)) == things(4_000)
    assert len(service.asked) < 7 * 40


def test_an_exactly_known_list_costs_no_page_too_many_and_its_pages_are_read_at_once() -> None:
    service = Service(things(950), cap=100)
    assert walked(service) == things(950)
    assert sorted(service.asked) == list(range(10))
    assert service.most_running == 9


def test_the_pages_of_a_long_list_are_read_in_few_rounds() -> None:
    service = Service(things(10_000))
    assert walked(service) == things(10_000)
    assert sorted(service.asked) == list(range(100))
    assert service.rounds == 3


def test_an_empty_list_costs_one_call() -> None:
    service = Service([])
    assert walked(service) == []
    assert service.asked == [0]


def test_a_total_above_the_listed_items_ends_the_walk() -> None:
    service = Service(things(3), total="too many")
    assert walked(service) == things(3)


@pytest.mark.parametrize("answer", [{"total": 3}, {"things": None, "total": "3"}, {"things": [], "total": 3}])
def test_a_list_that_counts_items_and_shows_none_is_not_an_empty_list(answer: Any) -> None:
    async def fetch(_: Request) -> Any:
        return answer

    with pytest.raises(Unanswered, match="counts 3 items"):
        asyncio.run(walk(pages(), fetch))


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "",
        "ok",
        7,
        True,
        {"instances": []},
        {"message": "later"},
        {"things": 5},
        {"things": {}},
        [1, 2],
        {"data": ["a"]},
    ],
)
def test_an_answer_that_is_no_list_is_never_taken_for_an_empty_one(answer: Any) -> None:
    async def fetch(_: Request) -> Any:
        return answer

    with pytest.raises(Unanswered, match="no list of things or data"):
        asyncio.run(walk(pages(), fetch))


@pytest.mark.parametrize(
    ("answer", "certain"),
    [
        ({"things": None}, True),
        ({"things": []}, True),
        ({"total": 0}, True),
        ({"total": "0", "message": "ok"}, True),
        ({}, False),
        ([], False),
        ({"pageNum": 0, "pageSize": 10}, False),
    ],
)
def test_a_list_may_be_empty_in_many_ways_and_is_certain_in_some(answer: Any, certain: bool) -> None:
    async def fetch(_: Request) -> Any:
        return answer

    items = asyncio.run(walk(pages(), fetch))
    assert items == []
    assert items.is_certain is certain


@given(trees(st.none() | st.integers() | st.text(), st.sampled_from(["things", "total", "id", "x"]), size=5))
def test_no_answer_is_too_strange_to_become_a_list_or_an_error(answer: Any) -> None:
    async def fetch(_: Request) -> Any:
        return answer

    try:
        found = asyncio.run(walk(pages(), fetch))
    except ApiError:
        return
    assert all(isinstance(item, dict) for item in found)


def test_a_list_without_pages_is_asked_for_once_and_its_doubles_are_dropped() -> None:
    asked = []

    async def fetch(request: Request) -> Any:
        asked.append(request)
        return {
            "data": [{"id": 5, "name": "a"}, None, {"id": "5"}, {"id": "", "Id": "6"}, {"name": "x"}, {"name": "x"}]
        }

    whole = Pages(path="/auths", items=("data",), identity=("id", "Id"), query={"channel": "private"})
    found = asyncio.run(walk(whole, fetch))
    assert found == [{"id": 5, "name": "a"}, {"id": "", "Id": "6"}, {"name": "x"}]
    assert asked == [Request("GET", "/auths", {"channel": "private"}, repeatable=True)]


def test_a_refusal_of_any_page_ends_the_walk_with_that_refusal() -> None:
    service = Service(things(30), cap=10)

    async def fetch(request: Request) -> Any:
        if request.query["pageNum"] == 2:
            raise NotFound(request, status=400)
        return await service.answer(request)

    with pytest.raises(NotFound):
        asyncio.run(walk(pages(), fetch))
