"""Objects that run to completion: what is uploaded before they are created, and what is fetched when they are over.

A kind declares two functions that `applying` runs, and that alone talk to the API: one before the create, one at the
end. Everything else here is values and pure functions.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from fractions import Fraction
from pathlib import Path
from typing import Final

from novita_infra.api.protocol import ApiClient
from novita_infra.model.clock import Clock
from novita_infra.model.frozen import dataclass
from novita_infra.model.records import Record
from novita_infra.model.resources import Live, Phase, WrittenFile
from novita_infra.model.values import Spec, Value

OVER: Final = frozenset({Phase.READY, Phase.FAILED, Phase.GONE})
"""The phases of a job that has ended, with success or without."""


@dataclass(frozen=True, slots=True)
class FileFault:
    """What is wrong with a file that a spec names, or with the path to it."""

    path: tuple[str | int, ...]
    """The place in the spec that names the file: ("input", "file")."""
    summary: str
    hint: str = ""
    file: str = ""
    """The file, relative to the project, where its content is wrong; empty where the path is."""
    line: int = 0
    """The line in the file, counted from 1; 0 for the file as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFiles:
    """The files of the project that a spec names, and what is read of them before a plan is made."""

    read: tuple[tuple[str, ...], ...]
    """Where a spec names a file that is read: ("input", "file")."""
    written: tuple[tuple[str, ...], ...] = ()
    """Where it names a file that is written, which must lie inside of the project."""
    beside: tuple[str, ...] = ()
    """What is added to the name of a written file for another one that may be written: `.errors`."""
    describe: Callable[[Spec, Path], tuple[Spec, tuple[FileFault, ...]]]
    """Reads and checks the files of a spec, whose paths are relative to the folder. Returns the spec with what they
    hold, such as a digest by which a later plan sees whether they are the same, and what is wrong with them. A spec
    with a value that is not known, or without the field, is returned as it is. Makes no call."""
    declared: Callable[[Spec], Spec]
    """The spec without what the files hold: as a manifest states it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRun:
    """The surroundings in which the functions of a job run."""

    client: ApiClient
    clock: Clock
    folder: Path
    """The project's folder. The paths of a spec are relative to it."""
    tell: Callable[[str], None]
    """Takes a message for a person: how far an upload is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What a job that is over has given."""

    outputs: Mapping[str, Value] = field(default_factory=dict)
    """The attributes that its results give."""
    says: str = ""
    """What was written, for a person."""
    errors: tuple[str, ...] = ()
    """The commonest errors of its parts, each on a line, without secrets."""
    trouble: str = ""
    """Why its results cannot be had any more; empty where they were written, or there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRules:
    """The rules of objects that run to completion.

    A job that is over stays over: no plan runs it again because it failed or is not listed any more, only another spec
    or `--replace` does. It is not deleted but forgotten; one that runs is cancelled by the kind's delete.
    """

    phase: Callable[[Mapping[str, Value]], Phase]
    """The phase by the recorded attributes, for a job that is not read or that the service does not show any more."""
    files: JobFiles | None = None
    upload: Callable[[JobRun, Spec], Awaitable[Spec]] | None = None
    """Uploads what the create needs, unless the account has it, and returns the spec from which the create is made.
    Sends the same bytes once, however often it runs. Raises ApiError, and Problems where a file has changed."""
    fetch: Callable[[JobRun, Spec, Live], Awaitable[Fetched]] | None = None
    """Fetches what a job that is over has made, and writes it. It has the same effect however often it runs. Raises
    ApiError and Problems."""
    look: Callable[[JobRun, Record | None, Spec], Awaitable[WrittenFile | None]] | None = None
    """Looks at the file that `fetch` writes for a spec, and compares it with what the record says was written. Changes
    nothing. Raises ApiError."""
    recall: Callable[[Spec, Live], str] | None = None
    """How a person gets what an earlier job of a recorded spec has made when its file is overwritten: the command, and
    until when it works, in words; empty where nothing can be had. Makes no call."""
    clean: Callable[[JobRun, Spec, Live], Awaitable[None]] | None = None
    """Deletes what the service need not keep of a job that is over, once its end is recorded. Raises ApiError."""
    spent: Callable[[Mapping[str, Value]], Fraction | None] | None = None
    """What a job that is over has cost by its recorded attributes, in 1/100000 USD; None where they do not say it."""
    fetch_call: str = ""
    """The update that only runs `fetch` again: the results shall be somewhere else."""
