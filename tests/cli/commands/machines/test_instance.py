"""`instance start`, `stop`, `restart`, `migrate` and `renew`: what is asked, done and reported, in text and JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from local_store import LocalStore
from machines_account import account, named

from novita_infra.simulator.world.market import catalogue
from novita_infra.state.store import LockRefused

Invoke = Callable[..., Result]
DISK = "what is on its container disk (80 GB)"
BACK = "the next apply changes this back, because power: {} is declared; set power: {} to keep it"


def _phase(run: Invoke, address: str) -> str:
    return str(json.loads(run("ps", address, "--sim", "--json").stdout)[0]["phase"])


def _id(run: Invoke, address: str) -> str:
    return str(json.loads(run("ps", address, "--sim", "--json").stdout)[0]["id"])


def test_a_stop_shows_what_is_lost_and_what_the_next_apply_does(run: Invoke, machines: Path) -> None:
    id = _id(run, "instance.trainer")
    asked = run("instance", "stop", "instance.trainer", "--sim")
    assert (asked.exit_code, asked.stdout) == (1, "")
    assert asked.stderr.splitlines() == [
        f"  ~ instance.trainer ({id}) will be stopped",
        f"      loses {DISK}, when the service no longer keeps the data of what is stopped",
        f"warning: instance.trainer: {BACK.format('running', 'stopped')}",
        "error: no question can be asked: stdin is not a terminal; to confirm, add --auto-approve",
    ]
    assert _phase(run, "instance.trainer") == "ready"
    done = run("instance", "stop", "instance.trainer", "--sim", "--auto-approve")
    assert done.exit_code == 0, done.stderr
    assert "\nStop complete: 1 done.\n" in done.stderr
    assert _phase(run, "instance.trainer") == "stopped"
    assert 'power: "stopped" -> "running"' in run("plan", "--sim").stdout


def test_everything_of_a_label_or_pattern_is_stopped_by_one_command(run: Invoke, machines: Path) -> None:
    id = _id(run, "instance.spare")
    done = run("instance", "stop", "instance.*", "--sim", "--auto-approve")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr.startswith(f"instance.spare ({id}) is stopped already.\n")
    assert "Stop complete: 1 done." in done.stderr
    again = run("instance", "stop", "instance.*", "--sim")
    assert (again.exit_code, again.stderr.count("is stopped already.")) == (0, 2)
    started = run("instance", "start", "label:team=research", "--sim")
    assert started.exit_code == 0, started.stderr
    assert _phase(run, "instance.trainer") == "ready"


def test_a_pattern_that_means_an_endpoint_too_says_that_it_goes_on(run: Invoke, machines: Path) -> None:
    left = "Left out: endpoint.api is no instance; novita-infra ps shows what runs"
    done = run("instance", "stop", "*", "--sim", "--auto-approve")
    assert (done.exit_code, done.stderr.splitlines()[0]) == (0, left)
    assert left not in run("instance", "stop", "instance.*", "--sim", "--auto-approve").stderr


def test_json_prints_the_messages_of_a_run_and_asks_nothing(run: Invoke, machines: Path) -> None:
    refused = run("instance", "stop", "instance.trainer", "--sim", "--json")
    assert refused.exit_code == 1
    assert json.loads(refused.stdout)["diagnostic"]["summary"] == "--json cannot ask"
    done = run("instance", "stop", "instance.trainer", "--sim", "--json", "--auto-approve")
    assert done.exit_code == 0
    types = [json.loads(line)["type"] for line in done.stdout.splitlines()]
    assert (types[0], types[-2:]) == ("apply_start", ["change_summary", "outputs"])
    assert BACK.format("running", "stopped") in done.stderr
    assert run("instance", "start", "instance.trainer", "--sim", "--json").exit_code == 0


def test_without_waiting_the_command_ends_when_the_call_is_answered(run: Invoke, machines: Path) -> None:
    done = run("instance", "stop", "instance.trainer", "--sim", "--auto-approve", "--no-wait")
    assert (done.exit_code, "Stop begun: 1 accepted, and not waited for." in done.stderr) == (0, True)
    assert "To follow it: novita-infra ps instance.trainer --sim" in done.stderr
    assert _phase(run, "instance.trainer") in {"changing", "stopped"}


def test_a_wait_ends_with_its_time_and_names_the_command_that_goes_on(run: Invoke, machines: Path) -> None:
    done = run("instance", "start", "instance.spare", "--sim", "--timeout", "0s")
    assert done.exit_code == 1
    assert "Start did not finish: 0 of 1 steps done, 1 " in done.stderr
    assert "Next: novita-infra instance start instance.spare --sim " in done.stderr


def test_a_start_without_capacity_is_blocked(run: Invoke, machines: Path) -> None:
    with account(machines) as world:
        catalogue.set_stock(world, products="*", clusters="*", places=0)
    done = run("instance", "start", "instance.spare", "--sim")
    assert done.exit_code == 4
    assert "INSUFFICIENT_RESOURCE" in done.stderr


def test_a_restart_needs_a_machine_that_runs(run: Invoke, machines: Path) -> None:
    refused = run("instance", "restart", "instance.*", "--sim")
    assert (refused.exit_code, refused.stderr) == (1, "error: instance.spare cannot be restarted: it is exited\n")
    done = run("instance", "restart", "instance.trainer", "--sim")
    assert (done.exit_code, "Restart complete: 1 done." in done.stderr) == (0, True)


def test_a_migration_asks_because_the_data_is_lost(run: Invoke, machines: Path) -> None:
    asked = run("instance", "migrate", "instance.trainer", "--sim")
    assert asked.exit_code == 1
    assert "will be moved to another node\n      loses what is on its container disk (80 GB)\n" in asked.stderr
    assert "to confirm, add --auto-approve" in asked.stderr
    assert run("instance", "migrate", "instance.trainer", "--sim", "--auto-approve").exit_code == 0


def test_a_renewal_names_its_price_and_buys_once(run: Invoke, machines: Path) -> None:
    refused = run("instance", "renew", "instance.trainer", "--months", "2", "--sim")
    assert refused.stderr == "error: instance.trainer cannot be renewed: it is no monthly subscription\n"
    with account(machines) as world:
        trainer = named(world, "trainer")
        trainer.billing, trainer.ends = "monthly", int(world.now()) + 86_400
        world.instances.touch(trainer)
        ends = trainer.ends
    asked = run("instance", "renew", "instance.trainer", "--months", "1", "--sim")
    assert asked.exit_code == 1
    assert "will be renewed for $" in asked.stderr
    assert "warning: instance.trainer: the state does not count what is bought here; " in asked.stderr
    done = run("instance", "renew", "instance.trainer", "--months", "1", "--sim", "--auto-approve")
    assert (done.exit_code, "Renew complete: 1 done." in done.stderr) == (0, True), done.stderr
    with account(machines) as world:
        assert 27 * 86_400 < named(world, "trainer").ends - ends < 32 * 86_400


def test_a_machine_with_the_mark_of_another_project_is_left_alone(run: Invoke, machines: Path) -> None:
    id = _id(run, "instance.trainer")
    with account(machines) as world:
        trainer = named(world, "trainer")
        trainer.envs = [{"key": "NOVITA_INFRA_OWNER", "value": "other:p1/prod/instance.web/abc"}]
        world.instances.touch(trainer)
    for word, title in (("instance.trainer", "instance.trainer"), (id, "instance.trainer")):
        refused = run("instance", "stop", word, "--sim", "--auto-approve")
        assert refused.exit_code == 5
        assert refused.stderr == (
            f"error: {title} carries the owner mark of project other, environment prod, instance.web; it may be in use "
            "there; go to the folder of that project, or, to insist, add --steal\n"
        )
    assert run("instance", "stop", id, "--sim", "--auto-approve", "--steal").exit_code == 0


def test_outside_of_its_project_a_marked_machine_belongs_to_others(run: Invoke, machines: Path) -> None:
    id = _id(run, "instance.trainer")
    for file in ("novita-infra.yaml", "machines.yaml"):
        (machines / file).unlink()
    refused = run("instance", "stop", id, "--sim", "--auto-approve")
    assert (
        refused.exit_code,
        f"{id} carries the owner mark of project small, environment default" in refused.stderr,
    ) == (
        5,
        True,
    )


def test_an_apply_under_way_keeps_its_machines(run: Invoke, machines: Path) -> None:
    id = _id(run, "instance.spare")
    assert run("state", "rm", "instance.spare").exit_code == 0  # the next apply may adopt it by its mark
    lock = LocalStore(machines / "state" / "default.json").try_lock("apply")
    assert not isinstance(lock, LockRefused)
    try:
        refused = run("instance", "stop", "instance.trainer", "--sim", "--auto-approve")
        unrecorded = run("instance", "start", id, "--sim")
    finally:
        lock.release()
    assert (refused.exit_code, unrecorded.exit_code) == (1, 1)
    assert "the state is locked" in refused.stderr
    assert "the state is locked" in unrecorded.stderr
    assert "apply" in refused.stderr
    assert str(os.getpid()) in refused.stderr
    assert _phase(run, "instance.trainer") == "ready"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("stop",), "Missing argument 'WORD...'"),
        (("stop", "instance.nothing"), "no object of this project is recorded as instance.nothing; did you mean"),
        (("stop", "endpoint.api"), "endpoint.api is no instance; known: instance.spare, instance.trainer"),
        (("renew", "instance.trainer"), "Missing option '--months'"),
        (("renew", "instance.trainer", "--months", "0"), "0 is not in the range x>=1"),
        (("stop", "instance.trainer", "--timeout", "soon"), "soon"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_arguments_change_nothing(run: Invoke, machines: Path, words: tuple[str, ...], message: str) -> None:
    refused = run("instance", *words, "--sim", "--auto-approve")
    assert refused.exit_code != 0
    assert message in refused.stderr
    assert _phase(run, "instance.trainer") == "ready"


def test_an_empty_account_has_nothing_to_stop(run: Invoke) -> None:
    refused = run("instance", "stop", "instance.*", "--sim")
    assert (refused.exit_code, refused.stderr) == (1, "error: no object of this project is recorded as instance.*\n")
