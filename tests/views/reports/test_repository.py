"""Files are named from the top of the repository, wherever the command runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from novita_infra.model.addresses import Origin
from novita_infra.views.reports.repository import RepositoryPaths


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in a folder of a repository."""
    folder = tmp_path / "work" / "infra"
    folder.mkdir(parents=True)
    (tmp_path / "work" / ".git").write_text("gitdir: elsewhere\n")  # as in a worktree
    (folder / "novita-infra.yaml").write_text("apiVersion: novita-infra/v1\nkind: Project\nmetadata: {name: small}\n")
    (folder / "net").mkdir()
    (folder / "net" / "vpc.yaml").write_text("")
    (tmp_path / "elsewhere.yaml").write_text("")
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("where", [".", "..", "net"])
def test_a_file_in_the_repository_is_named_from_its_top(
    project: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    folder = (project / where).resolve()
    monkeypatch.chdir(folder)
    paths = RepositoryPaths(Path("infra") if where == ".." else Path())
    assert paths.place(Origin("net/vpc.yaml", 3, 4)) == Origin("infra/net/vpc.yaml", 3, 4)
    assert paths.project_file == "infra/novita-infra.yaml"


def test_a_file_elsewhere_is_named_in_full_and_one_that_does_not_exist_from_the_current_folder(project: Path) -> None:
    paths = RepositoryPaths(Path())
    outside = project.parents[1] / "elsewhere.yaml"
    assert paths.path("../../elsewhere.yaml") == outside.resolve().as_posix()
    assert paths.path(str(outside)) == outside.resolve().as_posix()
    assert paths.path("gone.vars.yaml") == "infra/gone.vars.yaml"


def test_without_a_repository_the_current_folder_is_the_top(project: Path) -> None:
    (project.parent / ".git").unlink()
    assert RepositoryPaths(Path()).path("net/vpc.yaml") == "net/vpc.yaml"
