"""Which files of a folder are manifests, and why one is not."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from novita_infra.manifests.project.discovery import find, why_unread
from novita_infra.model.diagnostics import Problems

JSON = '{"apiVersion": "novita-infra/v1", "kind": "VPC"}'


def write(root: Path, *names: str, text: str = "a: 1\n") -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def manifests(root: Path) -> list[str]:
    found = find(root)
    assert found.diagnostics == []
    return found.manifests


def test_a_linked_folder_is_read_under_the_name_of_the_link(tmp_path: Path) -> None:
    write(tmp_path, "common/net/n.yaml", "common/net/deep/m.yaml", "project/novita-infra.yaml", "project/a.yaml")
    (tmp_path / "project" / "net").symlink_to("../common/net")
    assert manifests(tmp_path / "project") == ["a.yaml", "net/deep/m.yaml", "net/n.yaml"]


def test_a_folder_with_several_names_is_read_once_under_its_own(tmp_path: Path) -> None:
    write(tmp_path, "z/n.yaml")
    (tmp_path / "a").symlink_to("z")
    (tmp_path / "b").symlink_to("z")
    assert manifests(tmp_path) == ["z/n.yaml"]


def test_links_among_folders_in_a_circle_end(tmp_path: Path) -> None:
    outside = [tmp_path / "outside" / str(number) for number in range(8)]
    write(tmp_path, *(f"outside/{number}/n{number}.yaml" for number in range(8)))
    for one in outside:
        for number, other in enumerate(outside):
            (one / f"to-{number}").symlink_to(other)
    root = tmp_path / "project"
    root.mkdir()
    (root / "all").symlink_to(outside[0])
    assert sorted(Path(name).name for name in manifests(root)) == [f"n{number}.yaml" for number in range(8)]


def test_the_state_folder_is_not_read_under_another_name(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", "state/s.yaml")
    (tmp_path / "other").symlink_to("state")
    assert manifests(tmp_path) == ["a.yaml"]


def test_suffixes_are_known_in_any_case(tmp_path: Path) -> None:
    write(tmp_path, "a.YAML", "b.Yml", "c.yaml")
    assert manifests(tmp_path) == ["a.YAML", "b.Yml", "c.yaml"]


def test_a_json_file_is_a_manifest_if_it_says_so(tmp_path: Path) -> None:
    write(tmp_path, "vpc.json", "VPC.JSON", text=JSON)
    write(tmp_path, "package.json", text='{"name": "novita-infra"}')
    write(tmp_path, "prod.vars.json", ".hidden.json", text=JSON)
    assert manifests(tmp_path) == ["VPC.JSON", "vpc.json"]


@pytest.mark.parametrize(
    ("pattern", "left_out"),
    [
        ("compose.yml", {"compose.yml", "charts/compose.yml"}),
        ("/compose.yml", {"compose.yml"}),
        ("./compose.yml", {"compose.yml"}),
        ("charts/", {"charts/a.yaml", "charts/compose.yml", "deep/charts/b.yaml"}),
        ("charts", {"charts/a.yaml", "charts/compose.yml", "deep/charts/b.yaml"}),
        ("/charts", {"charts/a.yaml", "charts/compose.yml"}),
        ("deep/charts", {"deep/charts/b.yaml"}),
        ("*.yml", {"compose.yml", "charts/compose.yml"}),
        ("charts/*.yaml", {"charts/a.yaml"}),
        ("chart", set()),
        ("[a].yaml", set()),
    ],
)
def test_patterns_of_ignore_leave_files_out(tmp_path: Path, pattern: str, left_out: set[str]) -> None:
    names = {"a.yaml", "compose.yml", "charts/a.yaml", "charts/compose.yml", "deep/charts/b.yaml"}
    write(tmp_path, *names)
    found = find(tmp_path)
    found.leave_out([pattern])
    assert set(found.ignored) == left_out
    assert set(found.manifests) == names - left_out


def test_what_is_to_be_said_about_an_ignored_link_is_not_said(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", "other/b.yaml")
    (tmp_path / "other" / "loop").symlink_to("loop")
    found = find(tmp_path)
    assert len(found.diagnostics) == 1
    found.leave_out(["other/"])
    assert found.diagnostics == []


def test_a_link_to_itself_is_reported_with_its_name(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    messages = [str(item) for item in find(tmp_path).diagnostics]
    assert [message.partition(": ")[0] for message in messages] == ["loop:1:1", "loop.yaml:1:1"]
    assert all("the link cannot be followed: Too many levels of symbolic links" in message for message in messages)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("gone.yaml", None),
        ("gone/n.yaml", None),
        ("nested/deep/n.yaml", "the folder nested is a project of its own"),
        ("dangling/n.yaml", "the link dangling points to nothing"),
        ("dangling.yaml", "the file is not read as a manifest"),
        ("plain/n.yaml", "the file is not read as a manifest"),
        ("left/out/n.yaml", "ignore: in novita-infra.yaml leaves it out"),
    ],
)
def test_a_manifest_that_is_not_read_has_a_reason(tmp_path: Path, name: str, reason: str | None) -> None:
    write(tmp_path, "nested/novita-infra.yaml", "nested/deep/n.yaml", "plain/n.yaml", "left/out/n.yaml")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "dangling.yaml").symlink_to("nowhere")
    found = find(tmp_path)
    found.leave_out(["left/"])
    assert why_unread(found, name) == reason


def _link_to_nothing(file: Path) -> None:
    file.symlink_to("../shared/gone.yaml")


def _link_to_itself(file: Path) -> None:
    file.symlink_to(file.name)


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, _link_to_nothing, _link_to_itself])
@pytest.mark.parametrize("inner", ["", "net"])
def test_a_project_file_that_is_no_file_is_not_passed_over(
    make: Callable[[Path], None], inner: str, tmp_path: Path
) -> None:
    write(tmp_path, "net/a.yaml")
    make(tmp_path / "novita-infra.yaml")
    with pytest.raises(
        Problems, match=r"novita-infra\.yaml is (no file|a link that leads to no file); mend or remove it"
    ):
        find(tmp_path / inner)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_folder_is_reported(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", "net/n.yaml")
    (tmp_path / "net").chmod(0)
    (message,) = map(str, find(tmp_path).diagnostics)
    (tmp_path / "net").chmod(0o700)
    assert message == "net:1:1: the folder cannot be read: Permission denied"
