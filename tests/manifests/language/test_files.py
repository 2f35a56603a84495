"""The function `file`: it reads texts of the project's folder, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from novita_infra.manifests.language.expressions import evaluate
from novita_infra.manifests.language.scope import DeclaredResources, Scope


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "inner").mkdir(parents=True)
    (root / "a.txt").write_text("${var.x} é", encoding="utf-8")
    (root / "inner/b").write_text("b", encoding="utf-8")
    (root / "big").write_bytes(b"a" * (1 << 18) + b"b")
    (root / "binary").write_bytes(b"\xff")
    (tmp_path / "outside").write_text("hush", encoding="utf-8")
    (root / "inside").symlink_to("inner/b")
    (root / "out").symlink_to("../outside")
    (root / "around").symlink_to("..")
    (root / "circle").symlink_to("circle")
    os.mkfifo(root / "pipe")
    return root


def read(folder: Path, path: str) -> object:
    found = evaluate(f"${{file({path!r})}}", Scope({}, {}, DeclaredResources(attributes={}), folder=folder))
    assert "hush" not in str(found)
    return found.errors[0].summary if found.errors else found.value


@pytest.mark.parametrize(
    ("path", "text"), [("a.txt", "${var.x} é"), ("inner/b", "b"), ("./inner//b", "b"), ("inside", "b")]
)
def test_a_text_of_the_project_is_read_and_not_evaluated(folder: Path, path: str, text: str) -> None:
    assert read(folder, path) == text


@pytest.mark.parametrize(
    ("path", "summary"),
    [
        ("../outside", "this is no path inside of the project's folder"),
        ("inner/../../outside", "this is no path inside of the project's folder"),
        ("inner/../a.txt", "this is no path inside of the project's folder"),
        ("/etc/passwd", "this is no path inside of the project's folder"),
        ("", "this is no path inside of the project's folder"),
        ("a\x00b", "this is no path inside of the project's folder"),
        ("out", "the file is a link out of the project's folder"),
        ("around/outside", "the file is a link out of the project's folder"),
        ("circle", "its links run in a circle"),
        ("pipe", "it is no file"),
        ("inner", "it is no file"),
        ("a.txt/b", "the file cannot be read: Not a directory"),
        ("none", "there is no such file"),
        ("big", "the file is larger than 262,144 bytes"),
        ("binary", "the file is not UTF-8 text"),
        ("n" * 300, "the file cannot be read: File name too long"),
    ],
)
def test_nothing_else_is_read(folder: Path, path: str, summary: str) -> None:
    assert summary in str(read(folder, path))
