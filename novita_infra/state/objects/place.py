"""The place of a backend with objects: the states of all environments of a project, and their leases."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from novita_infra.state.backend import HeldLock
from novita_infra.state.objects.layout import environment_of
from novita_infra.state.objects.leases import Leases
from novita_infra.state.objects.named_leases import NamedLeases
from novita_infra.state.objects.objects import Objects, ObjectTraits
from novita_infra.state.objects.retrying import RetryingObjects
from novita_infra.state.objects.storage import ObjectStorage

_TRAITS: Final = ObjectTraits()


class ObjectPlace:
    """Implements OpenBackend on objects."""

    remote = True

    def __init__(
        self, objects: Objects, traits: ObjectTraits = _TRAITS, *, now: Callable[[], float] = time.time
    ) -> None:
        """The clock is for tests."""
        self._objects = RetryingObjects(objects)
        self._traits = traits
        self._now = now
        self._leases = Leases(self._objects, period=traits.period)

    def describe(self) -> str:
        return self._objects.describe()

    def environments(self) -> tuple[str, ...]:
        names = {environment_of(key) for key in self._objects.keys("")}
        return tuple(sorted(name for name in names if name is not None))

    def storage(self, environment: str) -> ObjectStorage:
        return ObjectStorage(self._objects, environment, self._traits, self._leases, now=self._now)

    def named_locks(self, operation: str) -> NamedLeases:
        return NamedLeases(self._leases, operation)

    def locks(self) -> Sequence[HeldLock]:
        return self._leases.held()
