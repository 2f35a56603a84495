"""Gives a reader inputs, each in a whole copy of a project, and watches what the package does meanwhile."""

from __future__ import annotations

import ast
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
import yaml
from guarding import PAYLOAD, guarded
from readers import Damage, Reader, make_project

from novita_infra.api.errors import ApiError
from novita_infra.model.diagnostics import Problems
from novita_infra.simulator import AccountInUse, BadScenario, UnknownFormat

REPORTED: Final = (Problems, ApiError, UnknownFormat, AccountInUse, BadScenario)
"""What the callers of a reader turn into a message."""
READING: Final = {"NOVITA_INFRA_VAR_note": PAYLOAD, "NOTE": PAYLOAD}
"""The environment of the project: its values are expressions, which nobody may evaluate."""
INPUTS: Final = Path(__file__).parents[1] / "fuzzing" / "inputs"
"""A file for each reader: every line is the literal of an input."""


class Copy:
    """A copy of a project, in which the file of a reader is written again and again."""

    def __init__(self, reader: Reader, project: Path, folder: Path) -> None:
        """`folder` is where the copy is made; it does not exist yet."""
        self.reader = reader
        self._project = project
        self._folder = folder
        self._file = folder / reader.file
        self._whole: set[Any] = set()
        self.sample = reader.sample or (project / reader.file).read_bytes()
        """The sound input."""
        self._write(self.sample)
        self._read()  # what it imports lazily is imported now

    def read(self, data: bytes) -> None:
        """Reads the input. Fails for every error that no caller reports, and for what data must never cause."""
        self._write(data)
        with guarded(self._folder, Path(os.environ["XDG_CACHE_HOME"])):
            self._read()

    def _read(self) -> None:
        with suppress(*REPORTED):
            self.reader.read(self._folder, self._file)

    def _write(self, data: bytes) -> None:
        """Writes the file, and makes the copy again if what was read before wrote into it."""
        if not self._whole or self._files() != self._whole:
            shutil.rmtree(self._folder, ignore_errors=True)
            shutil.copytree(self._project, self._folder)
            self._whole = self._files()
        self._file.write_bytes(data)

    def _files(self) -> set[Any]:
        """Every other file of the folder, by what changes with each write."""
        others = (Path(at, name) for at, _, names in os.walk(self._folder) for name in names)
        return {
            (path, found.st_ino, found.st_mtime_ns, found.st_size)
            for path in others
            if path != self._file and (found := path.lstat())
        }


@contextmanager
def applied_project(factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An applied project with all files that a project can have; no setting of the caller gets through."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("NOVITA")]:
            patch.delenv(name)
        for name, text in READING.items():
            patch.setenv(name, text)
        patch.setenv("XDG_CACHE_HOME", str(factory.mktemp("cache")))
        yield make_project(factory.mktemp("project"))


def drive(copy: Copy, random: Random, inputs: Iterable[bytes], *, times: int = 1) -> None:
    """Reads the inputs with each kind of damage, `times` as often as the reader says."""
    for sound in inputs:
        for damage in copy.reader.damages:
            for place, data in damaged(damage, sound, random, copy.reader.count * times):
                try:
                    copy.read(data)
                except BaseException as error:
                    error.add_note(f"{copy.reader.name}, damaged at {place}: {data!r:.800}")
                    raise


def damaged(damage: Damage, sound: bytes, random: Random, count: int) -> list[tuple[str, bytes]]:
    """The damaged inputs, each with its place; none if the input has not the structure for this damage."""
    try:
        return [*damage(sound, random, count)]
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError, yaml.YAMLError):
        return []


def kept_inputs(reader: Reader) -> list[bytes]:
    """The inputs that broke the reader once, or reached a part of it that no other reaches."""
    file = INPUTS / f"{reader.file_name}.txt"
    lines = file.read_text(encoding="ascii").splitlines() if file.exists() else []
    return [ast.literal_eval(line) for line in lines]


def keep_input(reader: Reader, data: bytes) -> None:
    """Adds an input, unless it is kept already."""
    if data not in kept_inputs(reader):
        with (INPUTS / f"{reader.file_name}.txt").open("a", encoding="ascii") as file:
            file.write(f"{data!r}\n")
