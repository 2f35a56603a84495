"""Addresses of ports of other machines: known once they are, and never waited for where the port does not exist."""

from __future__ import annotations

from pathlib import Path

from rig import Rig

MACHINE = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04", "cluster": "us-dallas-nas-2"}
READER = {**MACHINE, "env": {"QUEUE": 'redis://${instance.a.endpoints["6379/tcp"]}'}}


def findings(rig: Rig) -> list[str]:
    return [str(item.diagnostic) for item in rig.plan().findings]


def test_a_port_that_an_unchanged_machine_does_not_have_is_an_error_of_the_plan(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(("Instance", "a", MACHINE))
    rig.apply()
    rig.declare(("Instance", "a", MACHINE), ("Instance", "b", READER))
    (message,) = findings(rig)
    assert message.endswith('env: instance.a.endpoints has no "6379/tcp"; it has none')


def test_a_port_that_somebody_opened_by_hand_is_found(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(("Instance", "a", MACHINE))
    rig.apply()
    live = rig.world.instances.get(rig.record("instance.a").id)
    assert live is not None
    live.ports = [{"port": 6379, "type": "tcp"}]
    rig.world.instances.touch(live)
    rig.declare(("Instance", "a", MACHINE), ("Instance", "b", READER))
    assert findings(rig) == []
    rig.apply()
    rig.assert_converged()
