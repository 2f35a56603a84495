"""A resource is not deleted because its manifest, which still exists, is not read any more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from rig import Rig

from novita_infra.model.diagnostics import EXIT_REFUSED, Problems

VPC = "apiVersion: novita-infra/v1\nkind: VPC\nmetadata: {name: n}\nspec: {cluster: us-dallas-nas-2}\n"
PROJECT = "apiVersion: novita-infra/v1\nkind: Project\nmetadata: {name: other}\n"


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    rig = Rig(tmp_path / "project")
    rig.declare()
    (rig.folder / "net").mkdir()
    (rig.folder / "net" / "n.yaml").write_text(VPC)
    rig.apply()
    return rig


def nested(folder: Path) -> None:
    (folder / "net" / "novita-infra.yaml").write_text(PROJECT)


def dangling(folder: Path) -> None:
    (folder / "net").rename(folder / "gone")
    (folder / "net").symlink_to("nowhere")
    (folder / "gone" / "n.yaml").unlink()


def renamed_as_variables(folder: Path) -> None:
    (folder / "net" / "n.yaml").rename(folder / "net" / "n.txt")
    (folder / "net" / "n.yaml").mkdir()


@pytest.mark.parametrize("change", [nested, dangling, renamed_as_variables])
def test_a_manifest_that_exists_and_is_not_read_deletes_nothing(rig: Rig, change: Callable[[Path], None]) -> None:
    change(rig.folder)
    for command in (rig.plan, rig.apply):
        with pytest.raises(Problems) as refused:
            command()
        (item,) = refused.value.diagnostics
        assert (item.address, refused.value.code) == ("vpc.n", EXIT_REFUSED)
        assert "its manifest net/n.yaml exists and is not read" in item.summary
        assert "state rm vpc.n" in item.hint
    rig.destroy()
    assert rig.live_ids() == []


def linked(folder: Path) -> None:
    (folder / "net").rename(folder.parent / "common")
    (folder / "net").symlink_to("../common")


def capital(folder: Path) -> None:
    (folder / "net" / "n.yaml").rename(folder / "net" / "n.YAML")


def as_json(folder: Path) -> None:
    (folder / "net" / "n.yaml").unlink()
    (folder / "net" / "n.json").write_text(
        '{"apiVersion": "novita-infra/v1", "kind": "VPC", "metadata": {"name": "n"}, '
        '"spec": {"cluster": "us-dallas-nas-2"}}'
    )


@pytest.mark.parametrize("change", [linked, capital, as_json])
def test_a_manifest_that_moved_within_reach_changes_nothing(rig: Rig, change: Callable[[Path], None]) -> None:
    change(rig.folder)
    assert rig.plan().empty


def test_a_removed_manifest_deletes_its_resource(rig: Rig) -> None:
    rig.declare(("NetworkStorage", "s", {"cluster": "us-dallas-nas-2", "sizeGb": 10}))
    (rig.folder / "net" / "n.yaml").unlink()
    rig.apply()
    assert [str(address) for address in rig.state().records] == ["network_storage.s"]
