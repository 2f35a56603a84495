"""What a restore, a repair or a push of the state does: a line for each record that changes. Pure."""

from __future__ import annotations

import enum
import shlex
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from novita_infra.model.addresses import Address
from novita_infra.model.frozen import dataclass
from novita_infra.state.recovery.repair import Recovered
from novita_infra.state.recovery.restoring import Restoration
from novita_infra.state.state import State
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.listing import Facts, fact


class RecordFate(enum.Enum):
    """What becomes of a record."""

    ADDED = "added"
    CHANGED = "changed"
    REMAINS = "remains"
    REMOVED = "removed"
    DELETED = "deleted"
    FORGOTTEN = "forgotten"


_WORDS: Final = {
    RecordFate.ADDED: ("  + ", Tone.ADD, "is recorded again"),
    RecordFate.CHANGED: ("  ~ ", Tone.CHANGE, "is recorded otherwise"),
    RecordFate.REMAINS: ("    ", Tone.FAINT, "remains: it was created since"),
    RecordFate.REMOVED: (
        "  - ",
        Tone.REMOVE,
        "is not recorded any more, and nothing is lost",
    ),
    RecordFate.DELETED: ("    ", Tone.FAINT, "does not return: its object was deleted since"),
    RecordFate.FORGOTTEN: ("  ! ", Tone.BAD, "is not recorded any more, and its object remains; to adopt it"),
}


@dataclass(frozen=True, slots=True)
class RecordChange:
    """What becomes of one record."""

    address: Address = fact("The address of the record.")
    id: str = fact("The id of the object; empty for a create without an answer.")
    fate: RecordFate = fact(
        "`added`, `changed`; `remains`: it was created since and is kept; `removed`: its object is recorded elsewhere, "
        "or there is none; `deleted`: its object was deleted since, and it does not return; `forgotten`: its object "
        "remains without a record."
    )
    command: str | None = fact("The command that adopts the object; null where none is needed.")


@dataclass(frozen=True, slots=True)
class StateChange(Facts):
    """What a command does to the state, as `state restore`, `state repair` and `state push --json` print it."""

    name: ClassVar[str] = "state_change"

    operation: str = fact("The command.")
    place: str = fact("The place of the state.")
    before: int | None = fact("The serial of the present state; null if it cannot be read, or if there is none.")
    version: int = fact("The serial of the state that takes its place; it gets a new serial.")
    saved: int | None = fact("The new serial; null if nothing was saved.")
    parts: tuple[str, ...] = fact("What the state is put together from, for a repair.")
    lost: int = fact("How many changes are known to be lost, for a repair.")
    resources: int = fact("How many resources the state records that takes its place.")
    records: tuple[RecordChange, ...] = fact("The records that change.")

    def lines(self) -> Iterator[Line]:
        """The state that takes the place, and each record that changes."""
        now = f"version {self.before}" if self.before is not None else "nothing that can be read"
        yield line((f"{self.place}: {now} is replaced by version {self.version}", Tone.STRONG))
        for part in self.parts:
            yield line(("  from ", Tone.FAINT), part)
        for item in self.records:
            sign, tone, words = _WORDS[item.fate]
            id = f" ({item.id})" if item.id else ""
            yield line((sign, tone), f"{item.address}{id} {words}{f': {item.command}' if item.command else ''}")
        if self.before is None:
            yield line(f"  resources: {self.resources:,}")
        elif not self.records:
            yield line("  no record changes")
        if self.lost:
            changes = "1 change is" if self.lost == 1 else f"{self.lost:,} changes are"
            yield line((f"  {changes} lost: the next plan searches the account for what is not recorded", Tone.CHANGE))


def restoration_change(place: str, present: State, serial: int, restored: Restoration, *, adopt: str) -> StateChange:
    """What a restore does. `adopt` is the command line of `orphans` for the project."""
    fates = {record.address: RecordFate.REMAINS for record in restored.carried}
    forgotten = [(address, id) for address, id in restored.displaced]
    records = [*_differences(present, restored.state, fates, forgotten, adopt=adopt)]
    records += [RecordChange(item.address, item.id, RecordFate.DELETED, None) for item in restored.deleted]
    return StateChange(
        "state restore", place, present.serial, serial, None, (), 0, len(restored.state.records), tuple(records)
    )


def repair_change(place: str, present: State | None, found: Recovered, *, adopt: str) -> StateChange:
    """What a repair does."""
    records = tuple(_differences(present, found.state, {}, (), adopt=adopt)) if present else ()
    before = present.serial if present else None
    state = found.state
    return StateChange(
        "state repair", place, before, state.serial, None, found.parts, found.lost, len(state.records), records
    )


def push_change(
    place: str, present: State, pushed: State, forgotten: Iterable[tuple[Address, str]], *, adopt: str
) -> StateChange:
    """What a push does."""
    records = tuple(_differences(present, pushed, {}, forgotten, adopt=adopt))
    before = present.serial or None
    return StateChange("state push", place, before, pushed.serial, None, (), 0, len(pushed.records), records)


def _differences(
    present: State,
    new: State,
    fates: dict[Address, RecordFate],
    forgotten: Iterable[tuple[Address, str]],
    *,
    adopt: str,
) -> Iterator[RecordChange]:
    lost = tuple(forgotten)
    without = {address for address, _ in lost}
    for address in sorted({*present.records, *new.records}):
        before, after = present.records.get(address), new.records.get(address)
        if after is None and before is not None and address not in without:
            yield RecordChange(address, before.id, RecordFate.REMOVED, None)
        elif after is not None and address in fates:
            yield RecordChange(address, after.id, fates[address], None)
        elif after is not None and before != after:
            yield RecordChange(address, after.id, RecordFate.CHANGED if before else RecordFate.ADDED, None)
    for address, id in lost:
        command = f"{adopt} --adopt {shlex.quote(str(address))} --id {shlex.quote(id)}"
        yield RecordChange(address, id, RecordFate.FORGOTTEN, command)
