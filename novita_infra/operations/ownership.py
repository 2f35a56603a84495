"""Who owns a live object: the states of the project and of its neighbours that record it, and its owner mark."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Final

from novita_infra.manifests.project.locating import locate
from novita_infra.manifests.validation.documents import PROJECT_FILE
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Problems, problem
from novita_infra.model.frozen import dataclass
from novita_infra.model.identity import Claim, mark_safe, owner_of
from novita_infra.model.resources import Live
from novita_infra.operations.known_places import KnownPlaces
from novita_infra.operations.session import Session
from novita_infra.refresh.other_states import OtherStates, other_states, recorded_objects
from novita_infra.state.opening import open_backend, state_files
from novita_infra.state.settings import StateSettings
from novita_infra.state.state import State, StateIdentity
from novita_infra.state.store import LockRefused, NamedLock, NamedLocks, StateBackend, StateReader

_OWN: Final = ""
"""The place of the states of this project, among those of others."""
_HINT: Final = "name a state file, a folder of them, or a project"


def recorded_ids(session: Session) -> frozenset[tuple[str, str]]:
    """The types and ids that the states of all environments of the project record.

    Raises Problems if a state cannot be read: its objects would count as unrecorded.
    """
    return frozenset(key for reader in state_readers(session, ()) for key in recorded_objects(reader.load()))


@dataclass(frozen=True, slots=True)
class RecordPlace:
    """A state of the project that records an object."""

    place: str
    environment: str


def recorded_by_others(session: Session) -> dict[tuple[str, str], RecordPlace]:
    """By type and id of each object that the state of another environment records: that state.

    A state that cannot be read claims nothing here: it must not block the other environments.
    """
    claimed: dict[tuple[str, str], RecordPlace] = {}
    for reader in state_readers(session, ())[1:]:
        with suppress(Problems):
            state = reader.load()
            if state.lineage == session.state.lineage:
                continue  # another version of this state
            found = RecordPlace(reader.describe(), state.environment)
            claimed |= dict.fromkeys(recorded_objects(state), found)
    return claimed


class StatesOfOthers:
    """The other states of the project, and of other projects on this machine.

    A state is parsed again only if it has changed.
    """

    def __init__(self, session: Session, undisturbed: Callable[[], str] = lambda: "") -> None:
        """`undisturbed` as NamedLocks.undisturbed, of this project: while it is the same, its states are not asked."""
        self._session = session
        self._undisturbed = undisturbed
        self._mark = ""
        """What `undisturbed` was before the states of this project were read, if they were read whole."""
        self._own: list[State] = []
        """The states of this project."""
        self._places = KnownPlaces(session)
        self._backends: dict[str, StateBackend] = {}
        self._stores: dict[tuple[str, str], StateReader] = {}
        self._states: list[State] = []
        self._last = OtherStates()

    def read(self) -> OtherStates:
        """What they record now. A state that cannot be read counts as empty."""
        session = self._session
        states = [*self._own_states()]
        for place, settings in self._places.others().items():
            states += self._states_at(place, settings)[0]
        states = [state for state in states if state.lineage != session.state.lineage]
        if list(map(id, states)) != list(map(id, self._states)):
            self._states, self._last = states, other_states(states, account=session.account)
        if self._last.unanswered:  # who waits for their objects wants to see what has become of them
            self._mark = ""
        return self._last

    def _own_states(self) -> list[State]:
        """The other states of this project. They are asked again if another run may have changed one."""
        mark = self._undisturbed()
        if not mark or mark != self._mark:
            self._own, is_whole = self._states_at(_OWN, self._session.project.state)
            self._mark = mark if is_whole else ""
        return self._own

    def _states_at(self, place: str, settings: StateSettings) -> tuple[list[State], bool]:
        """The states of a place, and whether all could be read; the state of this environment is not read."""
        found: list[State] = []
        is_whole = False
        with suppress(Problems, OSError):
            if place not in self._backends:
                self._backends[place] = open_backend(settings)
            backend = self._backends[place]
            names = [
                name for name in backend.environments() if place != _OWN or name != self._session.project.environment
            ]
            for name in names:
                if (place, name) not in self._stores:
                    self._stores[place, name] = backend.store(name)
                with suppress(Problems):
                    found.append(self._stores[place, name].load())
            is_whole = len(found) == len(names)
        return found, is_whole


class CreateLocks:
    """The locks of creates, which all runs share that see the states of this project.

    On this machine, the runs of other projects on the account share them, too.
    """

    def __init__(self, session: Session, operation: str) -> None:
        self._session = session
        self._operation = operation
        self._places: tuple[NamedLocks, NamedLocks | None] | None = None
        """The locks of the project, and those of the account in the cache; None before the first create."""
        self._guard = threading.Lock()
        from novita_infra.applying.run import STEPS_AT_ONCE  # noqa: PLC0415 -- a plan makes no such locks

        remote = open_backend(session.project.state).remote
        self.threads = ThreadPoolExecutor(STEPS_AT_ONCE, "states") if remote else None
        """The threads in which a server is asked for locks and states; None where they are files."""

    def take(self, name: str) -> NamedLock | LockRefused:
        """Takes the lock of the name."""
        with self._guard:
            self._places = own, shared = self._places or self._open()
        lock = own.try_lock(name)
        if shared is None or isinstance(lock, LockRefused):
            return lock
        try:
            with self._guard:
                other = shared.try_lock(name)
        except Problems:  # a cache that cannot be written
            return lock
        if isinstance(other, LockRefused):
            lock.release()
            return other
        return _Locks(lock, other, self._guard)

    def undisturbed(self) -> str:
        """As NamedLocks.undisturbed, of the environment of the run."""
        return self._places[0].undisturbed(self._session.project.environment) if self._places else ""

    def close(self) -> None:
        """Frees the locks."""
        if self.threads:
            self.threads.shutdown()
        for place in self._places or ():
            if place:
                place.close()

    def _open(self) -> tuple[NamedLocks, NamedLocks | None]:
        """Opens both places. That of this project is known to other projects from now on."""
        places = KnownPlaces(self._session)
        places.remember()
        own = open_backend(self._session.project.state).named_locks(self._operation)
        if places.folder is None:
            return own, None
        return own, open_backend(StateSettings(places.folder, {"path": "."})).named_locks(self._operation)


@dataclass(frozen=True, slots=True)
class _Locks:
    """The two locks of a name, which are released together."""

    own: NamedLock
    """That of the project."""
    shared: NamedLock
    """That of the account on this machine, which no process loses while it lives."""
    guard: threading.Lock
    """Held by the thread that uses the files of the locks."""

    def check(self) -> None:
        self.own.check()

    def release(self) -> None:
        with self.guard:
            self.shared.release()
            self.own.release()


def state_readers(session: Session, beside: Sequence[Path]) -> list[StateReader]:
    """The states of all environments of the project, and those that `beside` names. One may be listed twice."""
    backend = open_backend(session.project.state)
    others = [name for name in backend.environments() if name != session.project.environment]
    readers: list[StateReader] = [session.store, *(backend.store(name) for name in others)]
    for path in beside:
        readers += _readers_at(path, session.project.state)
    return readers


def _readers_at(path: Path, settings: StateSettings) -> list[StateReader]:
    """The states of another project, or of a state file or a folder of such files. Raises Problems if there is none."""
    if not path.exists():
        raise problem(f"there is no state at {path}", _HINT)
    readers = [] if (path / PROJECT_FILE).is_file() else state_files(path, settings)
    place = str(path)
    if not readers:
        backend = open_backend(locate(path).state)
        readers, place = [backend.store(name) for name in backend.environments()], backend.describe()
    if not readers:
        raise problem(f"there is no state file in {place}", _HINT)
    return readers


@dataclass(frozen=True, slots=True)
class OthersClaim:
    """What shows that an object belongs to others."""

    words: str
    """Such as `is recorded in state/prod.json`, after the id of the object."""
    environment: str = ""
    """The environment of this project to which it belongs; empty where it belongs to another project or address."""


class OtherOwners:
    """Who else owns objects. The states of others are read once, for the first object whose mark names nobody else."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def claim(self, live: Live, address: Address) -> OthersClaim | None:
        """Who else owns the object that shall be recorded at the address; None for nobody.

        A project of this name whose mark proves nothing counts as this one only while this state may be lost.
        """
        session, identity = self._session, self._session.identity
        owner = identity.foreign_owner(live.mark, address)
        if owner is None and identity.claim(live.mark) is Claim.DOUBTFUL and session.state.searched:
            owner = owner_of(live.mark)
        if owner is not None:
            own = (owner.project, owner.id) == (mark_safe(identity.project), identity.id)
            words = f"carries the owner mark of {owner.in_words(other_than=session.project.name)}"
            return OthersClaim(words, owner.environment if own and owner.environment != identity.environment else "")
        if (found := self._recorded.get((address.type, live.id))) is not None:
            return OthersClaim(f"is recorded in {found.place}", found.environment)
        if live.id in self._others.ids(address.type):
            return OthersClaim("is recorded in the state of another project on this machine")
        return None

    @cached_property
    def _recorded(self) -> Mapping[tuple[str, str], RecordPlace]:
        return recorded_by_others(self._session)

    @cached_property
    def _others(self) -> OtherStates:
        return StatesOfOthers(self._session).read()


def accepting(session: Session, objects: Mapping[Address, Live]) -> StateIdentity:
    """The identity of the state that knows the owner marks of the objects which are recorded at the addresses now."""
    identity, unaccepting = session.state.identity, replace(session.identity, accepted={})
    accepted, former = dict(identity.accepted), dict.fromkeys(identity.former)
    for address, live in objects.items():
        accepted.pop(str(address), None)
        owner = owner_of(live.mark)
        if owner is None:
            continue
        if session.identity.claim(live.mark) is Claim.DOUBTFUL:  # the state was lost; the mark says what it was called
            former[owner.scope] = None
        elif unaccepting.foreign_owner(live.mark, address):
            accepted[str(address)] = (str(owner),)
    return replace(identity, accepted=accepted, former=tuple(former))
