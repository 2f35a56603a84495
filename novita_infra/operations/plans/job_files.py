"""The files on the disk that declared jobs write, as a plan sees them."""

from __future__ import annotations

from collections.abc import Mapping

from novita_infra.kinds.job import JobRun
from novita_infra.model.addresses import Address
from novita_infra.model.resources import WrittenFile
from novita_infra.operations.session import Session
from novita_infra.planning.inputs import PlanInputs


async def read_job_files(session: Session, inputs: PlanInputs) -> Mapping[Address, WrittenFile]:
    """By address, the file of each declared job that writes one. Raises ApiError.

    What is recorded of a job that was not read is not compared with its file.
    """
    found: dict[Address, WrittenFile] = {}
    run = JobRun(client=session.client, clock=session.clock, folder=session.project.root, tell=lambda _: None)
    for item in () if inputs.options.destroys else inputs.config.declared:
        job = inputs.kinds[item.address.type].api.job
        if job is None or job.look is None:
            continue
        existing, unread = inputs.world.existing.get(item.address), item.address in inputs.world.unread
        record = existing.record if existing and not unread else None
        if file := await job.look(run, record, item.spec):
            found[item.address] = file
    return found
