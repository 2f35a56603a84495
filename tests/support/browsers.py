"""A browser without a window, and what a page does in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from servers import missing

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@dataclass
class Visit:
    """A page in the browser."""

    page: Page
    requests: list[str] = field(default_factory=list)
    """What the page asked for, itself included."""
    messages: list[str] = field(default_factory=list)
    """Errors and warnings of the page; a policy that refuses something is one of them."""

    def violations(self) -> list[str]:
        """What axe finds against the page."""
        from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # noqa: PLC0415 -- few tests need it

        found: list[dict[str, Any]] = Axe().run(self.page).response["violations"]
        return [f"{item['id']}: {node['html']}" for item in found for node in item["nodes"]]


@contextmanager
def browser() -> Iterator[Browser]:
    """Chromium. Where there is none, the test fails in CI, and is skipped elsewhere."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 -- the same

    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        missing("there is no chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield opened
        opened.close()


@contextmanager
def visited(opened: Browser, file: Path, *, dark: bool = False, width: int = 1280) -> Iterator[Visit]:
    """The page of a file, in a window of its own."""
    context = opened.new_context(color_scheme="dark" if dark else "light", viewport={"width": width, "height": 900})
    visit = Visit(context.new_page())
    visit.page.on("request", lambda request: visit.requests.append(request.url))
    visit.page.on("console", lambda message: visit.messages.append(message.text))
    visit.page.on("pageerror", lambda error: visit.messages.append(str(error)))
    visit.page.goto(file.as_uri())
    yield visit
    context.close()
