"""Wherever a run is killed, its log is whole afterwards, and has each call that was noted on disk once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from audit_logs import names, noted_run
from folder_objects import FolderObjects

from novita_infra.state.backends.local.disk import Disk
from novita_infra.state.backends.local.files import LocalFiles
from novita_infra.state.guarded import GuardedBackend, GuardedStore
from novita_infra.state.objects.objects import ObjectChange
from novita_infra.state.objects.place import ObjectPlace
from novita_infra.state.state import new_state

FIRST = new_state("training", "dev")


class Stopped(Exception):
    """The writer was killed here."""


class Killer:
    """Kills the writer before one of its calls."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self, _: object = None) -> None:
        if self.left == 0:
            raise Stopped
        self.left -= 1


class MortalDisk(Disk):
    """A disk whose writer is killed: before a write, or in the middle of it."""

    def __init__(self, killer: Killer, *, torn: bool) -> None:
        self._killer = killer
        self._torn = torn

    def write(self, file: int, data: bytes) -> None:
        try:
            self._killer()
        except Stopped:
            if self._torn:
                super().write(file, data[: len(data) // 2])
            raise
        super().write(file, data)

    def fsync(self, file: int) -> None:
        del file

    def replace(self, source: Path, target: Path) -> None:
        self._killer()
        super().replace(source, target)

    def remove(self, path: Path) -> None:
        self._killer()
        super().remove(path)


def local(folder: Path, killer: Killer, torn: bool) -> GuardedStore:
    return GuardedStore(LocalFiles(folder / "dev.json", disk=MortalDisk(killer, torn=torn)), lambda: FIRST)


def objects(folder: Path, killer: Killer, torn: bool) -> GuardedStore:
    del torn

    def before(_: ObjectChange) -> None:
        killer()

    return GuardedBackend(ObjectPlace(FolderObjects(folder, atomic=False, before=before))).store("dev")


@pytest.mark.parametrize(("place", "torn"), [(local, False), (local, True), (objects, False)])
def test_a_run_killed_at_any_write_leaves_a_log_that_heals(
    place: Callable[[Path, Killer, bool], GuardedStore], torn: bool
) -> None:
    stop, died = 0, True
    while died:
        with TemporaryDirectory() as name:
            folder, known = Path(name), ["/0"]
            noted_run(place(folder, Killer(10**6), torn), "/0")
            for again in (stop, stop // 2):
                died = False
                try:
                    noted_run(place(folder, Killer(again), torn), f"/{again}.1", f"/{again}.2")
                except Stopped:
                    died = True
                found = names(place(folder, Killer(10**6), torn))
                assert found[: len(known)] == known
                assert found[len(known) :] == [f"/{again}.1", f"/{again}.2"][: len(found) - len(known)]
                assert died or len(found) == len(known) + 2
                known = found
            noted_run(place(folder, Killer(10**6), torn), "/last")
            assert names(place(folder, Killer(10**6), torn)) == [*known, "/last"]
        stop += 1
