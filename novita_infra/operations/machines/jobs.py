"""The jobs of the service on machines: lists and interrupts them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from novita_infra.account.jobs import (
    MachineJob,
    break_request,
    job_in,
    job_in_v2,
    job_request_v2,
    jobs_pages,
    stop_request_v2,
)
from novita_infra.api.errors import NotFound, Refused
from novita_infra.kinds import KINDS, MACHINE_KINDS
from novita_infra.model.concurrency import together
from novita_infra.model.diagnostics import EXIT_ERROR, EXIT_REFUSED, Diagnostic, Problems
from novita_infra.operations.account.view import AccountView
from novita_infra.operations.machines.ownership import why_taken
from novita_infra.refresh.objects import read_one


async def read_jobs(
    view: AccountView, *, id: str = "", kind: str = "", state: str = "", since: float = 0, until: float = 0
) -> list[MachineJob]:
    """The jobs, the newest first; see `jobs_pages` for the filters. Raises ApiError.

    Where the API does not show which image a job saves, the state that records it does.
    """
    items = await view.client.walk(jobs_pages(id=id, kind=kind, state=state, since=since, until=until))
    jobs = [job_in(item) for item in items]
    saved = {it.id: saves(it.record.spec) for it in view.recorded if (saves := KINDS[it.address.type].api.saves)}
    jobs = [replace(job, image=job.image or saved.get(job.id, "")) for job in jobs]
    shown = (replace(job, trouble=view.client.redacted(job.trouble)) if job.trouble else job for job in jobs)
    return sorted(shown, key=lambda job: (-job.created, job.id))


def addresses_of(view: AccountView, jobs: Sequence[MachineJob]) -> dict[str, str]:
    """By the id of the machine of a job: its address; without those that no state records."""
    found = {job.machine: _address(view, job.machine) for job in jobs}
    return {id: address for id, address in found.items() if address}


async def break_jobs(view: AccountView, ids: Sequence[str], *, steal: bool) -> list[MachineJob]:
    """Interrupts the jobs; those that are over are left alone. Returns each as it was before.

    A job that v1 does not list is found and stopped through v2.
    Raises Problems for ids of no job, and for jobs on machines of others unless `steal` insists. Raises ApiError.
    """
    ids = list(dict.fromkeys(ids))
    lists = await together(*(read_jobs(view, id=id) for id in ids))
    found = {id: next((job for job in jobs if job.id == id), None) for id, jobs in zip(ids, lists, strict=True)}
    unlisted = [id for id, job in found.items() if job is None]
    found |= dict(zip(unlisted, await together(*(_read_v2(view, id) for id in unlisted)), strict=True))
    missing = [
        Diagnostic(f"there is no job {id}", "novita-infra jobs lists them, and novita-infra v2 jobs those of v2")
        for id, job in found.items()
        if not job
    ]
    jobs = [job for job in found.values() if job]
    running = [job for job in jobs if not job.is_over]
    taken = [] if steal else await together(*(_taken(view, job) for job in running))
    foreign = [
        Diagnostic(f"the machine {job.machine} of the job {job.id} {why}", "to insist, add --steal")
        for job, why in zip(running, taken, strict=False)
        if why
    ]
    if missing or foreign:
        raise Problems([*missing, *foreign], code=EXIT_ERROR if missing else EXIT_REFUSED)
    await together(*(_interrupt(view, job, through_v2=job.id in unlisted) for job in running))
    return jobs


async def _read_v2(view: AccountView, id: str) -> MachineJob | None:
    """A job that v1 does not list; None where v2 has none of that id either."""
    try:
        job = job_in_v2(await view.client.send(job_request_v2(id)))
    except NotFound:
        return None
    return replace(job, trouble=view.client.redacted(job.trouble)) if job.id == id else None


async def _interrupt(view: AccountView, job: MachineJob, *, through_v2: bool) -> None:
    """Interrupts a job. One that has ended meanwhile needs no interruption."""
    try:
        await view.client.send(stop_request_v2(job.id) if through_v2 else break_request(job.id))
    except Refused:
        if through_v2:
            now = await _read_v2(view, job.id) or job
        else:
            (now,) = [item for item in await read_jobs(view, id=job.id) if item.id == job.id] or [job]
        if not now.is_over:
            raise


async def _taken(view: AccountView, job: MachineJob) -> str:
    """Why the machine of the job is not that of the view, or an empty string."""
    for kind in MACHINE_KINDS:
        if kind.machine and kind.machine.actions and (live := await read_one(view.client, kind, job.machine)):
            return why_taken(view, kind.type, live)
    return ""


def _address(view: AccountView, id: str) -> str:
    return next(filter(None, (view.recorded.address_of(kind.type, id) for kind in MACHINE_KINDS)), "")
