"""Results of tasks: links that expire, names that are no names, and hosts that get no key."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from virtual import VirtualClock

from novita_infra.api.client import Client
from novita_infra.api.errors import ApiError
from novita_infra.model.diagnostics import Problems
from novita_infra.operations.account.recorded import recorded_in
from novita_infra.operations.account.view import AccountOptions, AccountView
from novita_infra.operations.llm.tasks import DownloadOptions, download_results, read_task, wait_for_task

Links = Callable[[httpx.Request], httpx.Response]


class Service:
    """A task with one image, and the host of its links. Each answer about the task has a new link."""

    def __init__(self, link: Links, **image: str) -> None:
        self.link = link
        self.image = image
        self.reads = 0
        self.sent: list[httpx.Request] = []
        self.statuses = ["TASK_STATUS_QUEUED", "STRANGE", "TASK_STATUS_PROCESSING", "TASK_STATUS_SUCCEED"]
        self.at: list[float] = []
        self.clock = VirtualClock()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path != "/v3/async/task-result":
            self.sent.append(request)
            return self.link(request)
        self.at.append(self.clock.now())
        status = self.statuses[min(self.reads, len(self.statuses) - 1)]
        self.reads += 1
        image = {"image_type": "png", "image_url": f"https://results.example.com/a.png?n={self.reads}", **self.image}
        return httpx.Response(
            200, json={"task": {"task_id": self.image.get("id", "t-1"), "status": status}, "images": [image]}
        )

    def run(self, work: Callable[[AccountView], Any]) -> Any:
        async def story() -> Any:
            transport = httpx.MockTransport(self)
            url = "https://api.novita.ai"
            async with Client(
                url=url, key="sk_own-key", clock=self.clock, random=random.Random(0), transport=transport
            ) as client:
                recorded = recorded_in([])
                view = AccountView(AccountOptions(), None, client, self.clock, "c", "d", False, recorded)
                return await work(view)

        return self.clock.run(story())

    def fetch(self, folder: Path, **options: Any) -> list[Path]:
        self.statuses = ["TASK_STATUS_SUCCEED"]
        chosen = DownloadOptions(folder=folder, most=100, **options)

        async def work(view: AccountView) -> list[Path]:
            return await download_results(view, await read_task(view, "t-1"), chosen)

        found: list[Path] = self.run(work)
        return found


def good(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, content=b"picture")


def test_a_link_gets_no_key_and_a_file_its_name_when_it_is_whole(tmp_path: Path) -> None:
    service = Service(good)
    (path,) = service.fetch(tmp_path / "new")
    assert (path.name, path.read_bytes()) == ("t-1-0.png", b"picture")
    assert list(path.parent.iterdir()) == [path]
    assert ["Authorization" in request.headers for request in service.sent] == [False]


def test_an_expired_link_is_asked_for_again(tmp_path: Path) -> None:
    service = Service(lambda request: good(request) if request.url.params["n"] == "3" else httpx.Response(403))
    (path,) = service.fetch(tmp_path)
    assert path.read_bytes() == b"picture"
    service = Service(lambda _: httpx.Response(403))
    with pytest.raises(ApiError):
        service.fetch(tmp_path, overwrites=True)
    assert len(service.sent) == 3
    assert path.read_bytes() == b"picture"


@pytest.mark.parametrize(
    "link", ["http://results.example.com/a", "https://10.0.0.1/a", "file:///etc/passwd", "https://localhost/x"]
)
def test_a_link_without_tls_or_into_this_network_is_not_followed(tmp_path: Path, link: str) -> None:
    service = Service(good, image_url=link)
    with pytest.raises(ApiError, match="only an address with https outside of this network"):
        service.fetch(tmp_path)
    assert (service.sent, list(tmp_path.iterdir())) == ([], [])


@pytest.mark.parametrize("id", ["../../etc/cron", "a/b", "..", "a\nb", "x" * 200, "-rf\x00"])
def test_a_strange_id_and_a_strange_type_are_in_no_name(tmp_path: Path, id: str) -> None:
    (path,) = Service(good, id=id, image_type="../sh").fetch(tmp_path)
    assert path == tmp_path / "task-0.bin"


def test_a_file_that_appears_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    def meanwhile(request: httpx.Request) -> httpx.Response:
        (tmp_path / "t-1-0.png").write_text("theirs")
        return good(request)

    with pytest.raises(Problems, match="File exists"):
        Service(meanwhile).fetch(tmp_path)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("t-1-0.png", "theirs")]


def test_the_looks_at_a_task_begin_after_a_second_and_grow_to_five() -> None:
    service = Service(good)
    service.statuses = ["TASK_STATUS_PROCESSING"] * 8 + ["TASK_STATUS_SUCCEED"]

    async def work(view: AccountView) -> Any:
        return await wait_for_task(view, "t-1", most=1000)

    assert service.run(work).is_over
    pauses = [round(after - before, 2) for before, after in zip(service.at, service.at[1:], strict=False)]
    assert pauses == [1, 1.5, 2.25, 3.38, 5, 5, 5, 5]


def test_a_wait_ends_with_its_time() -> None:
    service = Service(good)
    service.statuses = ["TASK_STATUS_PROCESSING"]

    async def work(view: AccountView) -> Any:
        return await wait_for_task(view, "t-1", most=10)

    assert not service.run(work).is_over
    assert service.at[-1] - service.at[0] == pytest.approx(10)
