"""`ps`: what runs, what it costs, and why something does not run, in text and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from machines_account import account, named

from novita_infra.simulator.world.cloud import arrears

Invoke = Callable[..., Result]


def _rows(shown: Result) -> dict[str, Any]:
    assert shown.exit_code == 0, shown.output
    return {item["address"] or item["id"]: item for item in json.loads(shown.stdout)}


def _reason(run: Invoke, address: str) -> str:
    return str(_rows(run("ps", address, "--sim", "--json"))[address]["reason"])


def test_ps_shows_what_runs_and_its_sum(run: Invoke, machines: Path) -> None:
    shown = run("ps", "--sim")
    assert (shown.exit_code, shown.stderr) == (0, "")
    head, trainer, api, _, total, hidden = shown.stdout.splitlines()
    assert head.split("  ")[0] == "NAME"
    assert trainer.split()[:8] == [
        "instance.trainer",
        "ready",
        "running",
        "US-CA-02",
        "(California)",
        "RTX",
        "4090",
        "24GB",
    ]
    assert api.split()[:3] == ["endpoint.api", "ready", "serving"]
    assert total.startswith("2 objects: $0.35417 per hour, $255.00 per month")
    assert hidden == "1 object does not run and is not shown: --all shows why."


def test_ps_all_shows_why_something_does_not_run(run: Invoke, machines: Path) -> None:
    with account(machines) as world:
        world.skip(2 * 3600)
    rows = _rows(run("ps", "--all", "--sim", "--json"))
    assert {at: (row["phase"], row["reason"]) for at, row in rows.items()} == {
        "instance.trainer": ("ready", None),
        "endpoint.api": ("ready", None),
        "instance.spare": ("stopped", "its manifest declares it stopped"),
    }
    row = rows["instance.trainer"]
    assert (row["status"], row["place"], row["product"]) == ("running", "US-CA-02 (California)", "RTX 4090 24GB")
    assert row["per_hour"]["most"].startswith("0.354166")
    assert row["uptime_seconds"] >= 2 * 3600
    assert row["started"]
    assert row["gpu_use"]["measured_since"]


def test_why_a_machine_stopped_is_answered_by_its_address(run: Invoke, machines: Path) -> None:
    with account(machines) as world:
        trainer = named(world, "trainer")
        trainer.status = "exited"
        world.instances.touch(trainer)
    assert _reason(run, "instance.trainer") == "somebody stopped it; the API does not say who"
    with account(machines) as world:
        trainer = named(world, "trainer")
        trainer.billing, trainer.spot = "spot", "terminated"
        world.instances.touch(trainer)
    assert _reason(run, "instance.trainer") == "the spot machine was reclaimed"
    with account(machines) as world:
        trainer = named(world, "trainer")
        trainer.status = "removed"
        world.instances.touch(trainer)
    assert (
        _reason(run, "instance.trainer") == "it does not exist any more: somebody deleted it; the API does not say who"
    )
    assert "instance.trainer  gone" in run("ps", "--all", "--sim").stdout


def test_an_account_in_arrears_explains_what_does_not_run(run: Invoke, machines: Path) -> None:
    with account(machines) as world:
        arrears.top_up(world, -(10**12))
        trainer = named(world, "trainer")
        trainer.status = "exited"
        world.instances.touch(trainer)
    assert _reason(run, "instance.trainer") == "it does not run while the account is in arrears"


def test_words_choose_what_is_shown(run: Invoke, machines: Path) -> None:
    assert [*_rows(run("ps", "instance.*", "--sim", "--json"))] == ["instance.trainer", "instance.spare"]
    assert [*_rows(run("ps", "label:team=web", "--sim", "--json"))] == ["instance.spare"]
    refused = run("ps", "instance.trainr", "nothing", "--sim")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert (
        'no object of this project is recorded as instance.trainr; did you mean "instance.trainer"?' in refused.stderr
    )
    assert "nothing is neither an address nor an id in this account" in refused.stderr


def test_an_object_that_no_state_records_is_named_by_its_id(run: Invoke, machines: Path) -> None:
    id = _rows(run("ps", "instance.trainer", "--sim", "--json"))["instance.trainer"]["id"]
    assert run("state", "rm", "instance.trainer").exit_code == 0
    row = _rows(run("ps", id, "--sim", "--json"))[id]
    assert (row["address"], row["environment"], row["name"]) == (None, None, "trainer")
    assert f"{id} (trainer)  ready" in run("ps", "--sim").stdout


def test_an_empty_account_has_nothing_that_runs(run: Invoke) -> None:
    shown = run("ps", "--sim")
    assert (shown.exit_code, shown.stdout) == (0, "Nothing runs in this account.\n")
    assert run("ps", "--sim", "--json").stdout == "[]\n"


@pytest.mark.parametrize(("words", "message"), [(("--nonsense",), "No such option"), (("instance.",), "instance.")])
def test_bad_arguments_of_ps_are_reported(run: Invoke, words: tuple[str, ...], message: str) -> None:
    refused = run("ps", "--sim", *words)
    assert refused.exit_code != 0
    assert message in refused.stderr
    assert "Traceback" not in refused.output
