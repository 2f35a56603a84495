"""Lists of files and batches: every item once, and an end whatever the service makes of `after`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.api.errors import Unanswered
from novita_infra.api.request import Request
from novita_infra.batches.batches import ApiBatch, BatchCounts, BatchState, batch_in
from novita_infra.batches.files import file_in
from novita_infra.batches.listing import list_batches, list_files

Answer = Callable[[Request], Any]


def listed(answer: Answer) -> tuple[list[ApiBatch], int]:
    calls: list[Request] = []

    async def send(request: Request) -> Any:
        calls.append(request)
        assert len(calls) < 1000, "the list does not end"
        return answer(request)

    return asyncio.run(list_batches(SimpleNamespace(send=send))), len(calls)


def items(*numbers: int) -> list[dict[str, Any]]:
    return [{"id": f"batch_{number:04}", "created_at": 1_790_000_000 + number} for number in numbers]


def test_a_list_that_ignores_after_ends() -> None:
    batches, calls = listed(lambda _: {"data": items(3, 2, 1), "has_more": True, "last_id": "batch_0001"})
    assert [batch.id for batch in batches] == ["batch_0003", "batch_0002", "batch_0001"]
    assert calls == 2


def test_a_list_in_pages_is_read_to_its_end() -> None:
    everything = items(*range(450, 0, -1))

    def answer(request: Request) -> Any:
        after = str(request.query.get("after", "~"))
        rest = [item for item in everything if item["id"] < after]
        limit = int(request.query.get("limit", 20))
        return {"data": rest[:limit], "has_more": len(rest) > limit}

    batches, calls = listed(answer)
    assert [batch.id for batch in batches] == [item["id"] for item in everything]
    assert calls == 6


def test_the_first_page_is_asked_for_as_documented_without_parameters() -> None:
    queries: list[Any] = []

    def answer(request: Request) -> Any:
        queries.append(request.query)
        return {"data": []}

    listed(answer)
    assert queries == [{}]


@pytest.mark.parametrize("answer", [{"data": None}, {}, [], {"data": []}])
def test_an_empty_list_may_be_left_out(answer: Any) -> None:
    assert listed(lambda _: answer) == ([], 1)


@pytest.mark.parametrize("answer", [{"data": {"a": 1}}, "text", 7, {"data": ["a"]}, {"data": [None]}])
def test_an_answer_that_is_no_list_is_an_error(answer: Any) -> None:
    with pytest.raises(Unanswered, match="holds no list"):
        listed(lambda _: answer)


@given(pages=st.lists(st.lists(st.integers(0, 9), max_size=4), min_size=1, max_size=6), more=st.lists(st.booleans()))
def test_whatever_pages_come_the_list_ends_and_names_no_batch_twice(pages: list[list[int]], more: list[bool]) -> None:
    left, flags = iter(pages), iter(more)

    def answer(_: Request) -> Any:
        return {"data": items(*next(left, pages[-1])), "has_more": next(flags, True)}

    batches, _ = listed(answer)
    ids = [batch.id for batch in batches]
    assert len(ids) == len(set(ids))
    assert set(ids) <= {item["id"] for page in pages for item in items(*page)}


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("VALIDATING", BatchState.VALIDATING),
        ("validating", BatchState.VALIDATING),
        ("PROGRESS", BatchState.RUNNING),
        ("in_progress", BatchState.RUNNING),
        ("finalizing", BatchState.FINALIZING),
        ("Completed", BatchState.COMPLETED),
        ("canceled", BatchState.CANCELLED),
        ("CANCELLED", BatchState.CANCELLED),
        ("EXPIRED", BatchState.EXPIRED),
        ("paused", BatchState.UNKNOWN),
    ],
)
def test_the_words_of_each_page_mean_one_state(word: str, state: BatchState) -> None:
    batch = batch_in({"id": "batch_1", "status": word})
    assert (batch.state, batch.word) == (state, word)
    assert batch.state.is_over == (state.value in {"completed", "failed", "expired", "cancelled"})


@pytest.mark.parametrize(
    ("errors", "text"),
    [
        ("", ""),
        ("no such model", "no such model"),
        ({"object": "list", "data": [{"message": "line 1"}, {"message": "line 2"}]}, "line 1; line 2"),
        ([{"message": "line 1"}], "line 1"),
        ({"message": "line 1"}, "line 1"),
        (None, ""),
    ],
)
def test_the_errors_of_a_batch_are_a_text(errors: Any, text: str) -> None:
    assert batch_in({"errors": errors}).trouble == text


def test_counts_come_twice_and_either_will_do() -> None:
    assert batch_in({"total": 5, "completed": "3", "failed": 1}).counts == BatchCounts(5, 3, 1)
    assert batch_in({"request_counts": {"total": 4, "completed": 4}, "total": 9}).counts == BatchCounts(4, 4, 0)
    assert BatchCounts(5, 3, 1).open == 1


def test_an_output_says_itself_when_it_goes_and_an_input_does_not() -> None:
    output = file_in({"id": "file_1", "purpose": "batch_output", "created_at": 10, "expires_at": 99})
    unknown = file_in({"id": "file_1", "purpose": "batch_output", "created_at": 10})
    assert (output.expires, unknown.expires) == (99.0, 0.0)


def test_files_are_listed_without_the_shape_of_openai() -> None:
    async def send(_: Request) -> Any:
        return {"code": "200", "message": "success", "data": [{"id": "file_1"}, {"id": "file_1"}]}

    files = asyncio.run(list_files(SimpleNamespace(send=send)))
    assert [file.id for file in files] == ["file_1"]
