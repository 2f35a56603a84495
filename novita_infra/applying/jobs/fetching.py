"""The end of a job: what it has made is fetched, then its end is recorded.

A run that is killed before the end is recorded leaves the call pending, and the next one fetches again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from novita_infra.api.errors import ApiError
from novita_infra.applying.errors import JobFailed, StepFailed
from novita_infra.applying.jobs.uploading import file_failure, job_run
from novita_infra.applying.run import StepRun
from novita_infra.kinds.job import Fetched
from novita_infra.model.diagnostics import Problems
from novita_infra.model.records import Record
from novita_infra.model.resources import Live, Phase
from novita_infra.model.values import Spec
from novita_infra.refresh.saved_images import read_image_id

NOT_AGAIN: Final = "it is not run again by itself: change its input, or use --replace"


async def finish_job(at: StepRun, record: Record, live: Live, spec: Spec, *, began: bool = True) -> None:
    """Fetches what a job has made, and puts the record of an object that is ready or, if it is a job, over.

    `began` says whether the end of the job itself is waited for. Raises StepFailed if the job failed then, or if
    nothing can be fetched any more, both after that is recorded, and ApiError.
    """
    job, found = at.kind.api.job, Fetched()
    if job is None:
        live = await read_image_id(at.run.client, at.kind, live)
        await at.put(replace(record, outputs=at.kind.merged_outputs(record.outputs, live)), "ready")
        return
    if job.fetch is not None:
        try:
            found = await job.fetch(job_run(at, id=live.id), spec, live)
        except Problems as problems:
            raise file_failure(problems) from None
    at.run.errors[at.step.key] = found.errors
    outputs = {**at.kind.merged_outputs(record.outputs, live), **found.outputs}
    await at.put(replace(record, pending=None, outputs=outputs), "over")
    await clean_up_job(at, live, spec)
    if found.says:
        at.note(live.id, found.says, status=live.status)
    if live.phase is Phase.FAILED and began:
        raise JobFailed(f"{live.id} failed: {live.trouble or live.status}", NOT_AGAIN)
    if found.trouble:
        raise StepFailed(found.trouble)


async def clean_up_job(at: StepRun, live: Live, spec: Spec) -> None:
    """Deletes what the service need not keep of a job that is over. What cannot be deleted is noted: it expires."""
    job = at.kind.api.job
    if job is None or job.clean is None:
        return
    try:
        await job.clean(job_run(at, id=live.id), spec, live)
    except ApiError as error:
        at.note(live.id, f"its files remain until they expire: {error}")
