"""The subject of a commit says what happened in which environment, and by whom."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from encrypted_states import encrypted
from folder_objects import FolderObjects
from state_values import A, B, write_changes

from novita_infra.model.records import Record
from novita_infra.state.backends.git.messages import commit_message
from novita_infra.state.encryption.settings import encryption_of
from novita_infra.state.encryption.storage import EncryptedBackend
from novita_infra.state.guarded import GuardedStore
from novita_infra.state.objects.layout import Segment
from novita_infra.state.objects.objects import ObjectChange, ObjectTraits
from novita_infra.state.objects.place import ObjectPlace
from novita_infra.state.process_identity import user_name
from novita_infra.state.state import LastRun, new_state

BY = f" by {user_name()}@{os.uname().nodename}"


class Subjects(FolderObjects):
    """Objects that note the subject of the commit of each write."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, atomic=True)
        self.subjects: list[str] = []

    def write(self, changes: Sequence[ObjectChange]) -> Sequence[str]:
        if all(change.key != "locks" for change in changes):
            self.subjects.append(commit_message(changes).partition("\n")[0])
        return super().write(changes)


def run_in(store: GuardedStore) -> None:
    """A run that changes two records, one of which it drops, and then a lock that is broken."""
    state = replace(store.load(), last_run=LastRun("apply", "ada", 1.0))
    with store.journal(state) as journal:
        asyncio.run(write_changes(journal, [Record(A, "i-1"), Record(B, "i-2")]))
        asyncio.run(write_changes(journal, [B]))
    store.save(replace(state, records={A: Record(A, "i-1")}))
    lock = store.try_lock("destroy")
    store.storage.break_lock()
    assert lock


def subjects_of(folder: Path, *, sealed: bool) -> list[str]:
    objects = Subjects(folder)
    place = ObjectPlace(objects, ObjectTraits(compressed=False))
    backend = EncryptedBackend(place, encryption_of(encrypted(folder).revealed())) if sealed else place
    run_in(GuardedStore(backend.storage("dev"), lambda: new_state("training", "dev")))
    return objects.subjects


def test_a_subject_names_serial_command_and_changes(tmp_path: Path) -> None:
    began, *changes, saved, broken = subjects_of(tmp_path, sealed=False)
    assert began == f"dev: state, apply, a run begins{BY}"
    assert [line for line in changes if "instance.b" in line][-1] == f"dev: instance.b gone{BY}"
    assert saved == f"dev: serial 4, apply{BY}"
    assert broken == f"dev: the lock was taken over{BY}"


def test_the_subject_of_an_encrypted_state_names_what_stands_in_clear(tmp_path: Path) -> None:
    began, *changes, saved, broken = subjects_of(tmp_path, sealed=True)
    assert began == f"dev: serial 0, a run begins{BY}"
    assert {line.partition(" change")[0] for line in changes} <= {"dev: 1", "dev: 2"}
    assert (saved, broken) == (f"dev: serial 4{BY}", f"dev: the lock was taken over{BY}")


def lines(*texts: str) -> ObjectChange:
    return ObjectChange("dev/journal/7/00000001", Segment("lines", "w", "".join(texts).encode()).text())


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        (['{"put": {"address": "vpc.a"}, "event": "created"}\n'] * 3, "vpc.a created, and 2 more"),
        (['{"drop": "vpc.a", "event": "destroyed"}\n'], "vpc.a destroyed"),
        (['{"put": {"address": "vpc.a\\n\\u001b[31m"}, "event": "x"}\n'], "vpc.a  [31m x"),
        ([f'{{"drop": "vpc.{"a" * 300}", "event": "x"}}\n'], f"vpc.{'a' * 95}…"),
        (["{\n", "[" * 100_000 + "\n"], "2 changes"),
        (['{"saw": "vpc", "ids": []}\n'], "1 change"),
    ],
)
def test_changes_that_come_together_are_one_short_line(changes: list[str], subject: str) -> None:
    assert commit_message([lines(*changes)]).partition("\n")[0] == f"dev: {subject}{BY}"
