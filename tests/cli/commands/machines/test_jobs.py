"""`jobs` and `job break`: the jobs of the service on machines, in text and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result
from machines_account import account, named

from novita_infra.simulator.world.cloud import jobs

Invoke = Callable[..., Result]


def _save(machines: Path) -> str:
    """A running job; its id."""
    with account(machines) as world:
        return jobs.save_image(world, named(world, "trainer"), image="registry.example.com/a:1", auth="").id


def test_jobs_are_listed_with_the_addresses_of_their_machines(run: Invoke, machines: Path) -> None:
    id = _save(machines)
    head, row = run("jobs", "--sim").stdout.splitlines()
    assert head.split() == ["ID", "TYPE", "STATE", "MACHINE", "IMAGE", "BEGAN", "NOTE"]
    assert row.split()[0:2] == [id, "saveImage"]
    assert "instance.trainer" in row
    (data,) = json.loads(run("jobs", "--type", "saveImage", "--since", "1h", "--sim", "--json").stdout)
    assert (data["id"], data["address"], data["over"]) == (id, "instance.trainer", False)
    assert data["image"] == "registry.example.com/a:1"
    for word in ("SAVEIMAGE", "save-image", "Save_Image"):
        assert run("jobs", "--type", word, "--state", data["state"].upper(), "--sim", "--json").stdout != "[]\n"
    misspelt = run("jobs", "--type", "saveImages", "--sim")
    assert (misspelt.exit_code, misspelt.stdout) == (1, "")
    assert 'did you mean "saveImage"?' in misspelt.stderr
    assert run("jobs", "--type", "newerType", "--sim").stdout == "No jobs.\n", "the service may know more types"
    assert run("jobs", "--type", "instanceMigrate", "--sim", "--json").stdout == "[]\n"
    assert run("jobs", "--state", "success", "--sim").stdout == "No jobs.\n"


def test_a_state_that_no_job_can_have_is_refused(run: Invoke, machines: Path) -> None:
    refused = run("jobs", "--state", "runing", "--sim")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith(
        "error: Invalid value for '--state': 'runing' is not one of 'pulling', 'running', 'success', 'fail', 'break'."
    )


def test_a_job_is_interrupted_once(run: Invoke, machines: Path) -> None:
    id = _save(machines)
    (data,) = json.loads(run("job", "break", id, "--sim", "--json").stdout)
    assert (data["id"], data["interrupted"], data["address"]) == (id, True, "instance.trainer")
    again = run("job", "break", id, "--sim", "--json")
    assert (again.exit_code, json.loads(again.stdout)[0]["interrupted"], json.loads(again.stdout)[0]["before"]) == (
        0,
        False,
        "break",
    )


def test_a_job_on_a_machine_of_another_project_is_left_alone(run: Invoke, machines: Path) -> None:
    id = _save(machines)
    with account(machines) as world:
        trainer = named(world, "trainer")
        trainer.envs = [{"key": "NOVITA_INFRA_OWNER", "value": "other:p1/prod/instance.web/abc"}]
        world.instances.touch(trainer)
    refused = run("job", "break", id, "--sim")
    assert refused.exit_code == 5
    assert "carries the owner mark of project other, environment prod, instance.web; to insist, add --steal" in (
        refused.stderr
    )
    assert run("job", "break", id, "--steal", "--sim").exit_code == 0


def test_bad_arguments_of_jobs_are_reported(run: Invoke, machines: Path) -> None:
    refused = run("job", "break", "nothing", "--sim")
    assert (refused.exit_code, refused.stderr) == (
        1,
        "error: there is no job nothing; novita-infra jobs lists them, and novita-infra v2 jobs those of v2\n",
    )
    assert "Missing argument 'ID...'" in run("job", "break", "--sim").stderr
    assert run("jobs", "--since", "soon", "--sim").exit_code != 0
    assert run("jobs", "--sim").stdout == "No jobs.\n"
