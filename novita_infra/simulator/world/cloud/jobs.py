"""Jobs: saving images and moving machines."""

from __future__ import annotations

from collections.abc import Iterator

from novita_infra.simulator.errors import ApiRefusal, invalid, not_allowed
from novita_infra.simulator.world.cloud import images
from novita_infra.simulator.world.cloud.lifecycles import pullable
from novita_infra.simulator.world.cloud.registry_auths import auth_of
from novita_infra.simulator.world.engine.cloud_records import Instance, Job
from novita_infra.simulator.world.engine.world import World

RUNNING = frozenset({"pulling", "running"})


def job_of(world: World, key: str) -> Job:
    """The job with this id. Raises JOB_NOT_FOUND."""
    job = world.jobs.get(key)
    if job is None:
        raise ApiRefusal("JOB_NOT_FOUND", f"job {key!r} not found")
    return job


def listed_jobs(world: World) -> Iterator[Job]:
    """The jobs that lists show: one that is over is forgotten at some time."""
    oldest = world.moment - world.timings.job_kept
    return (job for job in world.jobs.listed() if job.state in RUNNING or job.created >= oldest)


def save_image(world: World, instance: Instance, *, image: str, auth: str) -> Job:
    """Saves the system disk of a running machine as an image. A name with `does-not-exist` cannot be pushed to."""
    if instance.status != "running":
        raise not_allowed(f"instance {instance.id} is {instance.status}; only a running one can be saved")
    if not image.strip("/"):
        raise invalid("image", "must be registry/repository:tag")
    if auth:
        auth_of(world, auth)
    return begin_job(world, instance, "saveImage", lasting=world.timings.saving, image=image, auth=auth)


def begin_job(world: World, instance: Instance, kind: str, *, lasting: float, image: str = "", auth: str = "") -> Job:
    """Starts a job that takes `lasting` seconds in all."""
    job = Job(
        id=world.new_id("job"),
        created=world.moment,
        type=kind,
        instance=instance.id,
        state="pulling",
        image=image,
        auth=auth,
    )
    world.jobs.add(job)
    wait = min(world.timings.job_wait, lasting)
    end = "success" if pullable(world, image) else "fail"
    world.expect(world.jobs, job, [(wait, "running"), (lasting - wait, end)])
    return job


def interrupt(world: World, key: str) -> Job:
    """Interrupts a job that is not over."""
    job = job_of(world, key)
    if job.state not in RUNNING:
        raise not_allowed(f"job {key} is over: {job.state}")
    job.state = "break"
    world.expect(world.jobs, job, [])
    return job


def on_event(world: World, job: Job, event: str) -> None:
    """Handles the next event of a job. A job fails if its machine is gone."""
    instance = world.instances.get(job.instance)
    if event == "success" and (instance is None or instance.status in {"removing", "removed"}):
        event = "fail"
    job.state = event
    if event == "success" and job.type == "saveImage":
        images.add_tag(world, job.image)
    if event == "fail":
        job.error, job.message = "PushFailed", f"could not finish {job.type} of {job.instance} {job.image}".strip()
