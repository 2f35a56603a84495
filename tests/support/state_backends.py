"""Every state backend for the conformance suite, with the ways to damage what it keeps.

The suite opens a backend in the folder of a test with its default settings. A backend that needs more, such as the
address of a server, has them in a function `settings_in(folder)` of its own tests, `tests/state/backends/test_NAME.py`.
One with several counterparts gets the name of another one than its usual one as a second argument.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Final

import pytest
from _pytest.mark import ParameterSet
from encrypted_states import encrypted
from folder_objects import FolderObjects
from server_places import OTHER_COUNTERPARTS, SERVED

import novita_infra
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

_TESTS: Final = Path(__file__).parents[1] / "state" / "backends"


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
        return usual // 5 if self.name == "git" else usual

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


def _own_settings(name: str, counterpart: str, folder: Path) -> Mapping[str, Any]:
    """The settings that the tests of the backend name; none without such tests."""
    path = _TESTS / f"test_{name}.py"
    if not path.is_file():
        return {}
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    settings: Mapping[str, Any] = {}
    if counterpart:
        settings = module.settings_in(folder, counterpart)
    elif hasattr(module, "settings_in"):
        settings = module.settings_in(folder)
    return settings


BACKENDS: Final = {
    **{name: BackendCase(name) for name in backend_names()},
    **{f"{name}-{server}": BackendCase(name, server) for name, server in OTHER_COUNTERPARTS},
    **{name: ObjectsCase(name) for name in ("objects-at-once", "objects-in-order")},
    "objects-encrypted": EncryptedObjectsCase("objects-encrypted"),
    **{f"{name}-encrypted": EncryptedCase(name) for name in ("git", "local", "s3")},
}


def cases(names: Iterable[str]) -> list[ParameterSet]:
    """The parameters of a test for these backends. Those that need a server of their own are in the lane `process`."""
    return [pytest.param(name, marks=pytest.mark.process if name in SERVED else ()) for name in sorted(names)]


_OPEN: Final = """
import sys
from pathlib import Path
from state_backends import BACKENDS
store = BACKENDS[sys.argv[1]].open(Path(sys.argv[2])).store("dev")
"""


def process_with_store(name: str, folder: Path, script: str, *arguments: object) -> subprocess.Popen[str]:
    """A Python process that runs the script; `store` is the store of `dev` in the backend of that name and folder."""
    BACKENDS[name].settings(folder)  # a server is started by this process, and not by the other one
    roots = (Path(novita_infra.__file__).parents[1], Path(__file__).parent)
    return subprocess.Popen(
        [sys.executable, "-c", _OPEN + script, name, str(folder), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, roots))},
    )
