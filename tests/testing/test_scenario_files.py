"""Scenario files: the ones in the documentation, and what is said of a file that is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from novita_infra.manifests.project.discovery import find
from novita_infra.model.diagnostics import Problems
from novita_infra.simulator.scenarios.events import ACTS
from novita_infra.testing.scenario_files import read_scenario
from novita_infra.testing.worlds import scenario

SHIPPED = sorted((Path(__file__).parents[2] / "docs" / "scenarios").glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_every_documented_file_is_a_scenario_of_its_own_name(path: Path) -> None:
    found = scenario(path)
    assert path.name == f"{found.name}.scenario.yaml"
    assert path.read_text(encoding="utf-8").startswith("# ")


def test_together_the_documented_files_show_everything_that_a_scenario_can_say() -> None:
    data = [read_scenario(path).data for path in SHIPPED]
    assert {event["do"] for one in data for event in one.get("events", ())} == set(ACTS)
    fields = {"name", "says", "limits", "timings", "statusWords", "unpullable", "faults", "events"}
    assert {name for one in data for name in one} == fields
    timing = {name for one in data for event in one.get("events", ()) for name in event}
    assert {"at", "upon", "nth", "after", "every"} <= timing
    assert {fault["kind"] for one in data for fault in one.get("faults", ())} == {
        *("slow", "status", "lost", "truncated", "stale")
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x\nsays: y\nevents:\n  - {do: price, perCent: half}\n", "4:17: invalid parameter events[0].perCent[0]"),
        ("name: x\nsays: y\nevents:\n  - do: stock\n  - do: price\n", "5:5: invalid parameter events[1].perCent"),
        ("name: x\nsays: y\ncheese: 1\n", "3:9: invalid parameter cheese"),
        ("name: x\n", "1:1: invalid parameter says"),
        ("name: x\nsays: y\nfaults:\n  - kind: status\n    status: 1\n", "5:13: invalid parameter faults[0].status"),
        ("name: x\nsays: y\nfaults: [1]\n", "3:10: invalid parameter faults[0]: must be an object"),
        ("name: x\nsays: y\ntimings: {pull: 3}\n", "3:17: invalid parameter timings.pull: must be a list of 2"),
        (
            "name: x\nsays: y\nevents: [{do: fault, fault: {kind: odd}}]\n",
            "3:36: invalid parameter events[0].fault.kind",
        ),
        ("- a list\n", "1:1: invalid parameter body"),
        ("name: x\n  says: y\n", "2:7: "),
        ("name: x\nname: y\n", '2:1: the key "name" stands twice'),
        ("", "1:1: a scenario file holds exactly one document"),
        ("name: x\nsays: y\n---\nname: z\n", "4:1: a scenario file holds exactly one document"),
    ],
)
def test_what_is_wrong_is_reported_with_its_line_and_column(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.scenario.yaml"
    path.write_text(text)
    with pytest.raises(Problems) as caught:
        scenario(str(path))
    assert str(caught.value).startswith(f"{path}:{message}")


def test_a_file_that_is_not_there_is_reported_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(Problems, match=r"no\.yaml cannot be read"):
        scenario(tmp_path / "no.yaml")


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(Problems, match='did you mean "flaky"'):
        scenario("flakey")


def test_plain_data_is_a_scenario_too() -> None:
    assert scenario({"name": "x", "says": "y", "unpullable": ["*"]}).unpullable == ["*"]
    with pytest.raises(Problems, match="says"):
        scenario({"name": "x"})


def test_a_scenario_file_inside_a_project_is_no_manifest(tmp_path: Path) -> None:
    (tmp_path / "bad-day.scenario.yaml").write_text("name: x\n")
    (tmp_path / "main.yaml").write_text("")
    assert find(tmp_path).manifests == ["main.yaml"]
