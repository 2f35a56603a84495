"""The check of an object at the end of its steps: asked until it passes, and recorded then."""

from __future__ import annotations

from dataclasses import replace

from novita_infra.applying.errors import JobFailed, StepFailed, StillMoving
from novita_infra.applying.jobs.fetching import NOT_AGAIN
from novita_infra.applying.run import StepRun
from novita_infra.inference.checks import CheckedObject, ask_check, judge_counts
from novita_infra.model.diagnostics import EXIT_ERROR
from novita_infra.model.durations import in_words
from novita_infra.model.lifecycle import MIN_SUCCEEDED, Check
from novita_infra.refresh.objects import read_one


async def pass_check(at: StepRun, check: Check) -> None:
    """Asks the object until its answer passes the check. Raises StepFailed after the last attempt, StillMoving."""
    run, said = at.run, ""
    if at.record.checked:
        await at.put(replace(at.record, checked=""), "about to be checked again")
    if check.type == MIN_SUCCEEDED:
        await _judge_counts(at, check)
        return
    for attempt in range(check.retries + 1):
        if attempt:
            again = f"asked again in {in_words(check.interval)} ({attempt} of {check.retries})"
            at.note(at.record.id, f"{said}: {again}", status="unchecked")
            await run.pause(check.interval)
        if run.stop.is_set():
            raise StillMoving("interrupted before it passed its check; the next run checks it again")
        answer = await ask_check(run.client, check, await _checked_object(at))
        said = answer.said
        if answer.passed:
            await _passed(at, check, said)
            return
    again = "the object stays as it is, and the next run checks it again"
    raise StepFailed(f"its check failed: {check}, and {said}", again, code=EXIT_ERROR)


async def _judge_counts(at: StepRun, check: Check) -> None:
    """Judges a job that is over by its recorded counts, once: they do not change any more. Raises StepFailed."""
    rules = at.kind.resolution.checks
    errors = rules.errors(at.record.outputs, at.record.spec) if rules else ""
    answer = judge_counts(check, at.record.outputs, errors)
    if not answer.passed:
        raise JobFailed(f"its check failed: {check}, and {answer.said}", NOT_AGAIN, code=EXIT_ERROR)
    await _passed(at, check, answer.said)


async def _checked_object(at: StepRun) -> CheckedObject:
    rules = at.kind.resolution.checks
    if rules is not None and rules.asks_api:
        return CheckedObject(asks_api=True)
    live = await read_one(at.run.client, at.kind, at.record.id)
    if rules is None or live is None:
        raise StepFailed("it is gone, so it cannot be checked", "run the same command again")
    return CheckedObject(url=rules.url(live), queue=rules.queue(live))


async def _passed(at: StepRun, check: Check, said: str) -> None:
    await at.put(replace(at.record, checked=check.digest), "checked")
    at.note(at.record.id, f"checked: {said}", status="checked")
