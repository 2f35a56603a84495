"""The code of a user, which `mypy --strict` checks; every public name is used as a user would."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, assert_type

from novita_infra import (
    SECRET,
    UNKNOWN,
    ApiError,
    ApplyFailed,
    ApplyRun,
    AsyncApplyRun,
    AsyncClient,
    AsyncProject,
    AtLimit,
    Busy,
    Client,
    Diagnostic,
    DriftedResource,
    InUse,
    NoCapacity,
    NoMoney,
    NotFound,
    NovitaInfraError,
    PlanChoices,
    PlannedChange,
    PlanSummary,
    Problems,
    Project,
    ProjectState,
    RecordedResource,
    Refused,
    RunEvent,
    RunResult,
    Throttled,
    Unanswered,
    Unauthorized,
    Unreachable,
    __version__,
)

BLOCKING = (NoCapacity, NoMoney, AtLimit)
PASSING = (Busy, InUse, Throttled, Unanswered, Unreachable)


def deploy(folder: Path, most: Decimal) -> Mapping[str, Any]:
    """Applies what costs at most so much."""
    project = Project(folder, environment="prod", variables={"size": "20"}, simulated=True)
    assert_type(project.validate(), tuple[str, ...])
    choices: PlanChoices = {"targets": ["instance.*"], "refresh": "changed"}
    plan = project.plan(**choices)
    assert_type(plan, PlanSummary)
    assert_type(plan.problems, tuple[Diagnostic, ...])
    for change in plan.changes:
        assert_type(change, PlannedChange)
        if change.action == "delete" or change.after.get("image") in (UNKNOWN, SECRET):
            return {}
    if plan.usd_per_hour_after is None or plan.usd_per_hour_after > most:
        return {}
    try:
        with project.applying(plan, parallelism=4) as run:
            assert_type(run, ApplyRun)
            for event in run:
                assert_type(event, RunEvent)
        assert_type(run.result, RunResult)
    except ApplyFailed as failed:
        return {item.address: item.message for item in failed.result.failed}
    except Problems as problems:
        return {str(item.origin): item.summary for item in problems.diagnostics if problems.code == 1}
    except BLOCKING as blocked:
        return {"blocked": blocked.message}
    state = project.state()
    assert_type(state, ProjectState)
    assert_type(state.resources, Mapping[str, RecordedResource])
    assert_type(project.drift(), tuple[DriftedResource, ...])
    return project.outputs()


def balance() -> str:
    """The balance, or why it cannot be read."""
    try:
        with Client(key="sk_x") as client:
            return str(client.get("/v3/user/balance")["availableBalance"])
    except (NotFound, Unauthorized, Refused) as error:
        return f"{error.status} {error.reason} {error.advice}"
    except PASSING:
        return "try again"
    except (ApiError, NovitaInfraError) as error:
        return f"{__version__}: {error}"


async def deploy_at_once(*folders: Path) -> None:
    """In asynchronous code."""
    for folder in folders:
        project = AsyncProject(folder)
        async with project.applying(await project.plan()) as run:
            assert_type(run, AsyncApplyRun)
            async for event in run:
                assert_type(event, RunEvent)
        assert_type(await run.result(), RunResult)
        async with AsyncClient() as client:
            await client.items("/gpu-instance/openapi/v1/gpu/instances")
