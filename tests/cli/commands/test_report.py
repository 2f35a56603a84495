"""`report` on the command line, and the page of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

Invoke = Callable[..., Result]


def _facts(run: Invoke) -> dict[str, object]:
    result = run("report", "--sim", "--json")
    assert result.exit_code == 0, result.output
    facts: dict[str, object] = json.loads(result.stdout)
    return facts


def test_a_report_counts_what_exists_what_would_change_and_what_is_in_no_state(run: Invoke, project: Path) -> None:
    new = _facts(run)
    assert (new["resources"], new["to_change"], new["last_run"], new["last_took"]) == (0, 1, None, None)
    run("apply", "--sim", "--auto-approve")
    after = _facts(run)
    assert (after["project"], after["environment"], after["resources"], after["to_change"]) == (
        "small",
        "default",
        1,
        0,
    )
    assert str(after["last_run"]).startswith("`apply` of ")
    assert isinstance(after["last_took"], float)
    run("state", "rm", "network_storage.data")
    lost = _facts(run)
    assert (lost["resources"], lost["orphans"]) == (0, 1)
    assert lost["orphans_per_hour"] == after["per_hour"]


def test_the_page_of_a_report_shows_the_last_run_the_cost_and_the_orphans(run: Invoke, project: Path) -> None:
    run("apply", "--sim", "--auto-approve")
    assert run("report", "--sim", "--html", "report.html").exit_code == 0
    page = Path("report.html").read_text(encoding="utf-8")
    assert re.findall("<h2 [^>]*>(.*?)</h2>", page) == [
        "Cost", "Cost over time", "Graph", "Changes", "Orphans", "Last run",
    ]  # fmt: skip
    assert 'class="course"' in page
    assert 'aria-label="Timeline of 1 step in ' in page
    assert "No orphans: every live object of the account is in a state." in page
    assert "An apply would change no resource." in page


def test_the_page_of_a_plan_shows_the_past_as_well(run: Invoke, project: Path) -> None:
    assert run("plan", "--sim", "--html", "plan.html").exit_code == 0
    assert "Last run" not in Path("plan.html").read_text(encoding="utf-8")
    run("apply", "--sim", "--auto-approve")
    assert run("plan", "--sim", "--html", "plan.html").exit_code == 0
    assert "Last run" in Path("plan.html").read_text(encoding="utf-8")


def test_a_plan_that_cannot_be_made_leaves_a_page_with_the_errors(run: Invoke, project: Path) -> None:
    (project / "bad.yaml").write_text("kind: <b>Nothing\n", encoding="utf-8")
    assert run("plan", "--sim", "--html", "plan.html").exit_code == 1
    page = Path("plan.html").read_text(encoding="utf-8")
    assert "plan has failed" in page
    assert "bad.yaml:1:" in page
    assert "<b>Nothing" not in page
