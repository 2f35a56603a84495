"""terraform-compliance, which judges Terraform's plans, reads and judges ours."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from plan_shapes import checked_json
from rig import Rig

pytestmark = pytest.mark.sdk

FEATURE = """\
Feature: machines
  Scenario: a constant of the manifest
    Given I have instance defined
    Then it must have rootDiskGb
    And its value must be less than 100

  Scenario: a resource is found through a reference
    Given I have network_storage defined
    Then it must have instance

  Scenario: a variable
    Given I have region variable configured
    Then it must have default

  Scenario: what does not hold
    Given I have network_storage defined
    Then it must have sizeGb
    And its value must be less than 15
"""
PLACE = {"cluster": "${var.region}"}


def test_terraform_compliance_reads_and_judges_a_plan(tmp_path: Path, python: Path) -> None:
    rig = Rig(tmp_path / "project")
    variables = {"region": {"type": "string", "default": "us-ca-nas-2"}}
    head = {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "rig"}}
    rig.write("novita-infra.yaml", {**head, "variables": variables})
    rig.declare(
        ("VPC", "net", PLACE),
        ("NetworkStorage", "data", {**PLACE, "sizeGb": 20}),
        (
            "Instance",
            "trainer",
            {
                "product": {"gpu": "RTX 4090"},
                "gpuCount": 1,
                "rootDiskGb": 60,
                "image": "nginx:1",
                **PLACE,
                "vpc": "net",
                "networkStorages": [{"storage": "data", "mountPath": "/data"}],
            },
        ),
    )
    rig.apply()
    (tmp_path / "plan.json").write_text(json.dumps(checked_json(rig.plan(), rig.project())), encoding="utf-8")
    (tmp_path / "features").mkdir()
    (tmp_path / "features" / "machines.feature").write_text(FEATURE, encoding="utf-8")
    words = ["-m", "terraform_compliance.main", "--features", "features", "--planfile", "plan.json"]
    ended = subprocess.run(
        [str(python), *words], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    output = re.sub(r"\x1b\[[0-9;]*m", "", ended.stdout)
    assert "4 scenarios (3 passed, 1 failed)" in output, output + ended.stderr
    assert "network_storage.data" in output
    assert ended.returncode == 1
