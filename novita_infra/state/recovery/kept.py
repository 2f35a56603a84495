"""Everything that a storage holds of one environment: the present state and the earlier ones, each with its journal."""

from __future__ import annotations

from novita_infra.model.diagnostics import Diagnostic, Problems
from novita_infra.model.frozen import dataclass
from novita_infra.state.backend import StateStorage, Stored, Version
from novita_infra.state.format.file_format import previous_digest, read_state
from novita_infra.state.format.journal import fold
from novita_infra.state.state import State
from novita_infra.state.store import ForeignFormat, StateVersion


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored state as it could be read."""

    place: str
    """For a message: `state/default.json`, or `the earlier state 12 of state/default.json`."""
    stored: Stored
    version: Version | None
    """None for the present state."""
    base: State | None
    """The state without its journal; None if nothing is stored, or if it cannot be read."""
    result: State | None
    """The state with its journal; None if one of them cannot be read."""
    problem: Diagnostic | None
    """Why the state, or else its journal, cannot be read."""

    def version_of(self) -> StateVersion | None:
        """Which version it is; None if it cannot be read."""
        if self.base is None or self.result is None or self.stored.state is None:
            return None
        previous, changes = previous_digest(self.stored.state), self.result.serial - self.base.serial
        return StateVersion(self.base.lineage, self.base.serial, previous, changes)


def read_kept(storage: StateStorage) -> list[Kept]:
    """The earlier states, the oldest first, and the present one at the end.

    Raises ForeignFormat if this program cannot read a sound present state, and Problems if the place cannot be used.
    """
    found = []
    for version in reversed(storage.versions()):
        place = f"the earlier state {version.id} of {storage.describe()}"
        try:
            stored = storage.read_version(version)
        except Problems as error:
            found.append(Kept(place, Stored(None, None), version, None, None, error.diagnostics[0]))
        else:
            found.append(_kept(place, f"the journal of {place}", stored, version))
    return [*found, _kept(storage.describe(), storage.describe_journal(), storage.read_damaged(), None)]


def _kept(place: str, journal_place: str, stored: Stored, version: Version | None) -> Kept:
    base = None
    try:
        if stored.state is not None:
            base = read_state(stored.state, place, hint="")
        result = fold(base, stored.journal, journal_place) if base and stored.journal is not None else base
    except Problems as error:
        if version is None and isinstance(error, ForeignFormat):
            raise
        return Kept(place, stored, version, base, None, error.diagnostics[0])
    return Kept(place, stored, version, base, result, None)
