"""Uploads what the create of a job needs, one upload at a time: two jobs may need the same bytes."""

from __future__ import annotations

import asyncio

from novita_infra.applying.errors import StepFailed
from novita_infra.applying.run import StepRun
from novita_infra.kinds.job import JobRun
from novita_infra.model.diagnostics import Problems
from novita_infra.model.values import Spec, reveal


def job_run(at: StepRun, *, id: str = "") -> JobRun:
    """The surroundings of the functions of the step's job; what they tell is an event about the object of the id."""
    run = at.run
    return JobRun(client=run.client, clock=run.clock, folder=run.folder, tell=lambda message: at.note(id, message))


def file_failure(problems: Problems) -> StepFailed:
    """The failure of a step whose files cannot be read or written."""
    return StepFailed("; ".join(map(str, problems.diagnostics)), code=problems.code)


class Uploads:
    """The uploads of one run."""

    def __init__(self) -> None:
        self._one = asyncio.Lock()

    async def spec_after(self, at: StepRun, spec: Spec) -> Spec:
        """The spec from which the create is made, once its files are uploaded. Raises StepFailed and ApiError."""
        job = at.kind.api.job
        if job is None or job.upload is None:
            return spec
        async with self._one:
            at.run.check_stop()
            try:
                return await job.upload(job_run(at), reveal(spec))
            except Problems as problems:
                raise file_failure(problems) from None
