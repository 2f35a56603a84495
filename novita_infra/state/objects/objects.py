"""Named objects of bytes with conditional writes: all that a backend brings whose states lie on a server.

`storage` keeps states, journals and history in them, and `leases` the locks, the same for every such backend. A backend
implements Objects in its own terms: keys of a bucket, files of a git branch, rows of a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from novita_infra.model.frozen import dataclass

ABSENT: Final = ""
"""The version of an object that does not exist."""


class Conflict(Exception):
    """An object has another version than the one that was expected. The object is not changed."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class AnswerLost(Exception):
    """A write was sent and its answer was lost: it may have been done. Its text says what failed, without secrets.

    A backend does not try again by itself: `retrying` finds out which of the two is true.
    """


class OutOfReach(Exception):
    """A call was not carried out because of a fault that may pass, such as a refused connection or a status of 503."""


@dataclass(frozen=True, slots=True)
class Object:
    """The content of an object at one moment."""

    data: bytes
    version: str
    """The backend's mark of this content, such as an ETag: never equal for two contents of one key."""


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """One object to write or to delete."""

    key: str
    data: bytes | None
    """The new content; None deletes the object, if it exists."""
    expected: str | None = None
    """The version that it must have now, ABSENT if it must not exist; None overwrites any version."""


class ObjectReader(Protocol):
    """The objects of one place, for reading.

    Every method may be called from any thread, and raises Problems where trying again cannot help (no permission, no
    such bucket), and OutOfReach. A method never waits longer than a minute.
    """

    def describe(self, key: str = "") -> str:
        """The place, or the place of an object, for a message: `s3://bucket/prefix/dev/head`. Never a secret."""
        ...

    def read(self, key: str) -> Object | None:
        """The object; None if it does not exist."""
        ...

    def read_all(self, prefix: str) -> Mapping[str, Object]:
        """All objects whose key begins with the prefix, by key, sorted. They may be of different moments."""
        ...

    def keys(self, prefix: str) -> Sequence[str]:
        """The keys that begin with the prefix, sorted."""
        ...


class Objects(ObjectReader, Protocol):
    """The objects of one place. Keys are `/`-separated names of `[A-Za-z0-9._~%-]`, at most 200 characters long.

    Its methods raise as those of ObjectReader do, and for writes AnswerLost.
    A read sees every write that was confirmed before it began, of any process on any machine.
    """

    def snapshot(self) -> ObjectReader:
        """The objects of environments for reads that belong together: as they are now, where that saves a way to the
        server for each read; else as they are at each read.
        """
        ...

    def write(self, changes: Sequence[ObjectChange]) -> Sequence[str]:
        """Makes the changes durable, all at once, or one after the other in this order where that is not possible.

        Returns the version that each change gave its object, ABSENT for one that it deleted.
        Raises Conflict at the first change whose expected version is not the present one. A backend that makes all at
        once then has changed nothing; another one has made the changes before it.
        """
        ...


@dataclass(frozen=True, slots=True)
class ObjectTraits:
    """What differs between the places of objects."""

    period: float = 30.0
    """Seconds without a sign of life after which a holder of a lease counts as dead. It gives three in that time."""
    compressed: bool = True
    """Whether contents are compressed before they are stored; False where the backend compresses them itself."""
    kept_versions: int = 30
    """How many earlier states are kept for each environment."""
