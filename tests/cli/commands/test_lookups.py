"""Lookups on the command line: which commands make them, what they print, and a plan file that holds them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from novita_infra.simulator import open_world
from novita_infra.simulator.world.cloud import storages

Invoke = Callable[..., Result]

LOOKUPS = """\
apiVersion: novita-infra/v1
kind: Project
metadata: {name: small}
lookups:
  places: {cluster: {region: US, features: [networkStorage], choose: all}}
  size: {product: {gpu: RTX 3090}}
outputs:
  memory: ${lookup.size.gpuMemoryGb}
"""
FLEET = """\
apiVersion: novita-infra/v1
kind: NetworkStorage
metadata: {name: data}
forEach: ${lookup.places}
spec: {cluster: "${each.key}", sizeGb: "${lookup.size.gpuMemoryGb}"}
"""
SHOWN = """\
  lookup.places  us-ca-nas-2 (US-CA-02 (California))
                 us-dallas-nas-2 (US-01 (Dallas))
  lookup.size  RTX 3090 24GB (3090.16c92g), $0.21/h per GPU, in 9 clusters
"""


@pytest.fixture(autouse=True)
def looked_up(project: Path) -> None:
    (project / "novita-infra.yaml").write_text(LOOKUPS)
    (project / "fleet.yaml").write_text(FLEET)


def test_commands_without_the_account_look_up_nothing(run: Invoke, project: Path) -> None:
    valid = run("validate")
    assert (valid.exit_code, valid.stdout, valid.stderr) == (0, "Valid: 1 resource.\n", "")
    assert "network_storage.data" in run("graph").stdout
    assert "cluster: (not read)" in run("render").stdout
    assert run("fmt", "--check").exit_code in (0, 1)
    assert not (project / ".novita-infra").exists()


def test_a_plan_and_its_file_show_what_was_looked_up(run: Invoke, project: Path) -> None:
    planned = run("plan", "--sim", "--out", "p.niplan")
    assert planned.exit_code == 0, planned.output
    assert SHOWN in planned.stdout
    assert SHOWN in run("show", "p.niplan").stdout
    names = [item["name"] for item in json.loads(run("show", "p.niplan", "--json").stdout)["novita"]["lookups"]]
    assert names == ["places", "size"]
    assert run("apply", "p.niplan", "--sim").exit_code == 0
    assert run("plan", "--sim", "--detailed-exitcode").exit_code == 0
    assert run("output", "memory").stdout == "24\n"


def test_drift_looks_up_what_it_compares(run: Invoke, project: Path) -> None:
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    world = open_world(project / ".novita-infra" / "sim.db", now=time.time)
    storages.update(world, next(iter(world.storages)).id, name="renamed", size=None)
    world.save()
    world.close()
    drifted = run("drift", "--sim")
    assert SHOWN in drifted.stdout
    assert 'name: "data-us-' in drifted.stdout
    assert "not looked up" not in drifted.output


def test_a_destroy_looks_up_nothing_and_needs_none(run: Invoke, project: Path) -> None:
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    gone = LOOKUPS.replace("RTX 3090", "RTX 2080")
    (project / "novita-infra.yaml").write_text(gone)
    failed = run("plan", "--sim")
    assert failed.exit_code == 1
    assert 'lookup.size: no product "RTX 2080"' in failed.stderr
    destroyed = run("destroy", "--sim", "--auto-approve", "--allow-data-loss", "network_storage.*")
    assert destroyed.exit_code == 0, destroyed.output


def test_a_lookup_without_a_key_says_that_there_is_none(run: Invoke) -> None:
    ended = run("plan")
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "there is no API key" in ended.stderr
