"""An apply that is interrupted by a signal notifies all the same, and ends as it would without."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from receivers import receiver

import novita_infra

pytestmark = pytest.mark.process

HERE = str(Path(novita_infra.__file__).parents[1])
KEY = f"whsec_{base64.b64encode(b'k' * 32).decode()}"
PROJECT = """\
apiVersion: novita-infra/v1
kind: Project
metadata: {name: small}
notifications:
  - events: [failure]
    webhook: {url: {fromEnv: HOOK_URL}, secret: {fromEnv: HOOK_KEY}}
"""
MACHINE = """\
apiVersion: novita-infra/v1
kind: Instance
metadata: {name: trainer}
spec: {product: {gpu: RTX 4090}, image: "docker.io/library/ubuntu:24.04", rootDiskGb: 20}
"""


def test_interrupted_apply_notifies_after_it_has_stopped(tmp_path: Path) -> None:
    (tmp_path / "novita-infra.yaml").write_text(PROJECT)
    (tmp_path / "fleet.yaml").write_text(MACHINE)
    with receiver() as hook:
        environment = {**os.environ, "PYTHONPATH": HERE, "HOOK_URL": hook.address, "HOOK_KEY": KEY}
        environment.pop("NOVITA_API_KEY", None)
        command = [sys.executable, "-m", "novita_infra", "apply", "--sim", "--auto-approve"]
        with subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            for line in process.stderr:
                if line.startswith("start"):
                    process.send_signal(signal.SIGTERM)  # SIGINT has the same handler
                    break
            process.stderr.read()
            assert process.wait(30) == 130
        (message,) = hook.messages
    document = json.loads(message.body)
    assert (document["event"], document["outcome"], document["command"]) == ("failure", "interrupted", "apply")
