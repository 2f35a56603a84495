"""How often a run asks the server of its state: counts, which are the same on a machine that is at work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fake_account import Scene, step
from folder_objects import FolderObjects

from novita_infra.applying.create import Creator
from novita_infra.applying.records import RunRecords
from novita_infra.applying.run import OtherRuns, StepRun
from novita_infra.applying.waiting import Waits
from novita_infra.model.addresses import Address
from novita_infra.planning.plan.steps import StepKind
from novita_infra.state.guarded import GuardedBackend
from novita_infra.state.objects.objects import Object, ObjectChange
from novita_infra.state.objects.place import ObjectPlace
from novita_infra.state.store import LockRefused

CREATES = 20
BEATS = 8
"""The lease of the run, and the signs of life of a test that takes long."""


class CountedObjects(FolderObjects):
    """Objects that count their calls by what they are about: `write journal`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, atomic=False)
        self.calls = Counter[str]()

    def read(self, key: str) -> Object | None:
        self.calls[f"read {_sort(key)}"] += 1
        return super().read(key)

    def keys(self, prefix: str) -> Sequence[str]:
        self.calls[f"keys {_sort(prefix)}"] += 1
        return super().keys(prefix)

    def write(self, changes: Sequence[ObjectChange]) -> Sequence[str]:
        self.calls[f"write {_sort(changes[-1].key)}"] += 1
        return super().write(changes)


def _sort(key: str) -> str:
    return key.split("/")[1] if "/" in key else key


def test_creates_one_after_the_other_cost_few_calls_each(tmp_path: Path) -> None:
    """On the virtual loop nothing comes together: every create waits for a write of its own. Waves cost less."""
    objects, scene = CountedObjects(tmp_path), Scene()
    backend = GuardedBackend(ObjectPlace(objects))
    store = backend.store("dev")
    lock, state = store.try_lock("apply"), store.load()
    assert not isinstance(lock, LockRefused)
    locks = backend.named_locks("apply")

    async def create_all(records: RunRecords) -> None:
        run = replace(scene.run(), records=records, others=OtherRuns(create_lock=locks.try_lock))
        waits = Waits(run)
        creator = Creator(run, waits)
        for number in range(CREATES):
            address = Address("machine", f"m{number}")
            spec = {"name": address.name, "size": 1, "months": 1}
            create = step(StepKind.CREATE, address=address, timeout=600.0, spec=spec)
            await creator.create(StepRun.of(run, create))
            assert locks.undisturbed("dev")
        await waits.close()

    with store.journal(state) as journal:
        records = RunRecords(state, journal, now=scene.clock.now)
        objects.calls.clear()
        scene.play(create_all(records))
        calls = objects.calls.copy()
        locks.close()
    assert calls.keys() == {"write locks", "read locks", "write journal"}
    assert calls["write journal"] <= 3 * CREATES + 1, "the intent, the id and the end; once, what was live before"
    assert calls["write locks"] <= 2 * CREATES + BEATS, "its lock, which may be given back before another one is taken"
    assert calls["read locks"] <= CREATES + BEATS, "the check of its lock"
    objects.calls.clear()
    store.save(records.final_state(outputs=None))
    assert sum(objects.calls.values()) <= 8
    lock.release()
