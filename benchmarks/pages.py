"""What a plan as a page of HTML costs: to write it, against the text of the same plan, and to open it in Chromium.

Run it as `PYTHONPATH=tests/support python benchmarks/pages.py`. The best of three runs; a page of 1,000 changes must
open within two seconds.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from browsers import browser, visited

from novita_infra.model.addresses import Address
from novita_infra.model.values import Ref
from novita_infra.planning.plan.changes import Action, Change, FieldChange
from novita_infra.planning.plan.plan import Basis, Plan
from novita_infra.planning.plan.review import Review
from novita_infra.planning.plan.steps import Step, StepKind
from novita_infra.views.content.lines import plain
from novita_infra.views.content.plan import PlanContent
from novita_infra.views.documents import document_text
from novita_infra.views.plan_lines.plan import plan_lines

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SIZES = (1000, 5000)
MOST_SECONDS = 2.0


def review_of(count: int) -> Review:
    """A plan with so many creates that differ."""
    data = Address("network_storage", "data")
    changes = []
    for number in range(count):
        after = {
            "name": f"worker-{number}",
            "image": "ubuntu:22.04",
            "env": {"RANK": str(number)},
            "storage": Ref(data),
        }
        fields = tuple(FieldChange(name, None, value) for name, value in after.items())
        changes.append(Change(Address("instance", "worker", f"k{number}"), Action.CREATE, fields=fields, after=after))
    steps = tuple(Step(f"{change.address}/create", change.address, StepKind.CREATE) for change in changes)
    return Review(Plan("fleet", "dev", tuple(changes), steps, Basis("lineage", 1)))


def best(work: Callable[[], object]) -> float:
    """Seconds of the shortest of three runs."""
    found = []
    for _ in range(3):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return min(found)


def written(review: Review) -> str:
    """The plan as text."""
    return plain(plan_lines(review))


def opened(chromium: Browser, file: Path) -> float:
    """Seconds until the page is loaded, its script has run and it is drawn."""

    def visit() -> None:
        with visited(chromium, file) as shown:
            shown.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    return best(visit)


def main() -> int:
    """Prints the table; 1 if the page of 1,000 changes opens too slowly."""
    print(f"{'changes':>8}  {'MB':>5}  {'text s':>7}  {'page s':>7}  {'ratio':>6}  {'open s':>7}")
    slow = False
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        for count in SIZES:
            review = review_of(count)
            text = best(partial(written, review))
            page = best(partial(document_text, "html", PlanContent(review)))
            file = Path(folder) / "page.html"
            file.write_text(document_text("html", PlanContent(review)), encoding="utf-8")
            seconds, size = opened(chromium, file), file.stat().st_size / 1e6
            print(f"{count:>8}  {size:>5.1f}  {text:>7.2f}  {page:>7.2f}  {page / text:>6.2f}  {seconds:>7.2f}")
            slow = slow or (count == SIZES[0] and seconds > MOST_SECONDS)
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
