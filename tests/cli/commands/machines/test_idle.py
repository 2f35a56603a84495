"""`idle`: machines whose GPUs rest, what that costs, and the command that stops them, in text and JSON."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from machines_account import account, named

Invoke = Callable[..., Result]
HOUR = 3600


@pytest.fixture
def resting(machines: Path) -> Path:
    """The machine has rested for three hours, after five hours of work."""
    with account(machines) as world:
        trainer = named(world, "trainer")
        world.skip(5 * HOUR)
        trainer.idle = world.now()
        world.instances.touch(trainer)
        world.skip(3 * HOUR)
    return machines


def test_machines_that_rest_are_shown_with_the_command_that_stops_them(run: Invoke, resting: Path) -> None:
    shown = run("idle", "--sim")
    assert (shown.exit_code, shown.stderr) == (0, "")
    head, row, _, total, stop = shown.stdout.splitlines()
    assert head.startswith("NAME              PRODUCT        PER HOUR  RESTS SINCE")
    assert row.startswith("instance.trainer  RTX 4090 24GB  $0.35417  3 h ")
    assert total == "1 machine: $0.35417 per hour, $255.00 per month."
    assert stop == "To stop: novita-infra instance stop instance.trainer --sim"
    assert run(*shlex.split(stop)[3:], "--auto-approve").exit_code == 0
    assert run("idle", "--sim").stdout == "No GPU rests.\n"


def test_json_tells_how_long_and_what_it_cost(run: Invoke, resting: Path) -> None:
    (data,) = json.loads(run("idle", "--sim", "--json").stdout)
    assert (data["address"], data["per_hour"]["most"][:8]) == ("instance.trainer", "0.354166")
    assert 3 * HOUR <= data["idle_seconds"] < 4 * HOUR
    assert 1.06 < float(data["paid"]) < 1.42
    assert run("idle", "--since", "5h", "--sim", "--json").stdout == "[]\n"
    assert run("idle", "--sim", "--detailed-exitcode").exit_code == 2
    (chosen,) = json.loads(run("idle", "label:team=research", "--sim", "--json").stdout)
    assert chosen["id"] == data["id"]


def test_machines_without_figures_for_so_long_are_named(run: Invoke, machines: Path) -> None:
    shown = run("idle", "--sim").stdout
    assert shown == "No GPU rests.\n1 machine has no figures for so long: instance.trainer.\n"


def test_an_empty_account_has_no_gpu_that_rests(run: Invoke) -> None:
    assert run("idle", "--sim", "--detailed-exitcode").stdout == "No GPU rests.\n"
    refused = run("idle", "--since", "8d", "--sim")
    assert refused.stderr == "error: --since is more than the figures of the use cover; the most is 7d\n"
