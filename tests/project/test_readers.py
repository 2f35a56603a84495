"""Whatever stands in a file or an answer ends in a message. No reader is forgotten."""

from __future__ import annotations

import ast
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from draws import draws
from driving import REPORTED, Copy, applied_project, drive
from readers import DRIVEN, NO_INPUT, READERS, Reader

PACKAGE = Path(__file__).parents[2] / "novita_infra"
_READING = {
    "read_bytes",
    "read_text",
    "read_file",
    "read_stream",
    "parse_json",
    "parse_foreign_json",
    "read_json",
    "read_unicode_json",
}
_OF_MODULES = {"json.loads", "json.load", "os.read", "os.pread", "sqlite3.connect", "yaml.load", "pickle.loads"}
_WORD = re.compile("|".join(map(re.escape, sorted(_READING | _OF_MODULES))))


def readers_of_the_package() -> set[str]:
    """Each function that reads bytes or texts of a file or an answer, as `module:function`."""
    found: set[str] = set()

    def visit(node: ast.AST, module: str, where: tuple[str, ...]) -> None:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            where = (*where, node.name)
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in _OF_MODULES or name.rpartition(".")[2] in _READING:
                found.add(f"{module}:{'.'.join(where)}")
        for child in ast.iter_child_nodes(node):
            visit(child, module, where)

    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if _WORD.search(text):  # to parse all modules takes a second
            visit(ast.parse(text), path.relative_to(PACKAGE).with_suffix("").as_posix(), ())
    return found


def test_every_function_that_reads_is_driven_with_damage_or_says_why_not() -> None:
    assert readers_of_the_package() == DRIVEN.keys() | NO_INPUT.keys()
    assert set(DRIVEN.values()) <= {reader.name for reader in READERS}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An applied project."""
    with applied_project(tmp_path_factory) as folder:
        yield folder


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_a_damaged_input_ends_in_a_message(reader: Reader, project: Path, tmp_path: Path) -> None:
    copy = Copy(reader, project, tmp_path / "copy")
    drive(copy, Random(f"{reader.name} 0"), [copy.sample])


OF_THE_PROJECT = [reader for reader in READERS if reader.file != "input"]


@pytest.mark.parametrize("reader", OF_THE_PROJECT, ids=lambda reader: reader.name)
def test_a_file_of_gigabytes_and_a_link_to_itself_end_in_a_message(
    reader: Reader, project: Path, tmp_path: Path
) -> None:
    for damage in (_enlarge, _link_to_itself):
        copy = tmp_path / damage.__name__
        shutil.copytree(project, copy)
        damage(copy / reader.file)
        with suppress(*REPORTED, OSError):  # the command reports an OSError by the name of the file
            reader.read(copy, copy / reader.file)


def _enlarge(file: Path) -> None:
    os.truncate(file, 3 << 30)  # sparse: it takes no room, but reading it takes seconds and memory


def _link_to_itself(file: Path) -> None:
    file.unlink()
    file.symlink_to(file)


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_much_damage_ends_in_messages_too(reader: Reader, project: Path, tmp_path: Path) -> None:
    copy = Copy(reader, project, tmp_path / "copy")
    drive(copy, Random(f"{reader.name} 1"), [copy.sample], times=draws(5))
