"""Every state backend for the conformance suite, with the ways to damage what it keeps.

The suite opens a backend in the folder of a test with its default settings. A backend that needs more, such as the
address of a server, has them in a function `settings_in(folder)` of its own tests, `tests/state/backends/test_NAME.py`.
One with several counterparts gets the name of another one than its usual one as a second argument.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, TypeVar

import forking
from encrypted_states import encrypted
from folder_objects import FolderObjects
from server_places import OTHER_COUNTERPARTS, SERVED

from novita_infra.state.backend import OpenBackend, StateStorage
from novita_infra.state.encryption.settings import encryption_of
from novita_infra.state.encryption.storage import EncryptedBackend
from novita_infra.state.guarded import GuardedBackend
from novita_infra.state.objects.objects import ObjectTraits
from novita_infra.state.objects.place import ObjectPlace
from novita_infra.state.objects.settings import LEASE_SECONDS
from novita_infra.state.opening import open_backend, open_storages
from novita_infra.state.registry import backend_named, backend_names
from novita_infra.state.settings import StateSettings
from novita_infra.state.store import StateBackend

if TYPE_CHECKING:  # half of what a process with a store takes until it has one
    from _pytest.mark import ParameterSet

_TESTS: Final = Path(__file__).parents[1] / "state" / "backends"
_Test = TypeVar("_Test", bound=Callable[..., None])
_GIVEN: Final = "NOVITA_INFRA_TEST_BACKEND"
"""The variable with the settings of a process that another one has started."""


@dataclass(frozen=True, slots=True)
class BackendCase:
    """One backend. Each method gets the folder of the test, and the environment whose state it damages."""

    name: str
    counterpart: str = ""
    """The server that it is tested with, if not with the usual one."""

    @property
    def leases(self) -> bool:
        """Whether a holder without a sign of life loses its lock; in these tests after two seconds."""
        return LEASE_SECONDS in backend_named(self.name).settings

    @property
    def shows_locks(self) -> bool:
        """Whether a reader sees who holds a lock. Terraform's protocol shows it only to those who ask for the lock."""
        return self.name != "http"

    def times(self, usual: int) -> int:
        """How often a test does what it does so often on other backends: git starts programs for each call."""
        return max(1, usual // (12 if self.counterpart else 5)) if self.name == "git" else usual

    def settings(self, folder: Path) -> StateSettings:
        """The settings of an empty place of this test; the same folder is the same place, in another process too."""
        short = {LEASE_SECONDS: 2} if self.leases else {}
        own = _own_settings(self.name, self.counterpart, folder)
        return StateSettings(folder, {"backend": self.name, **short, **own})

    def open(self, folder: Path) -> StateBackend:
        """The backend of the folder, as a project opens it."""
        return open_backend(self.settings(folder))

    def open_bytes(self, folder: Path) -> OpenBackend:
        """The backend of the folder, without the guards of its stores."""
        return backend_named(self.name).open(self.settings(folder))

    def damage(self, folder: Path, environment: str) -> None:
        """Replaces the stored state by something that is no state."""
        storage = self.storage(folder, environment)
        storage.replace(b"{", storage.read())

    def make_newer(self, folder: Path, environment: str) -> None:
        """Rewrites the stored state as a program 2.5.0 with a newer format would."""
        storage = self.storage(folder, environment)
        stored = storage.read()
        assert stored.state is not None
        newer = json.loads(stored.state) | {"version": 9, "program": "2.5.0", "unheard": "of"}
        storage.replace(json.dumps(newer).encode(), stored)

    def tear(self, folder: Path, environment: str) -> None:
        """Cuts the last change of the journal in half, as a crash in the middle of a write does."""
        storage = self.storage(folder, environment)
        stored = storage.read()
        assert stored.state is not None
        assert stored.journal is not None
        header, *whole, last = stored.journal.splitlines(keepends=True)
        writer = storage.begin(stored.state, header, stored)
        writer.append(b"".join(whole) + last[: len(last) // 2])
        writer.close()

    def storage(self, folder: Path, environment: str) -> StateStorage:
        """The bytes of an environment, without the guards of its store."""
        return self.open_bytes(folder).storage(environment)


def manifest_part(name: str, folder: Path) -> Mapping[str, Any]:
    """The part `state` of a project file that keeps its state in an empty place of that backend."""
    folder.mkdir(parents=True, exist_ok=True)
    return BACKENDS[name].settings(folder).options


class ObjectsCase(BackendCase):
    """What all backends with objects share, on objects in a folder."""

    @property
    def leases(self) -> bool:
        return True

    def open(self, folder: Path) -> StateBackend:
        return GuardedBackend(self.open_bytes(folder))

    def open_bytes(self, folder: Path) -> OpenBackend:
        objects = FolderObjects(folder, atomic=self.name == "objects-at-once")
        return ObjectPlace(objects, ObjectTraits(period=2.0, compressed=self.name == "objects-in-order"))


class EncryptedObjectsCase(ObjectsCase):
    """The same, encrypted."""

    def open_bytes(self, folder: Path) -> OpenBackend:
        below = ObjectPlace(FolderObjects(folder, atomic=True), ObjectTraits(period=2.0))
        return EncryptedBackend(below, encryption_of(encrypted(folder).revealed()))


class EncryptedCase(BackendCase):
    """A backend whose contents are encrypted."""

    def settings(self, folder: Path) -> StateSettings:
        return encrypted(folder, **BackendCase(self.name, self.counterpart).settings(folder).options)

    def open_bytes(self, folder: Path) -> OpenBackend:
        return open_storages(self.settings(folder))

    def times(self, usual: int) -> int:
        return max(1, super().times(usual) // (2 if self.name == "git" else 1))


def _own_settings(name: str, counterpart: str, folder: Path) -> Mapping[str, Any]:
    """The settings that the tests of the backend name; none without such tests."""
    if _GIVEN in os.environ:
        given: Mapping[str, Any] = json.loads(os.environ[_GIVEN])
        return given
    path = _TESTS / f"test_{name}.py"
    if not path.is_file():
        return {}
    module = _module_in(path)
    settings: Mapping[str, Any] = {}
    if counterpart:
        settings = module.settings_in(folder, counterpart)
    elif hasattr(module, "settings_in"):
        settings = module.settings_in(folder)
    return settings


@cache
def _module_in(path: Path) -> ModuleType:
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BACKENDS: Final = {
    **{name: BackendCase(name) for name in backend_names()},
    **{f"{name}-{server}": BackendCase(name, server) for name, server in OTHER_COUNTERPARTS},
    **{name: ObjectsCase(name) for name in ("objects-at-once", "objects-in-order")},
    "objects-encrypted": EncryptedObjectsCase("objects-encrypted"),
    **{f"{name}-encrypted": EncryptedCase(name) for name in ("git", "local", "s3")},
}


IN_TURNS: Final[Mapping[str, Sequence[str]]] = {
    "git": ("git-http", "git-encrypted"),
    "s3": ("s3-moto", "s3-encrypted"),
    "objects-at-once": ("objects-in-order", "objects-encrypted"),
}
"""Places that differ from another one only in the server, the encryption or the order of objects.

A test of the conformance suite runs on the other one, and on one of these in turn; with EVERY_PLACE set, on all.
"""
_PROCESSES: Final = SERVED | {"git", "git-encrypted", "git-file"}
"""Places whose tests start a server, or a dozen processes for each call."""


def places_in_turn(number: int) -> list[str]:
    """The places on which the test of that number runs."""
    if os.environ.get("EVERY_PLACE"):
        return [*BACKENDS]
    waiting = {name for places in IN_TURNS.values() for at, name in enumerate(places) if at != number % len(places)}
    return [name for name in BACKENDS if name not in waiting]


def suits(condition: Callable[[BackendCase], bool]) -> Callable[[_Test], _Test]:
    """Marks a test of the conformance suite that suits only some places."""

    def marked(test: _Test) -> _Test:
        vars(test)["suits"] = condition
        return test

    return marked


def cases(names: Iterable[str]) -> list[ParameterSet]:
    """The parameters of a test for these backends. Those that start processes are in the lane `process`."""
    import pytest  # noqa: PLC0415 -- a process with a store does not need it

    return [pytest.param(name, marks=pytest.mark.process if name in _PROCESSES else ()) for name in sorted(names)]


_OPEN: Final = """
import sys
from pathlib import Path
from state_backends import BACKENDS
store = BACKENDS[sys.argv[1]].open(Path(sys.argv[2])).store("dev")
"""


def process_with_store(name: str, folder: Path, script: str, *arguments: object) -> subprocess.Popen[str]:
    """A Python process that runs the script; `store` is the store of `dev` in the backend of that name and folder."""
    case = BACKENDS[name]
    given = _own_settings(case.name, case.counterpart, folder)  # a server is started here, and not by the other process
    return forking.start(
        _OPEN + script,
        *(name, str(folder), *map(str, arguments)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, _GIVEN: json.dumps(given), "PYTHONPATH": os.pathsep.join(forking.ROOTS)},
    )
