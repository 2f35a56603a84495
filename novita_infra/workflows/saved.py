"""Plans as files: saved, shown, and opened again to be applied as they were shown."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from novita_infra.diagnostics import problem
from novita_infra.manifests.project import Project, load
from novita_infra.planning.plan import Plan
from novita_infra.planning.saving import Setting, is_plan_file, write_plan
from novita_infra.planning.saving import read_plan as read_plan_file
from novita_infra.resources import Secret, Value, leaves
from novita_infra.workflows.running import check_basis
from novita_infra.workflows.session import Session, Where, with_project


def is_plan(path: Path) -> bool:
    """Whether the path is a plan that `save_plan` wrote."""
    return is_plan_file(path)


def save_plan(session: Session, plan: Plan, path: Path) -> str:
    """Writes the plan so that `opened_saved` can apply it as it was shown; returns its digest."""
    where, project = session.where, session.project
    setting = Setting(
        root=str(project.root.resolve()),
        environment=project.environment,
        state=os.path.relpath(session.store.path.resolve(), project.root.resolve()),
        created=session.clock.now(),
        variables={name: text for name, text in where.variables.items() if name in project.variables},
        options={
            "sim": session.sim,
            "scope": project.scope,
            "ownerMarks": project.owner_marks,
            "varFiles": [os.path.relpath(file.resolve(), project.root.resolve()) for file in where.var_files],
            "manifests": sorted({item.origin.file for item in project.declared}),
            "fromHere": os.path.relpath(project.root.resolve(), path.resolve().parent),
        },
    )
    return write_plan(plan, path, key=session.state.key, setting=setting)


def read_plan(path: Path) -> Plan:
    """A saved plan for showing: no key, no network, no secret is needed."""
    return read_plan_file(path).plan


@asynccontextmanager
async def opened_saved(
    where: Where, environ: Mapping[str, str], *, in_flight: int | None = None
) -> AsyncIterator[tuple[Session, Plan]]:
    """A saved plan with the books and the account that it was made for; its secrets are read again.

    Raises Problems where a secret is missing or has changed since.
    """
    setting = read_plan_file(where.path).setting
    setting = replace(setting, root=str(_root(setting, where.path)))
    saved = read_plan_file(where.path, _reading_again(setting, environ))
    where = replace(
        where,
        path=Path(setting.root),
        environment=setting.environment,
        sim=where.sim or bool(setting.options.get("sim")),
    )
    project = Project(
        name=saved.plan.project,
        root=Path(setting.root),
        environment=setting.environment,
        environments=(),
        declared=(),
        outputs={},
        state_folder=(Path(setting.root) / setting.state).parent,
        scope=str(setting.options.get("scope", "")),
        owner_marks=setting.options.get("ownerMarks") is not False,
    )
    async with with_project(where, project, environ, in_flight=in_flight) as session:
        check_basis(saved.plan, session.state)
        yield session, saved.plan


def _root(setting: Setting, plan: Path) -> Path:
    """Where the project is now: where it was, or at the same place as seen from the plan file (another checkout).

    Raises Problems where it is at neither: books made somewhere else would be known to nobody.
    """
    moved = plan.resolve().parent / str(setting.options.get("fromHere", "."))
    files = [str(name) for name in setting.options.get("manifests", ())] or [setting.state]
    for root in (Path(setting.root), moved.resolve()):
        if all((root / name).is_file() for name in files):
            return root
    raise problem(
        f"the project of this plan was in {setting.root}, and is not there",
        "put the plan file where it was beside the project, or make a new plan",
    )


def _reading_again(setting: Setting, environ: Mapping[str, str]) -> Callable[[str], str]:
    """Reads the source of a secret again, as a plan file names it: by loading the project as it was loaded then."""
    known: dict[str, str] = {}

    def read(source: str) -> str:
        if not known:
            known.update(_secrets_of(_loaded_again(setting, environ)))
        if source not in known:
            raise problem(f"the plan needs the secret from {source}, which is there no more", "make a new plan")
        return known[source]

    return read


def _loaded_again(setting: Setting, environ: Mapping[str, str]) -> Project:
    root, scope = Path(setting.root), str(setting.options.get("scope", ""))
    return load(
        root / scope if scope else root,
        environment=setting.environment,
        variables={name: str(text) for name, text in setting.variables.items()},
        var_files=[root / str(file) for file in setting.options.get("varFiles", ())],
        environ=environ,
    )


def _secrets_of(project: Project) -> dict[str, str]:
    found: dict[str, str] = {}
    waiting: list[Value] = [*(dict(item.spec) for item in project.declared), dict(project.outputs)]
    for secret in (leaf for value in waiting for leaf in leaves(value) if isinstance(leaf, Secret)):
        found[secret.source] = secret.value
        found.update({part.source: part.value for part in secret.parts if isinstance(part, Secret)})
    return found
