"""`metrics` over HTTP: the figures of a machine as text, as JSON and as a picture."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import forking
import pytest
from processes import Cloud, environment, serving

pytestmark = pytest.mark.process

FLEET = """\
apiVersion: novita-infra/v1
kind: Instance
metadata: {name: web}
spec: {image: nginx, product: {gpu: RTX 4090}, gpuCount: 1, rootDiskGb: 20}
"""
METRICS = ["cpu", "memory", "disk", "gpu", "gpu memory"]


def test_the_figures_of_a_machine_are_shown_and_drawn(tmp_path: Path) -> None:
    (tmp_path / "fleet.yaml").write_text(FLEET)
    with serving(time_scale=100) as (address, _):

        def run(*words: str) -> str:
            ended = forking.run(
                forking.COMMAND,
                *words,
                cwd=tmp_path,
                env={**environment(), "NOVITA_API_URL": address, "NOVITA_API_KEY": "sk_test"},
                text=True,
            )
            assert ended.returncode == 0, ended.stderr
            return str(ended.stdout)

        run("apply", "--auto-approve")
        Cloud(address).advance(3600)
        shown = run("metrics", "instance.web", "--svg", "use.svg")
        found = json.loads(run("metrics", "instance.web", "--json"))
    assert [item["metric"] for item in found["series"] if item["gpu"] is None] == METRICS
    assert shown.startswith("instance.web, percent from 20")
    picture = ET.fromstring((tmp_path / "use.svg").read_text())  # noqa: S314 -- our own
    assert len(picture.findall("{http://www.w3.org/2000/svg}polyline")) == 5
