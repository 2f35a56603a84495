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
from typing import Any

import pytest
from readers import NO_INPUT, READERS, Reader, make_project

from novita_infra.api.errors import ApiError
from novita_infra.model.diagnostics import Problems
from novita_infra.simulator import AccountInUse, BadScenario, UnknownFormat

PACKAGE = Path(__file__).parents[2] / "novita_infra"
REPORTED = (Problems, ApiError, UnknownFormat, AccountInUse, BadScenario)
"""What the callers of a reader turn into a message."""
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
    driven = {name for reader in READERS for name in reader.covers}
    assert readers_of_the_package() == driven | NO_INPUT.keys()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An applied project; no setting of the caller gets through."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("NOVITA")]:
            patch.delenv(name)
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield make_project(tmp_path_factory.mktemp("project"))


def drive(reader: Reader, project: Path, folder: Path, *, seed: int, times: int = 1) -> None:
    """Reads the damaged inputs, each in a whole copy of the project."""
    random = Random(f"{reader.name} {seed}")
    sample = reader.sample or (project / reader.file).read_bytes()
    copy = folder / "copy"
    file = copy / reader.file
    whole: set[Any] = set()
    for damage in reader.damages:
        for place, data in damage(sample, random, reader.count * times):
            if not whole or _files(copy, but=file) != whole:  # what was read before this wrote into the copy
                shutil.rmtree(copy, ignore_errors=True)
                shutil.copytree(project, copy)
                whole = _files(copy, but=file)
            file.write_bytes(data)
            try:
                reader.read(copy, file)
            except REPORTED:
                continue
            except BaseException as error:
                error.add_note(f"{reader.name}, damaged at {place}: {data[:400]!r}")
                raise


def _files(folder: Path, *, but: Path) -> set[Any]:
    """Every other file of the folder, by what changes with each write."""
    others = (Path(at, name) for at, _, names in os.walk(folder) for name in names)
    return {
        (path, found.st_ino, found.st_mtime_ns, found.st_size)
        for path in others
        if path != but and (found := path.lstat())
    }


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_a_damaged_input_ends_in_a_message(reader: Reader, project: Path, tmp_path: Path) -> None:
    drive(reader, project, tmp_path, seed=0)


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
    drive(reader, project, tmp_path, seed=1, times=10)
