"""A run on a real terminal, as its screen shows it."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest
from terminals import CTRL_C, terminal

pytestmark = pytest.mark.process

FLEET = """\
apiVersion: novita-infra/v1
kind: Project
metadata: {name: lab}
---
apiVersion: novita-infra/v1
kind: Instance
metadata: {name: web}
spec: {image: nginx, product: {gpu: RTX 4090}, gpuCount: 1, rootDiskGb: 20}
forEach: [one, two]
"""
CHAIN = "".join(
    f"---\napiVersion: novita-infra/v1\nkind: Instance\nmetadata: {{name: {name}}}\n"
    f"lifecycle: {{dependsOn: [{needed}]}}\n"
    "spec: {image: nginx, product: {gpu: RTX 4090}, gpuCount: 1, rootDiskGb: 20}\n"
    for needed, name in (("instance.web", "c1"), ("instance.c1", "c2"), ("instance.c2", "c3"), ("instance.c3", "c4"))
)
"""What comes after the two: a run long enough that what a test does on the terminal falls into it."""
APPLY = ("apply", "--sim", "--auto-approve")
MOVES = re.compile(r"\x1b\[(?![0-9;]*m)|\r(?!\n)")
"""A code of a terminal that does more than colour."""


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    project, resource = FLEET.split("---\n")
    (tmp_path / "novita-infra.yaml").write_text(project)
    (tmp_path / "fleet.yaml").write_text(resource)
    return tmp_path


@pytest.fixture
def long_fleet(fleet: Path) -> Path:
    with (fleet / "fleet.yaml").open("a") as file:
        file.write(CHAIN)
    return fleet


def test_a_live_display_shows_phase_time_rest_sums_and_cost_and_follows_a_resize(long_fleet: Path) -> None:
    with terminal(long_fleet, *APPLY, columns=100) as shown:
        shown.until("  > instance.")
        shown.until("/h now")
        assert re.search(r"\d of 6 ended, \d running, \d to come", shown.shown())
        row = next(text for text in shown.shown().splitlines() if text.startswith("  > instance."))
        assert re.search(r"  \w+ +\d+s  (1m \d\ds|\d+s) left  [0-9a-f]{16}", row)
        shown.resize(40, 30)
        shown.until("/h now")  # the sums take two rows now; of the longer one, these columns show less
        assert shown.end() == 0
        assert "Apply complete: 6 created." in shown.shown()
        assert not shown.screen.cursor.hidden


def test_ctrl_c_ends_a_live_run_with_what_is_under_way_and_the_next_run_goes_on(long_fleet: Path) -> None:
    with terminal(long_fleet, *APPLY, columns=20, rows=24) as narrow:
        narrow.until("  > ")
        assert max(map(len, narrow.shown().splitlines())) <= 20
        narrow.press(CTRL_C)
        assert narrow.end() == 130
        assert "In progress" in narrow.text()
        assert not narrow.screen.cursor.hidden
    with terminal(long_fleet, *APPLY) as again:
        assert again.end() == 0
        assert "will be waited for" in again.text()
        assert re.search(r"Apply complete: .*\d waited for", again.shown())
        assert " ended, " not in again.shown(), "nothing of the display remains"


@pytest.mark.parametrize(
    ("words", "settings"),
    [(("--plain",), {}), ((), {"NOVITA_INFRA_PLAIN": "1"}), ((), {"TERM": "dumb"}), ((), {"NO_COLOR": "1"})],
    ids=["option", "variable", "dumb", "colourless"],
)
def test_without_a_live_display_each_event_is_a_line(
    fleet: Path, words: tuple[str, ...], settings: dict[str, str]
) -> None:
    with terminal(fleet, *APPLY, *words, settings=settings) as plain:
        assert plain.end() == 0
        assert not MOVES.search(plain.written)
        assert "\x1b" not in plain.written
        assert 'start    instance.web["one"]: create' in plain.text()
        assert 'done     instance.web["one"]: create' in plain.text()
        is_plain = bool(words) or "NOVITA_INFRA_PLAIN" in settings
        assert ('  + instance.web["one"]' in plain.text()) == (not is_plain)


@pytest.mark.parametrize("number", [None, signal.SIGKILL], ids=["hang-up", "kill"])
def test_a_run_whose_terminal_goes_away_or_that_is_killed_is_continued(
    long_fleet: Path, number: signal.Signals | None
) -> None:
    with terminal(long_fleet, *APPLY) as gone:
        gone.until("  > instance.")
        if number:
            gone.process.send_signal(number)
        else:
            gone.hang_up()
        assert gone.end() == (-number if number else 130)
        assert not gone.screen.cursor.hidden
    with terminal(long_fleet, *APPLY) as again:
        assert again.end() == 0
        assert re.search(r"Apply complete: .*\d waited for", again.shown())
