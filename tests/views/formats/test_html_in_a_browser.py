"""Pages of HTML in a real browser: everybody can use them, they ask for nothing, and nothing hostile runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browsers import Visit, browser, visited
from report_contents import hostile_contents

from novita_infra.model.addresses import Address
from novita_infra.model.resources import Live, Phase
from novita_infra.planning.orphans import Orphan
from novita_infra.planning.plan.review import Review
from novita_infra.state.recovery.history import SavedState
from novita_infra.state.recovery.past import Past, RunTimes, StepTime
from novita_infra.state.state import LastRun, PlannedRate, State
from novita_infra.views.content.plan import PlanContent
from novita_infra.views.documents import document_text
from novita_infra.views.results.account.report import ReportFacts, report_facts

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.process
NET = Address("vpc", "net")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.fixture
def hostile(plan_of: Callable[[str], Review], tmp_path: Path) -> Callable[[int], Path]:
    """Writes the page of a plan with so many changes, whose texts are hostile."""

    def write(count: int) -> Path:
        content = next(item for name, item, _ in hostile_contents(plan_of("mixed"), count, "x") if name == "plan")
        return _written(tmp_path, document_text("html", content))

    return write


def _written(folder: Path, text: str) -> Path:
    file = folder / "page.html"
    file.write_text(text, encoding="utf-8")
    return file


def _report(review: Review) -> ReportFacts:
    """A report with every part."""
    run = LastRun("apply", "ada", 1_796_030_000.0, planned=PlannedRate("100000", "250000"))
    state = State(lineage="l", key="k", serial=3, last_run=run)
    steps = (StepTime(NET, "create", 1000.0, 1030.0, 1002.0), StepTime(NET, "update", 1040.0, ended="interrupted"))
    past = Past((SavedState(state, run.since, 10, present=True),), RunTimes(run, steps))
    orphan = Orphan("vpc", Live("v-9", "lost", Phase.READY, "running", {}))
    return report_facts(review, orphans=[orphan], unlisted=(), past=past, now=run.since + 3600)


def _shown(visit: Visit) -> int:
    count = visit.page.evaluate("[...document.querySelectorAll('#list > li')].filter((item) => !item.hidden).length")
    assert isinstance(count, int)
    return count


def _await_count(visit: Visit, text: str) -> None:
    """Waits until the page counts so many changes."""
    visit.page.locator("#count", has_text=text).wait_for()


@pytest.mark.parametrize("name", ["mixed", "refused", "report"])
def test_axe_finds_nothing_in_light_and_dark_on_wide_and_narrow_windows(
    chromium: Browser, plan_of: Callable[[str], Review], tmp_path: Path, name: str
) -> None:
    content = _report(plan_of("mixed")) if name == "report" else PlanContent(plan_of(name), "sha256:0123")
    file = _written(tmp_path, document_text("html", content))
    for dark, width in ((False, 1280), (True, 390)):
        with visited(chromium, file, dark=dark, width=width) as visit:
            visit.page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
            assert visit.violations() == []
            assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert (visit.requests, visit.messages) == ([file.as_uri()], [])


@pytest.mark.parametrize("count", [1000, pytest.param(5000, marks=pytest.mark.slow)])
def test_a_hostile_plan_of_any_size_runs_nothing_and_can_be_searched(
    chromium: Browser, hostile: Callable[[int], Path], count: int
) -> None:
    file = hostile(count)
    with visited(chromium, file) as visit:
        assert _shown(visit) == count
        visit.page.fill("#find", "WORKER0[")
        _await_count(visit, f"1 of {count:,}")
        assert _shown(visit) == 1
        visit.page.fill("#find", "no such thing")
        _await_count(visit, f"0 of {count:,}")
        assert visit.page.locator("#none").is_visible()
        visit.page.click("#clear")
        assert _shown(visit) == count
        assert (visit.requests, visit.messages) == ([file.as_uri()], [])


def test_a_page_is_used_by_the_keyboard_alone(
    chromium: Browser, plan_of: Callable[[str], Review], tmp_path: Path
) -> None:
    file = _written(tmp_path, document_text("html", PlanContent(plan_of("mixed"))))
    with visited(chromium, file) as visit:
        page = visit.page
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        page.locator('.theme button[data-theme="dark"]').focus()
        page.keyboard.press("Enter")
        assert page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"
        page.locator('svg a[aria-label^="template.base"]').focus()
        page.keyboard.press("Enter")
        page.wait_for_selector('details[open]:has-text("template.base")')
        page.locator(".tile.update").focus()
        page.keyboard.press("Enter")
        _await_count(visit, "2 of 10")
        assert _shown(visit) == 2
        page.locator("#find").focus()
        page.keyboard.type("trainer")
        _await_count(visit, "1 of 10")
        page.locator("#action").focus()
        page.keyboard.press("Home")
        page.locator("#find").focus()
        page.keyboard.press("Escape")
        _await_count(visit, "10 of 10")
        assert _shown(visit) == 10


def test_without_scripts_everything_can_be_read_and_no_tool_is_shown(
    chromium: Browser, plan_of: Callable[[str], Review], tmp_path: Path
) -> None:
    file = _written(tmp_path, document_text("html", PlanContent(plan_of("mixed"))))
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    assert page.locator("#list > li:visible").count() == 10
    assert page.locator(".tools:visible, .theme:visible").count() == 0
    context.close()
