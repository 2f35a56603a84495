"""Plans, runs and states as text."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Callable

import pytest

from novita_infra.applying.events import Ended, Outcome, Result
from novita_infra.model.addresses import Address
from novita_infra.model.lifecycle import Cause
from novita_infra.model.records import PendingCall, Record
from novita_infra.model.values import Digest
from novita_infra.planning.plan.changes import Action, Change
from novita_infra.planning.plan.plan import Basis, Plan
from novita_infra.planning.plan.review import Review
from novita_infra.state.state import State
from novita_infra.views.content.lines import plain
from novita_infra.views.content.plan import summary
from novita_infra.views.formats.json.plan import plan_json
from novita_infra.views.formats.text.result import result_lines
from novita_infra.views.formats.text.state import record_lines, state_lines
from novita_infra.views.formats.text.terminal import write
from novita_infra.views.plan_lines.plan import plan_lines


@pytest.mark.parametrize("name", ["mixed", "unchanged", "refused", "destroyed"])
def test_a_plan_reads_as_its_golden_text(
    name: str, plan_of: Callable[[str], Review], golden: Callable[[str, str], None]
) -> None:
    golden(f"plan_{name}.txt", plain(plan_lines(plan_of(name))))


@pytest.mark.parametrize("name", ["done", "failed", "interrupted"])
def test_a_run_is_summed_up_as_its_golden_text(
    name: str, result_of: Callable[[str], Result], golden: Callable[[str, str], None]
) -> None:
    golden(f"result_{name}.txt", plain(result_lines(result_of(name), again="novita-infra apply --sim")))


def test_no_secret_reaches_the_text_of_a_plan(plan_of: Callable[[str], Review], clear: str) -> None:
    assert clear not in plain(plan_lines(plan_of("mixed")))


def test_colours_change_nothing_but_the_colours(plan_of: Callable[[str], Review]) -> None:
    lines = list(plan_lines(plan_of("mixed")))
    stream = io.StringIO()
    write(lines, stream, colour=True)
    assert "\x1b[" in stream.getvalue()
    assert re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue()) == plain(lines)


@pytest.mark.process
def test_a_pipe_does_not_pay_for_rich() -> None:
    code = "import sys, novita_infra.views.formats.text.renderer; sys.exit('rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_moves_a_cursor_is_spelled_out(plan_of: Callable[[str], Review]) -> None:
    assert "\x1b" not in plain(plan_lines(plan_of("mixed")))


@pytest.mark.parametrize(("count", "named"), [(5, 5), (6, 0), (400, 0)])
def test_what_was_not_read_is_counted_with_the_oldest_age_and_named_where_it_is_little(count: int, named: int) -> None:
    unread = {f"vpc.net-{index}": 7_200.0 * (index + 1) for index in range(count)}
    plan = Review(Plan("p", "dev", (), (), Basis("l", 1), unread=unread))
    heading, _, first, *others = plain(plan_lines(plan, now=7_200.0 * 401)).splitlines()
    assert heading == "Plan for project p, environment dev:"
    oldest = "33 d 8 h"
    assert first == f"{count} resources were not read for up to {oldest}: assumed to be as recorded."
    assert sum(text.startswith("      vpc.net-") for text in others) == named
    assert plan_json(plan)["novita"]["unread"] == unread


def test_a_single_resource_is_not_called_resources() -> None:
    change = Change(Address("vpc", "net"), Action.NONE)
    text = plain(plan_lines(Review(Plan("p", "dev", (change,), (), Basis("l", 1)))))
    heading, _, line = text.splitlines()
    assert heading == "Plan for project p, environment dev:"
    assert line == "No changes. The 1 resource of this environment matches the manifests."


def test_a_long_list_of_what_is_done_is_cut_and_what_failed_is_not(plan_of: Callable[[str], Review]) -> None:
    plan = plan_of("mixed").plan
    ends = [Ended(plan.steps[0], Outcome.DONE)] * 50 + [Ended(plan.steps[1], Outcome.FAILED, reason="no")] * 50
    text = plain(result_lines(Result.of(plan, tuple(ends)), again="again"))
    assert text.count("network_storage.data: create") == 20
    assert "  and 30 more\n" in text
    assert text.count("instance.trainer: upgrade") == 50


def test_an_empty_project_says_so() -> None:
    empty = Review(Plan("p", "dev", (), (), Basis("l", 1)))
    assert plain(plan_lines(empty)) == "Plan for project p, environment dev:\n\nNo changes. Nothing is declared.\n"


def test_the_summary_counts_every_action(plan_of: Callable[[str], Review]) -> None:
    message = "Plan: 2 to create, 2 to update, 2 to replace, 1 to delete, 1 to adopt, 1 to wait for, 1 to forget."
    assert summary(plan_of("mixed").plan) == message


def test_the_state_show_what_is_under_way_and_no_digest(golden: Callable[[str, str], None]) -> None:
    trainer = Address("instance", "trainer")
    record = Record(
        trainer,
        "i-1",
        spec={"image": "a", "env": {"TOKEN": Digest("00ff00ff"), "MODE": "train"}},
        outputs={"url": "https://x"},
        needs=(Address("vpc", "net"),),
        pending=PendingCall("op", "upgrade", 1.0, ended="i-1 failed: ImagePullFailed"),
        retired=("i-0",),
        protect=True,
        adopted={"image": "b", "env": {"TOKEN": Digest("00ff00fe"), "MODE": "train"}},
        adopted_for={"image": Cause.FAILED},
        source="fleet.yaml",
    )
    lost = Record(Address("vpc", "net"), "")
    records = {trainer: record, lost.address: lost}
    state = State("lineage", "key", 4, "training", "dev", "simulator", records, {"token": Digest("00ff00ff"), "n": 1})
    text = plain(state_lines(state))
    golden("state.txt", text)
    assert "00ff" not in text
    assert plain(record_lines(record)) in text
