"""Bills of a project with several environments: each address names its own, and may be named so."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from bill_records import recorded_id, storage_meter
from click.testing import Result

from novita_infra.simulator import open_world

Invoke = Callable[..., Result]


def test_an_address_names_its_environment_where_there_are_several(run: Invoke, project: Path) -> None:
    file = project / "novita-infra.yaml"
    file.write_text(f"{file.read_text()}environments: {{dev: {{}}, prod: {{}}}}\n")
    for name in ("dev", "prod"):
        assert run("apply", "--env", name, "--sim", "--auto-approve").exit_code == 0
    world = open_world(project / ".novita-infra" / "sim.db", now=time.time)
    for name in ("dev", "prod"):
        world.meters.add(storage_meter(recorded_id(project, name)))
    world.save()
    world.close()
    march = ("--since", "2026-03", "--until", "2026-04", "--sim", "--json")
    everything = json.loads(run("billing", "usage", "--by", "address", *march).stdout)
    assert {row["group"] for row in everything["rows"]} == {"dev/network_storage.data", "prod/network_storage.data"}
    one = json.loads(run("billing", "usage", "prod/network_storage.*", *march).stdout)
    assert [row["address"] for row in one["rows"]] == ["prod/network_storage.data"] * 2
    spent = json.loads(run("spend", "--env", "dev", *march).stdout)
    assert (spent["environment"], [row["name"] for row in spent["rows"]]) == ("dev", ["network_storage.data"])
