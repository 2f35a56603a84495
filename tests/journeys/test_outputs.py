"""Outputs of an object are kept as long as they hold, and no longer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rig import Rig

from novita_infra.simulator.world.cloud import instances

MACHINE: dict[str, Any] = {
    "product": {"gpu": "RTX 4090"},
    "image": "ubuntu:22.04",
    "cluster": "us-dallas-nas-2",
    "ports": ["80/http", "8888/http"],
}


def up(folder: Path, outputs: dict[str, str], **machine: Any) -> Rig:
    """A machine that is there, in a project with these outputs."""
    rig = Rig(folder, environ={})
    rig.write(
        "novita-infra.yaml",
        {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "rig"}, "outputs": outputs},
    )
    rig.declare(("Instance", "m", {**MACHINE, **machine}))
    rig.apply()
    return rig


def test_the_address_of_a_port_goes_with_the_port(tmp_path: Path) -> None:
    rig = up(tmp_path, {"url": "${instance.m.url}"})
    first = rig.state().outputs["url"]
    assert "-80." in first

    rig.declare(("Instance", "m", {**MACHINE, "ports": ["8888/http"]}))
    rig.apply()
    assert "-8888." in rig.state().outputs["url"]
    rig.declare(("Instance", "m", {**MACHINE, "ports": ["22/tcp"]}))
    rig.apply()

    assert rig.state().outputs["url"] is None
    assert "url" not in rig.record("instance.m").outputs
    assert not any(port.endswith("/http") for port in rig.record("instance.m").outputs.get("endpoints", {}))
    assert rig.plan().empty


def test_the_output_of_a_removed_port_is_dropped(tmp_path: Path) -> None:
    rig = up(tmp_path, {"url": "${instance.m.url}"}, ports=["80/http"])
    rig.declare(("Instance", "m", {name: value for name, value in MACHINE.items() if name != "ports"}))
    instances.edit(rig.world, rig.record("instance.m").id, ports=[], grow=0)

    rig.apply()

    assert rig.state().outputs["url"] is None
    assert "url" not in rig.record("instance.m").outputs


def test_a_machine_that_is_stopped_has_no_ssh_command(tmp_path: Path) -> None:
    rig = up(tmp_path, {"ssh": "${instance.m.sshCommand}"})
    assert rig.state().outputs["ssh"].startswith("ssh ")

    rig.declare(("Instance", "m", {**MACHINE, "power": "stopped"}))
    rig.apply()
    assert rig.state().outputs["ssh"] is None
    assert "sshCommand" not in rig.record("instance.m").outputs
    assert rig.plan().empty

    rig.declare(("Instance", "m", {**MACHINE, "power": "running"}))
    rig.apply()
    assert rig.state().outputs["ssh"].startswith("ssh ")
