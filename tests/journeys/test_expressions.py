"""Values that are computed from other resources: known after apply, then the same in every plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rig import Rig

from novita_infra.model.values import Computation, Secret, is_known
from novita_infra.simulator.world.cloud import instances

MACHINE: dict[str, Any] = {
    "product": {"gpu": "RTX 4090"},
    "image": "ubuntu:22.04",
    "cluster": "us-dallas-nas-2",
    "ports": ["22/tcp"],
}
WORKER: dict[str, Any] = {
    **MACHINE,
    "image": "${instance.head.image}",
    "gpuCount": "${instance.head.gpuCount / 2}",
    "env": {
        "HOST": "${split(':', instance.head.endpoints[\"22/tcp\"])[0]}",
        "SAME": "${instance.head.sshHost == split(':', instance.head.endpoints[\"22/tcp\"])[0] ? 'yes' : 'no'}",
        "LOGIN": "${upper(env.TOKEN)}@${instance.head.sshPort}",
        "URL": "${default(instance.head.url, 'none')}",
        "PORT": "${instance.head.sshPort}",
        "NEXT": "${instance.head.sshPort + 1}",
        "GPUS": "${instance.head.gpuCount * 2}",
        "LENGTH": "${length(env.TOKEN)}",
    },
}
NONE = "${upper(instance.head.sshPort)}"
OUTPUTS = {"port": "${instance.head.sshPort + 0}", "nothing": "${default(instance.head.url, null)}"}


def test_computations_over_a_new_object_are_known_after_apply_and_remain(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={"TOKEN": "hush-hush"})
    project = {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "rig"}, "outputs": OUTPUTS}
    rig.write("novita-infra.yaml", project)
    rig.declare(("Instance", "head", {**MACHINE, "gpuCount": 4}), ("Instance", "worker", WORKER))

    plan = rig.plan()
    (change,) = (item for item in plan.plan.changes if item.address.name == "worker")
    assert (change.after["image"], change.after["gpuCount"]) == ("ubuntu:22.04", 2)
    assert [str(item) for item in change.needs] == ["instance.head"]
    assert isinstance(change.after["env"]["LOGIN"], Computation)
    known = {name: value for name, value in change.after["env"].items() if is_known(value)}
    assert known == {"GPUS": "8", "LENGTH": known["LENGTH"]}
    assert isinstance(known["LENGTH"], Secret)

    rig.apply()
    head, worker = rig.record("instance.head"), rig.record("instance.worker")
    host, _, port = head.outputs["endpoints"]["22/tcp"].partition(":")
    env = {item["key"]: item["value"] for item in instances.instance_of(rig.world, worker.id).envs}
    computed = {"HOST": host, "SAME": "yes", "LOGIN": f"HUSH-HUSH@{port}", "URL": "none"}
    computed |= {"PORT": port, "NEXT": str(int(port) + 1), "GPUS": "8", "LENGTH": "9"}
    assert {name: env[name] for name in computed} == computed
    assert rig.state().outputs == {"port": int(port), "nothing": None}
    assert "hush" not in repr(worker).lower()
    assert rig.plan().empty

    rig.write("novita-infra.yaml", {**project, "outputs": {"no": "${instance.head.sshHost + 1}"}})
    (problem,) = rig.plan().problems
    assert problem.summary == 'the output "no" cannot be computed: a text and a number cannot be added'
    rig.write("novita-infra.yaml", project)
    rig.declare(("Instance", "head", {**MACHINE, "gpuCount": 4}), ("Instance", "worker", {**WORKER, "command": NONE}))
    (problem,) = rig.plan().problems
    assert (problem.summary, problem.address) == (
        "command: upper wants a text as argument 1, not a number",
        "instance.worker",
    )


def test_numbers_in_a_whole_map_become_text_where_texts_are_wanted(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    project = {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "rig"}}
    shared = {"A": "${1 + 1}", "PORT": "${instance.head.sshPort}", "B": "x", "C": True}
    rig.write("novita-infra.yaml", {**project, "locals": {"shared": shared}})
    rig.declare(
        ("Instance", "head", MACHINE), ("Instance", "worker", {**MACHINE, "env": "${merge(local.shared, {'D': 4})}"})
    )
    rig.apply()
    port = str(rig.record("instance.head").outputs["sshPort"])
    worker = instances.instance_of(rig.world, rig.record("instance.worker").id)
    env = {item["key"]: item["value"] for item in worker.envs}
    assert {name: env[name] for name in "ABCD"} | {"PORT": env["PORT"]} == {
        "A": "2",
        "B": "x",
        "C": "true",
        "D": "4",
        "PORT": port,
    }
    assert rig.plan().empty
