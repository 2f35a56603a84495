"""A rename in the manifests over the command line: what is said, and that the printed commands keep the objects."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Invoke = Callable[..., Result]

FLEET = """\
apiVersion: novita-infra/v1
kind: NetworkStorage
metadata: {name: data}
spec: {cluster: us-ca-nas-2, sizeGb: 20}
---
apiVersion: novita-infra/v1
kind: Template
metadata: {name: base}
spec: {image: "ubuntu:22.04", readme: A machine., rootDiskGb: 60}
---
apiVersion: novita-infra/v1
kind: RegistryAuth
metadata: {name: hub}
spec: {username: me, password: {fromEnv: NOVITA_INFRA_VAR_note}}
"""
OUTPUTS = re.compile(r"^outputs:\n(?:  .*\n)+", re.MULTILINE)


def test_the_printed_commands_keep_what_was_renamed(
    run: Invoke, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = "my fleet"
    (project / folder).mkdir()
    settings = OUTPUTS.sub("environments: {prod: {}}\n", (project / "novita-infra.yaml").read_text())
    (project / "novita-infra.yaml").unlink()
    (project / "fleet.yaml").unlink()
    (project / folder / "novita-infra.yaml").write_text(settings)
    fleet = project / folder / "fleet.yaml"
    fleet.write_text(FLEET)
    here = ("--sim", "--env", "prod", folder)
    applied = run("apply", *here, "--auto-approve")
    assert applied.exit_code == 0, applied.stderr
    renamed = FLEET.replace("name: data", "name: store").replace("name: base", "name: plain").replace("hub}", "box}")
    fleet.write_text(renamed)

    plan = run("plan", *here)
    assert plan.exit_code == 5
    assert plan.stderr.count("is created with a spec that is equal but for the name") == 3
    assert "if the loss is wanted, run it again with --allow-data-loss network_storage.data\n" in plan.stderr
    why = run("why", "template.plain", *here)
    assert "template.base is deleted and template.plain is created" in why.stdout
    renames = json.loads(run("plan", *here, "--json").stdout)["novita"]["renames"]
    assert [(item["from"], item["name"]) for item in renames] == [
        ("network_storage.data", None),
        ("registry_auth.hub", None),
        ("template.base", None),
    ]
    for item in renames:
        assert f"`{item['command']}`" in plan.stderr
        moved = run(*shlex.split(item["command"])[1:])
        assert moved.exit_code == 0, moved.stderr
    plan = run("plan", *here)
    assert "Plan: 0 to create, 2 to update, 0 to replace, 0 to delete, 0 to adopt.\n" in plan.stdout
    assert run("apply", *here, "--auto-approve").exit_code == 0
    assert "No changes." in run("plan", *here).stdout
    assert "state mv" not in run("plan", *here, "--destroy", "--allow-data-loss", "*").stderr
    monkeypatch.chdir(project / folder)
    orphans = json.loads(run("orphans", "--sim", "--env", "prod", "--json").stdout)
    assert orphans == []
    assert run("state", "rm", "template.plain", "--env", "prod").exit_code == 0
    (orphan,) = json.loads(run("orphans", "--sim", "--env", "prod", "--json").stdout)
    assert orphan["made_by"].endswith("/prod/template.plain")  # the mark was corrected
