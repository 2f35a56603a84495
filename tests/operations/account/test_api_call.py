"""Lists of any shape are read to their end, and no answer shows a secret."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.api.errors import Refused, Unanswered
from novita_infra.api.request import Request, get
from novita_infra.operations.account.api_call import every_item, without_secrets_of

ITEMS = [{"id": f"i-{number}"} for number in range(1, 251)]
LIST = get("/list", kind="a")


class Service:
    """A list of items behind one way of paging; it notes its calls."""

    def __init__(self, answer: Callable[[Mapping[str, Any]], Any]) -> None:
        self.answer = answer
        self.calls: list[Mapping[str, Any]] = []

    async def send(self, request: Request) -> Any:
        self.calls.append(request.query)
        return self.answer(request.query)

    def secrets_in_values(self, texts: Any) -> Mapping[str, str]:
        return {text: text.replace("known-secret", "(secret)") for text in texts if "known-secret" in text}


def _numbered(name: str, size: int, *, total: bool = True) -> Callable[[Mapping[str, Any]], Any]:
    def answer(query: Mapping[str, Any]) -> Any:
        start = (int(query.get(name, 1)) - 1) * size
        return {"data": ITEMS[start : start + size], **({"total": len(ITEMS)} if total else {})}

    return answer


def _cursor(query: Mapping[str, Any]) -> Any:
    start = int(query.get("cursor") or 0)
    return {"instances": ITEMS[start : start + 60], "next_cursor": str(start + 60) if start + 60 < len(ITEMS) else ""}


def _after(query: Mapping[str, Any]) -> Any:
    ids = [item["id"] for item in ITEMS]
    start = ids.index(query["after"]) + 1 if "after" in query else 0
    return {"data": ITEMS[start : start + 40], "has_more": start + 40 < len(ITEMS)}


def _read(service: Service) -> list[Any]:
    return asyncio.run(every_item(service, LIST))  # type: ignore[arg-type]  # all that is used of a client


@pytest.mark.parametrize(
    ("answer", "calls"),
    [
        (_numbered("pageNum", 100), 4),
        (_numbered("pageNo", 100), 4),
        (_numbered("page", 50, total=False), 8),
        (_cursor, 5),
        (lambda query: _cursor(query) | {"has_more": bool(_cursor(query)["next_cursor"])}, 5),
        (_after, 7),
        (lambda _: {"data": ITEMS}, 4),
        (lambda _: {"data": ITEMS, "has_more": True}, 2),
        (lambda _: {"data": ITEMS, "next_cursor": "same"}, 2),
    ],
)
def test_every_item_comes_once_whatever_the_pages_are_like(
    answer: Callable[[Mapping[str, Any]], Any], calls: int
) -> None:
    service = Service(answer)
    assert sorted(item["id"] for item in _read(service)) == sorted(item["id"] for item in ITEMS)
    assert len(service.calls) <= calls
    assert all(query["kind"] == "a" for query in service.calls)


def _v2(largest: int, *, refuses: bool) -> Callable[[Mapping[str, Any]], Any]:
    def answer(query: Mapping[str, Any]) -> Any:
        if query["limit"] > largest and refuses:
            raise Refused(get("/gpus/v2/list"), status=400, reason="VALIDATOR_PARAM", text="limit")
        start, size = int(query.get("cursor") or 0), min(query["limit"], largest)
        end = start + size
        return {"data": ITEMS[start:end], "next_cursor": str(end) if end < len(ITEMS) else "", "has_more": True}

    return answer


@pytest.mark.parametrize(
    ("answer", "limits"),
    [
        (_v2(1000, refuses=True), [1000]),
        (_v2(100, refuses=False), [1000] * 3),
        (_v2(100, refuses=True), [1000, 100, 100, 100]),
    ],
)
def test_pages_of_v2_are_as_large_as_the_service_gives_them(
    answer: Callable[[Mapping[str, Any]], Any], limits: list[int]
) -> None:
    service = Service(answer)
    found = asyncio.run(every_item(service, get("/gpus/v2/list")))  # type: ignore[arg-type]  # as above
    assert found == ITEMS
    assert [query["limit"] for query in service.calls] == limits


def test_a_size_that_somebody_names_is_kept() -> None:
    service = Service(_v2(100, refuses=True))
    with pytest.raises(Refused):
        asyncio.run(every_item(service, get("/gpus/v2/list", limit=500)))  # type: ignore[arg-type]  # as above
    assert len(service.calls) == 1


@pytest.mark.parametrize("answer", ["text", {"a": 1}, None, {"has_more": True}])
def test_an_answer_without_a_list_is_an_error(answer: Any) -> None:
    with pytest.raises(Unanswered, match="no list"):
        _read(Service(lambda _: answer))


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ({"password": "x", "name": "n"}, {"password": "(secret)", "name": "n"}),
        ({"envs": [{"key": "HF_TOKEN", "value": "v"}]}, {"envs": [{"key": "HF_TOKEN", "value": "(secret)"}]}),
        ({"envs": [{"key": "EPOCHS", "value": "3"}]}, {"envs": [{"key": "EPOCHS", "value": "3"}]}),
        ({"log": "https://host/a?token=abc"}, {"log": "https://host/a?token=(secret)"}),
        ({"image": "registry/token:1.2", "max_tokens": 5}, {"image": "registry/token:1.2", "max_tokens": 5}),
        ("text with known-secret in it", "text with (secret) in it"),
        (["sk_0123456789abcdef0123"], ["(secret)"]),
        ({"keys": [{"maskedKey": "sk_abc***", "id": "1"}]}, {"keys": [{"maskedKey": "sk_abc***", "id": "1"}]}),
    ],
)
def test_secrets_are_taken_out_and_nothing_else_is_changed(answer: Any, shown: Any) -> None:
    assert without_secrets_of(Service(lambda _: None), answer) == shown  # type: ignore[arg-type]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_any_answer_keeps_its_shape(answer: Any) -> None:
    def shape(value: Any) -> Any:
        match value:
            case dict():
                return {name: shape(item) for name, item in value.items()}
            case list():
                return [shape(item) for item in value]
            case _:
                return type(value)

    assert shape(without_secrets_of(Service(lambda _: None), answer)) == shape(answer)  # type: ignore[arg-type]
