"""Saved plans: written, shown, and opened again to be applied as they were shown."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from novita_infra.kinds import KINDS
from novita_infra.manifests.project.loading import Project
from novita_infra.model.diagnostics import Problems, problem
from novita_infra.model.durations import in_words
from novita_infra.model.resources import Phase
from novita_infra.model.values import Secret, Value, leaves
from novita_infra.operations.basis import check_basis
from novita_infra.operations.session import ProjectOptions, Session, project_at, with_project
from novita_infra.planning.cost.costing import parts_of, risen
from novita_infra.planning.options import PlanOptions
from novita_infra.planning.plan.findings import Finding, code_of
from novita_infra.planning.plan.review import Review
from novita_infra.planning.plan.steps import Step, StepKind, Update
from novita_infra.planning.saved.plan_file import SavedPlan, Setting, is_plan_file, read_plan, write_plan
from novita_infra.planning.saved.staleness import manifest_digests, moved
from novita_infra.state.opening import open_backend, settings_from


def is_plan(path: Path) -> bool:
    """Whether the path is a plan that `save_plan` wrote. Raises Problems on a file of no kind that is known."""
    if is_plan_file(path):
        return True
    if path.is_file() and path.suffix not in {".yaml", ".yml"}:
        raise problem(f"{path} is no saved plan and no manifest", "`novita-infra plan --out FILE` saves a plan")
    return False


def save_plan(session: Session, review: Review, path: Path, *, asked: PlanOptions) -> str:
    """Writes the plan so that `opened_saved` can apply it as it was shown; returns its digest."""
    where, project = session.where, session.project
    given = {**project.given.from_environ, **where.variables}
    setting = Setting(
        root=str(project.root.resolve()),
        environment=project.environment,
        state=session.store.locator(project.root),
        created=session.clock.now(),
        variables={name: text for name, text in given.items() if name in project.variables},
        options={
            "sim": session.sim,
            "scope": project.scope,
            "varFiles": [os.path.relpath(file.resolve(), project.root.resolve()) for file in where.var_files],
            "manifests": sorted({item.origin.file for item in project.declared}),
            "fromHere": os.path.relpath(project.root.resolve(), path.resolve().parent),
        },
        asked=asked,
    )
    declared = _digests(review, project)
    return write_plan(review, path, key=session.state.key, setting=setting, declared=declared)


def read_saved_plan(path: Path) -> SavedPlan:
    """A saved plan for showing: no key, no network, no project and no secret is needed."""
    return read_plan(path)


@asynccontextmanager
async def opened_saved(
    where: ProjectOptions,
    environ: Mapping[str, str],
    *,
    in_flight: int | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[tuple[Session, SavedPlan]]:
    """A saved plan with the project, the state and the account that it was made for. Raises Problems as `reopened`."""
    saved, where, project = reopened(where, environ)
    async with with_project(where, project, environ, in_flight=in_flight, report=report) as session:
        yield session, saved


def reopened(where: ProjectOptions, environ: Mapping[str, str]) -> tuple[SavedPlan, ProjectOptions, Project]:
    """A saved plan, and the project that it was made for as it is now; its secrets are read again.

    Raises Problems where the manifests cannot be read, and where a secret is missing or has changed since.
    """
    setting, place = reopened_at(where)
    project = project_at(place, environ, destroys=setting.asked.destroys)
    project = replace(project, state=settings_from(setting.state, project.root))
    return read_plan(where.path, _reading_again(project)), place, project


def reopened_at(where: ProjectOptions) -> tuple[Setting, ProjectOptions]:
    """What a saved plan was made in, and where that is now. Raises Problems where it is not there any more."""
    setting = read_plan(where.path).setting
    root, scope = _root(setting, where.path), str(setting.options.get("scope", ""))
    return setting, replace(
        where,
        path=root / scope if scope else root,
        environment=setting.environment,
        variables={name: str(text) for name, text in setting.variables.items()},
        var_files=tuple(root / str(file) for file in setting.options.get("varFiles", ())),
        sim=where.sim or bool(setting.options.get("sim")),
    )


async def check_saved(session: Session, saved: SavedPlan) -> None:
    """Reads again all that the plan was made from. Raises Problems, field by field, where it is not what it was.

    Needs the lock (`state_locked`), and changes nothing.
    """
    # `show` reads saved plans without planning: these imports would add 8 % to its start-up.
    from novita_infra.operations.plans.planning import plan_project  # noqa: PLC0415
    from novita_infra.operations.plans.preflight import cleared_again  # noqa: PLC0415
    from novita_infra.refresh.catalogue import read_catalogue  # noqa: PLC0415

    check_basis(saved.review.plan, session.state, seal=saved.seal)
    making = {step.address.type for step in saved.review.plan.steps if _takes_stock(step)}
    parts = {*parts_of(saved.review), *(part for prefix in making for part in KINDS[prefix].resolution.catalogues)}
    fresh, catalogue = await asyncio.gather(
        plan_project(session, saved.setting.asked), read_catalogue(session.client, sorted(parts))
    )
    cleared = await cleared_again(session.client, saved, session.project.declared, catalogue)
    ago = in_words(session.clock.now() - saved.setting.created)
    digests = saved.declared, _digests(fresh, session.project)
    findings = [
        *moved(saved.review, fresh, digests=digests, key=session.state.key, ago=ago, kinds=KINDS),
        *risen(saved.review, catalogue, session.project.rules),
        *(Finding(item, cleared.code) for item in cleared.problems),
    ]
    if findings:
        diagnostics = dict.fromkeys(finding.diagnostic for finding in findings)
        raise Problems(diagnostics, code=code_of(findings))


def _digests(review: Review, project: Project) -> Mapping[str, str]:
    """The manifest digests that a plan is bound to; none for a plan that destroys."""
    return {} if review.plan.destroys else manifest_digests(project.declared)


def _root(setting: Setting, plan: Path) -> Path:
    """Where the project is now: where it was, or at the same place as seen from the plan file (another checkout).

    Raises Problems if it is at neither: a state at another place would be found by no later run.
    """
    moved = plan.resolve().parent / str(setting.options.get("fromHere", "."))
    for root in (Path(setting.root), moved.resolve()):
        if _is_root(root, setting):
            return root
    raise problem(
        f"the project of this plan was in {setting.root}, and is not there",
        "put the plan file where it was beside the project, or make a new plan",
    )


def _is_root(root: Path, setting: Setting) -> bool:
    """Whether the folder holds the manifests of the plan; without any, whether it holds the state of the plan."""
    files = [str(name) for name in setting.options.get("manifests", ())]
    if files:
        return all((root / name).is_file() for name in files)
    return setting.environment in open_backend(settings_from(setting.state, root)).environments()


def _reading_again(project: Project) -> Callable[[str], str]:
    """Reads the source of a secret again, as a plan file names it, from the project as it is now."""
    known = _secrets_of(project)

    def read(source: str) -> str:
        if source not in known:
            raise problem(f"the plan needs the secret from {source}, which is there no more", "make a new plan")
        return known[source]

    return read


def _secrets_of(project: Project) -> dict[str, str]:
    found: dict[str, str] = {}
    waiting: list[Value] = [*(dict(item.spec) for item in project.declared), dict(project.outputs)]
    for secret in (leaf for value in waiting for leaf in leaves(value) if isinstance(leaf, Secret)):
        found[secret.source] = secret.value
        found.update({part.source: part.value for part in secret.parts if isinstance(part, Secret)})
    return found


def _takes_stock(step: Step) -> bool:
    """Whether the step creates an object or starts a stopped one."""
    match step.action:
        case Update(call):
            return KINDS[step.address.type].call(call).allowed_phases == {Phase.STOPPED}
        case _:
            return step.action is StepKind.CREATE
