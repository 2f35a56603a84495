"""Environments that differ in more than values: resources of their own, merged mounts, and what they extend."""

from __future__ import annotations

from pathlib import Path

from rig import Rig

PROJECT = """\
apiVersion: novita-infra/v1
kind: Project
metadata: {name: rig}
environments:
  dev: {}
  prod:
    include: [envs/prod]
    patches:
      - target: instance.trainer
        spec:
          networkStorages:
            - {mountPath: /scratch, $patch: delete}
            - {mountPath: /models, storage: models}
  prod-large:
    extends: prod
    patches: [{target: network_storage.models, spec: {sizeGb: 40}}]
"""
FLEET = """\
apiVersion: novita-infra/v1
kind: NetworkStorage
metadata: {name: data}
spec: {cluster: us-dallas-nas-2, sizeGb: 10}
---
apiVersion: novita-infra/v1
kind: Instance
metadata: {name: trainer}
spec:
  product: {gpu: RTX 4090}
  cluster: us-dallas-nas-2
  image: ubuntu:22.04
  networkStorages:
    - {storage: data, mountPath: /data}
    - {storage: data, mountPath: /scratch}
"""
MODELS = """\
apiVersion: novita-infra/v1
kind: NetworkStorage
metadata: {name: models}
spec: {cluster: us-dallas-nas-2, sizeGb: 20}
"""


def rig_in(folder: Path, environment: str) -> Rig:
    rig = Rig(folder, environ={})
    rig.write("novita-infra.yaml", PROJECT)
    rig.write("main.yaml", FLEET)
    rig.write("envs/prod/storage.yaml", MODELS)
    rig.environment = environment
    return rig


def test_an_environment_brings_up_its_own_resources_and_merged_mounts(tmp_path: Path) -> None:
    rig = rig_in(tmp_path, "prod-large")
    rig.apply()
    rig.assert_converged()
    assert sorted(map(str, rig.state().records)) == [
        "instance.trainer",
        "network_storage.data",
        "network_storage.models",
    ]
    spec = rig.record("instance.trainer").spec
    listed = spec["networkStorages"]
    assert isinstance(listed, list)
    mounts = {mount["mountPath"]: mount["storage"] for mount in listed if isinstance(mount, dict)}
    assert mounts == {
        "/data": rig.record("network_storage.data").id,
        "/models": rig.record("network_storage.models").id,
    }
    assert rig.record("network_storage.models").spec["sizeGb"] == 40
    assert "$patch" not in (tmp_path / "state/prod-large.json").read_text()


def test_resources_that_an_environment_no_longer_names_are_deleted_there(tmp_path: Path) -> None:
    rig = rig_in(tmp_path, "prod")
    rig.apply()
    moved = PROJECT.replace("    include: [envs/prod]\n", "").replace("dev: {}", "dev: {include: [envs/prod]}")
    rig.write("novita-infra.yaml", moved.replace("            - {mountPath: /models, storage: models}\n", ""))
    actions = {str(change.address): (change.action.value, change.why) for change in rig.plan().plan.changes}
    assert actions["network_storage.models"] == ("delete", "envs/prod/storage.yaml is read in other environments only")
