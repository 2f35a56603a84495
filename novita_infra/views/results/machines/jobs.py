"""The jobs of the service on machines. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from novita_infra.account.jobs import MachineJob
from novita_infra.model.durations import in_words
from novita_infra.model.frozen import dataclass
from novita_infra.views.content.listing import Listing, cell, fact
from novita_infra.views.results.machines.cells import time_or_none


@dataclass(frozen=True, slots=True)
class MachineJobRow:
    """A job of the service on a machine."""

    id: str = fact("The id of the job.", title="ID")
    type: str = fact("What it does, as the API words it: `saveImage`, `instanceMigrate`.", title="TYPE")
    state: str = fact("Its state, as the API words it: `running`, `success`, `fail`, `break`.", title="STATE")
    over: bool = fact("Whether it has ended.")
    machine: str = cell("MACHINE")
    machine_id: str = fact("The id of the machine.")
    address: str | None = fact("The address of the machine; null where no state has it.")
    image: str | None = fact("The image that it saves; null for another job, or where that is not known.")
    saves: str = cell("IMAGE")
    created: str | None = fact("When it began, in UTC; null if it is not known.")
    began: str = cell("BEGAN")
    trouble: str | None = fact("Why it failed, as the API words it; null for nothing.")
    note: str = cell("NOTE")


@dataclass(frozen=True, slots=True)
class MachineJobListing(Listing):
    """The jobs of the service on machines, as `jobs --json` prints them."""

    name: ClassVar[str] = "jobs"
    row: ClassVar[type] = MachineJobRow
    empty: ClassVar[str] = "No jobs."

    rows: tuple[MachineJobRow, ...]


def job_listing(jobs: Iterable[MachineJob], *, addresses: Mapping[str, str], now: float) -> MachineJobListing:
    """The jobs in their order. `addresses` are those of the machines, by id; `now` is in Unix seconds."""
    return MachineJobListing(
        tuple(
            MachineJobRow(
                id=job.id,
                type=job.type,
                state=job.state,
                over=job.is_over,
                machine=addresses.get(job.machine, job.machine),
                machine_id=job.machine,
                address=addresses.get(job.machine),
                image=job.image or None,
                saves=job.image,
                created=time_or_none(job.created),
                began=f"{in_words(max(0.0, now - job.created))} ago" if job.created else "unknown",
                trouble=job.trouble or None,
                note=job.trouble,
            )
            for job in jobs
        )
    )


@dataclass(frozen=True, slots=True)
class BrokenJobRow:
    """A job that was to be interrupted."""

    id: str = fact("The id of the job.", title="ID")
    type: str = fact("What it did, as the API words it.", title="TYPE")
    machine: str = cell("MACHINE")
    machine_id: str = fact("The id of the machine.")
    address: str | None = fact("The address of the machine; null where no state has it.")
    interrupted: bool = fact("Whether it ran and was interrupted.", title="INTERRUPTED")
    before: str = fact("Its state before, as the API words it.", title="BEFORE")


@dataclass(frozen=True, slots=True)
class BrokenJobListing(Listing):
    """The jobs that were to be interrupted, as `job break --json` prints them."""

    name: ClassVar[str] = "broken_jobs"
    row: ClassVar[type] = BrokenJobRow
    empty: ClassVar[str] = "No jobs."

    rows: tuple[BrokenJobRow, ...]


def broken_job_listing(before: Iterable[MachineJob], *, addresses: Mapping[str, str]) -> BrokenJobListing:
    """The jobs as they were before, in their order. `addresses` are those of the machines, by id."""
    return BrokenJobListing(
        tuple(
            BrokenJobRow(
                id=job.id,
                type=job.type,
                machine=addresses.get(job.machine, job.machine),
                machine_id=job.machine,
                address=addresses.get(job.machine),
                interrupted=not job.is_over,
                before=job.state,
            )
            for job in before
        )
    )
