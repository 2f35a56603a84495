"""A whole state in another storage: its earlier versions, itself and its journal."""

from __future__ import annotations

from collections.abc import Sequence

from novita_infra.state.audit.entries import log_lines
from novita_infra.state.backend import StateStorage
from novita_infra.state.recovery.history import saved_states
from novita_infra.state.recovery.kept import Kept, read_kept


def copy_stored(kept: Sequence[Kept], storage: StateStorage, audit: Sequence[tuple[str, bytes]] = ()) -> None:
    """Writes the earlier states, the oldest first, then the present one with its journal. Damaged ones are left out.

    The audit log goes before the first of them.

    What the storage holds becomes an earlier state. Needs the locks of both. Raises Problems.
    """
    trail, log = b"", b"".join(data for _, data in audit)
    for item in kept:
        state = item.stored.state
        if item.base is None or state is None:
            continue
        stored = storage.read()
        if stored.state != state:
            storage.replace(state, stored, trail if stored.state is not None else b"", log)
            log = b""
        trail = item.stored.journal or b""
    present = kept[-1].stored
    if present.journal is not None and present.state is not None:
        header, end, lines = present.journal.partition(b"\n")
        writer = storage.begin(present.state, header + end, storage.read())
        writer.append(lines)
        writer.close()


def holds_copy(storage: StateStorage, kept: Sequence[Kept], audit: Sequence[tuple[str, bytes]] = ()) -> bool:
    """Whether a storage that keeps a history holds all of this, and one that keeps none the present state."""
    read, present = storage.read(), kept[-1].stored
    if (read.state, read.journal) != (present.state, present.journal):
        return False
    if not {line.digest for line in log_lines(audit)} <= {line.digest for line in log_lines(storage.read_audit())}:
        return False
    if not storage.versions():
        return True
    wanted, found = ({item.state.serial for item in saved_states(place)} for place in (kept, read_kept(storage)))
    return wanted <= found
