"""Pages of files and batches by the id of the last item, walked as OpenAI's clients walk them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from novita_infra.simulator import PROFILES

FILES, BATCHES = "/openai/v1/files", "/openai/v1/batches"
LINE = b'{"custom_id": "a", "body": {"model": "m"}}'


def upload(cloud: Any) -> str:
    answer = cloud.send("POST", FILES, files={"file": ("in.jsonl", LINE)}, data={"purpose": "batch"})
    return str(answer.json()["id"])


def begin(cloud: Any) -> str:
    file = next(iter(cloud.objects("files")), None)
    body = {"input_file_id": file["id"] if file else upload(cloud), "endpoint": "/v1/chat/completions"}
    return str(cloud.post(BATCHES, body)["id"])


CREATE: dict[str, Callable[[Any], str]] = {FILES: upload, BATCHES: begin}


def walk(cloud: Any, path: str, limit: int, *, knows_more: bool = True) -> Iterator[str]:
    """The ids of all pages. A client that does not look at `has_more` goes on until a page is empty."""
    after: dict[str, str] = {}
    for _ in range(30):
        page = cloud.get(path, limit=limit, **after)
        assert len(page["data"]) <= limit
        yield from (item["id"] for item in page["data"])
        if not page["data"] or (knows_more and page.get("has_more") is False):
            return
        after = {"after": page["data"][-1]["id"]}
    raise AssertionError("the list does not end")


@pytest.mark.parametrize("path", CREATE)
@pytest.mark.parametrize("profile", PROFILES)
def test_a_walk_over_the_pages_of_a_list_ends_and_shows_each_item_once(
    make_cloud: Any, path: str, profile: str
) -> None:
    cloud = make_cloud(quirks=PROFILES[profile])
    assert list(walk(cloud, path, 2)) == []
    keys = [CREATE[path](cloud) for _ in range(5)]  # within one second
    for limit in (1, 2, 5, 6):
        for knows_more in (True, False):
            walked = list(walk(cloud, path, limit, knows_more=knows_more))
            assert walked == (keys if path == FILES else keys[::-1])
    assert cloud.get(path, limit=2).get("has_more") is (None if path == FILES and profile != "live" else True)
    assert len(cloud.get(path)["data"]) == 5  # without a limit, everything
    assert cloud.get(path, after="zzz" if path == FILES else "a")["data"] == []


@pytest.mark.parametrize("path", CREATE)
def test_pages_of_a_list_are_stable_while_items_are_created(cloud: Any, path: str) -> None:
    keys = [CREATE[path](cloud) for _ in range(6)]
    walked = []
    for key in walk(cloud, path, 2):
        walked.append(key)
        cloud.pass_(1)
        if len(walked) <= 6:
            CREATE[path](cloud)
    assert len(set(walked)) == len(walked)
    assert set(keys) <= set(walked)


def test_files_can_be_deleted_while_their_pages_are_walked(cloud: Any) -> None:
    keys = [upload(cloud) for _ in range(7)]
    walked = []
    for key in walk(cloud, FILES, 3):
        walked.append(key)
        assert cloud.send("DELETE", f"{FILES}/{key}").status_code == 200
    assert walked == keys
    assert cloud.get(FILES)["data"] == []


def test_a_page_of_an_impossible_length_is_refused(cloud: Any) -> None:
    for path in CREATE:
        for limit in (-1, 10_001, "many"):
            assert cloud.refused("GET", path, params={"limit": limit}) == (400, "INVALID_REQUEST_BODY")


@pytest.mark.parametrize("path", CREATE)
def test_a_list_that_ignores_after_says_for_ever_that_there_is_more(make_cloud: Any, path: str) -> None:
    cloud = make_cloud(quirks=replace(PROFILES["live"], ignores_after=True))
    for _ in range(25):
        CREATE[path](cloud)
    first = cloud.get(path)
    last = first["data"][-1]["id"]
    assert (len(first["data"]), first["has_more"]) == (20, True)
    assert cloud.get(path, after=last, limit=100) == first
