"""An earlier state in the place of the present one, without forgetting what was created since. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from novita_infra.model.addresses import Address
from novita_infra.model.frozen import dataclass
from novita_infra.model.records import Record
from novita_infra.state.recovery.conflicts import merged_ids
from novita_infra.state.state import State, with_slow_digests


@dataclass(frozen=True, slots=True)
class Restoration:
    """What a restored state holds, compared with the present one."""

    state: State
    """With the serial of the present one: saving it makes the next."""
    returned: tuple[Record, ...]
    """Records of the earlier state that the present one does not have, or has otherwise."""
    carried: tuple[Record, ...]
    """Records of the present state whose objects the earlier one does not know. They remain."""
    deleted: tuple[Record, ...]
    """Records of the earlier state whose objects were deleted since. They are left out."""
    displaced: tuple[tuple[Address, str], ...]
    """Objects of the present state that no record holds afterwards: the earlier state has another object there."""


def restoration(present: State, earlier: State) -> Restoration:
    """The earlier state as the next version of the present one.

    Applied plans and deleted ids are those of both: no plan is applied twice, and no deleted object is believed in.
    """
    earlier = with_slow_digests(earlier)
    records: dict[Address, Record] = {}
    deleted, carried = [], []
    for address, record in earlier.records.items():
        gone = present.gone.get(address.type, ())
        if record.id and record.id in gone:
            deleted.append(record)
        else:
            records[address] = replace(record, retired=tuple(id for id in record.retired if id not in gone))
    held = {key for record in records.values() for key in recorded_ids_of(record)}
    displaced: list[tuple[Address, str]] = []
    for address, record in present.records.items():
        old, new = records.get(address), [key for key in recorded_ids_of(record) if key not in held]
        if old is not None and old.id == record.id:
            records[address] = replace(
                old, pending=record.pending, retired=record.retired, retired_unready=record.retired_unready
            )
        elif (old is None and (new or not record.id)) or (old and record.id and old.id in {"", *record.retired}):
            carried.append(record)
            records[address] = record
        else:
            displaced += [(address, id) for _, id in new]
    state = replace(
        earlier,
        serial=present.serial,
        key=present.key,
        records=dict(sorted(records.items())),
        gone=merged_ids(earlier.gone, present.gone),
        rolling=present.rolling,
        snapshots=merged_ids(earlier.snapshots, present.snapshots),
        used_plans=present.used_plans,
        durations=present.durations,
        searched=present.searched,
        identity=present.identity,
        cloud=present.cloud or earlier.cloud,
        project=present.project,
        environment=present.environment,
    )
    returned = tuple(
        record
        for address, record in records.items()
        if record not in carried and present.records.get(address) != record
    )
    return Restoration(state, returned, tuple(carried), tuple(deleted), tuple(displaced))


def recorded_ids_of(record: Record) -> Iterator[tuple[str, str]]:
    """The type and the id of each object of the record, replaced ones included."""
    yield from ((record.address.type, id) for id in (record.id, *record.retired) if id)
