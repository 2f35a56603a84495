"""The guard of the readers notices what data must never cause."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import click
import pytest
from guarding import NEVER_READ, PAYLOAD, guarded

from novita_infra.cli.lazy import LazyGroup
from novita_infra.manifests.language.expressions import evaluate
from novita_infra.manifests.language.scope import DeclaredResources, Scope


def loop() -> None:
    while True:
        pass


def again(folder: Path) -> None:
    """Evaluates a value."""
    scope = Scope({"note": PAYLOAD}, {}, DeclaredResources(attributes={}), folder=folder)
    evaluate(evaluate("${var.note}", scope).value, scope)


@pytest.mark.parametrize(
    ("work", "offence"),
    [
        (lambda _: Path("/etc/passwd").read_bytes(), "open of /etc/passwd"),
        (lambda folder: [*folder.parent.iterdir()], "os.listdir of "),
        (lambda folder: (folder / "link").read_bytes(), "open of /etc/passwd"),
        (again, f"/{NEVER_READ}"),
        (lambda _: eval("1 + 1"), "exec of <string>"),  # noqa: S307
        (lambda _: compile("1", "data", "eval"), "compile of data"),
        (lambda _: subprocess.run([sys.executable, "-c", ""], check=True), "subprocess.Popen "),
        (lambda _: loop(), "takes too long: "),
    ],
)
def test_each_offence_is_noticed(work: Callable[[Path], object], offence: str, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(AssertionError, match=offence), guarded(tmp_path, seconds=0.2):
        work(tmp_path)


@pytest.mark.parametrize("module", ["this", "novita_infra.none_of_ours"])
def test_an_import_by_a_name_from_data_is_noticed(module: str, tmp_path: Path) -> None:
    group = LazyGroup(table={"Section": {"word": (f"{module}:name", "help")}})
    with pytest.raises(AssertionError, match=f"imports {module}"), guarded(tmp_path), suppress(Exception):
        group.get_command(click.Context(group), "word")


def test_what_a_reader_needs_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    with guarded(tmp_path):
        assert (tmp_path / "a").read_text() == "x"
        assert evaluate('${file("a")}', Scope({}, {}, DeclaredResources(attributes={}), folder=tmp_path)).value == "x"
