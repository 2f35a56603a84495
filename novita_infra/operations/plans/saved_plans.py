"""Saved plans: written, shown, and opened again in a project to be compared with a new plan.

Nothing of a plan file is used before its seal is checked with the key of the state in the project at hand. Even then
the manifests, the policies, the state and the files of variables are those of the project and the command line.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import Final

from novita_infra.encoding import decode_as
from novita_infra.encoding.values import Malformed
from novita_infra.manifests.project.discovery import find
from novita_infra.manifests.project.loading import Project
from novita_infra.manifests.project.locating import Located
from novita_infra.model.diagnostics import EXIT_REFUSED, Problems, problem
from novita_infra.model.frozen import dataclass
from novita_infra.model.values import Secret, Value, leaves
from novita_infra.operations.opening.account import account_opener
from novita_infra.operations.session import ProjectOptions, Session, located, project_at, state_locked, with_project
from novita_infra.planning.options import PlanOptions
from novita_infra.planning.plan.configuration import Configuration
from novita_infra.planning.plan.review import Review
from novita_infra.planning.saved.plan_file import (
    PlanFileParts,
    SavedPlan,
    Setting,
    check_seal,
    damaged,
    decoded,
    is_plan_file,
    read_content,
    read_plan,
    write_plan,
)
from novita_infra.planning.saved.staleness import manifest_digests
from novita_infra.state.encryption.settings import Encryption, encryption_of
from novita_infra.state.opening import open_backend

_OF_SEVERAL: Final = {"targets": "target", "excludes": "exclude", "replaces": "replace", "checks": "check"}
"""Field of PlanOptions -> its option on the command line, which is given once for each."""


@dataclass(frozen=True, slots=True)
class Reopened:
    """A saved plan whose seal was checked, and the project at hand."""

    saved: SavedPlan
    where: ProjectOptions
    """The project at hand, with the environment and the variables of the plan."""
    project: Project


def is_plan(path: Path) -> bool:
    """Whether the path is a plan that `save_plan` wrote. Raises Problems on a file of no kind that is known."""
    if is_plan_file(path):
        return True
    if not path.exists():
        hint = "name a project folder, a manifest file or a plan that `novita-infra plan --out FILE` saved"
        raise problem(f"{path}: there is no such file or folder", hint)
    if path.is_file() and path.suffix not in {".yaml", ".yml"}:
        raise problem(f"{path} is no saved plan and no manifest", "`novita-infra plan --out FILE` saves a plan")
    return False


async def store_new_state(session: Session) -> None:
    """Stores the state of a project that has none, because its key seals the plan.

    Raises Problems as `state_locked`.
    """
    if session.state.serial == 0:
        async with state_locked(session, "plan"):
            if session.state.serial == 0:
                session.state = session.store.save(session.state)


def save_plan(
    session: Session,
    review: Review,
    path: Path,
    *,
    asked: PlanOptions,
    configuration: Configuration | None = None,
) -> str:
    """Writes the plan so that `reopened` can open it; returns its digest. Needs a stored state (`store_new_state`).

    `configuration` is what a program is shown of the manifests.
    """
    where, project = session.where, session.project
    given = {**project.given.from_environ, **where.variables}
    setting = Setting(
        root=str(project.root.resolve()),
        environment=project.environment,
        state=session.store.describe(),
        created=session.clock.now(),
        variables={name: text for name, text in given.items() if name in project.variables},
        options={"sim": session.sim, "scope": project.scope, "varFiles": _named(where.var_files, project.root)},
        asked=asked,
        configuration=configuration,
        lookups=project.given.lookups,
    )
    return write_plan(
        review,
        path,
        key=session.state.key,
        setting=setting,
        declared=bound_manifests(review, project),
        encryption=encryption_of(project.state.revealed()),
    )


def read_saved_plan(path: Path, where: ProjectOptions) -> SavedPlan:
    """A saved plan for showing. The seal is not checked.

    No key, no network, no project and no secret is needed. Only an encrypted plan needs the project in the current
    folder, whose settings name the key; `where` is what the command line says beside its path.
    """
    return read_plan(path, _keys_of(replace(where, path=Path())))


def _keys_of(where: ProjectOptions) -> Callable[[], Encryption]:
    """Finds the keys of the encrypted plans of a project when they are needed."""
    return lambda: encryption_of(located(where).state.revealed())


def bound_manifests(review: Review, project: Project) -> Mapping[str, str]:
    """The manifest digests that a plan is bound to; none for a plan that destroys."""
    return {} if review.plan.destroys else manifest_digests(project.declared)


@asynccontextmanager
async def opened_saved(
    plan: Path,
    where: ProjectOptions,
    environ: Mapping[str, str],
    *,
    asked: PlanOptions = PlanOptions(),
    in_flight: int | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[tuple[Session, SavedPlan]]:
    """A saved plan with the project at hand, its state and its account. Raises Problems as `reopened`."""
    opened = await reopened(plan, where, environ, asked=asked, report=report)
    async with (
        account_opener(environ, sim=opened.where.sim, in_flight=in_flight) as account,
        with_project(opened.where, opened.project, account, report=report) as session,
    ):
        yield session, opened.saved


async def reopened(
    plan: Path,
    where: ProjectOptions,
    environ: Mapping[str, str],
    *,
    asked: PlanOptions = PlanOptions(),
    report: Callable[[str], None] = lambda _: None,
) -> Reopened:
    """A saved plan for the project at `where`, and that project as it is now; its secrets are read again.

    `where` and `asked` are what the command line says. Raises Problems where the plan was not made with the state of
    the project, or was changed since; where the command line says something else than the plan; where the manifests
    cannot be read; and where a secret is missing or has changed since.
    """
    sealed = _sealed(plan, where)
    _check_repeated(sealed, where, asked)
    where = _with_setting(sealed, where)
    destroys, lookups = sealed.setting.asked.destroys, sealed.setting.lookups
    project = await project_at(where, environ, destroys=destroys, lookups=None if destroys else lookups, report=report)
    saved = decoded(sealed.content, _reading_again(project), key=sealed.key)
    return Reopened(saved, where, project)


def place_of_plan(plan: Path, where: ProjectOptions) -> Located | None:
    """The project at `where` in the environment of the plan; None if it cannot be found."""
    with suppress(Problems):
        return _located(read_content(plan, _keys_of(where)), where)
    return None


def options_here(plan: Path, where: ProjectOptions) -> ProjectOptions:
    """The options of the project at `where` with the environment and the variables of a saved plan.

    Raises Problems where the plan was not made with the state of that project.
    """
    return _with_setting(_sealed(plan, where), where)


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A plan file whose seal was checked: its content is what a program with the state wrote."""

    content: PlanFileParts
    setting: Setting
    place: Located
    """The project at hand."""
    key: str
    """The hex key of its state."""


def _sealed(plan: Path, where: ProjectOptions) -> _Sealed:
    content = read_content(plan, _keys_of(where))
    place = _located(content, where)
    store = open_backend(place.state).store(place.environment, project=place.name)
    state = store.load()
    if not state.serial:
        raise problem(
            f"there is no state at {store.describe()}, and {plan} can be applied only with the state that it was made "
            "with",
            "run this in the project that the plan was made for; if the state is lost, see `novita-infra plan`",
            code=EXIT_REFUSED,
        )
    key = state.key
    check_seal(content, key, state=store.describe())
    try:
        return _Sealed(content, decode_as(Setting, content.data["setting"]), place, key)
    except Malformed as error:
        raise damaged(plan, str(error)) from error


def _with_setting(sealed: _Sealed, where: ProjectOptions) -> ProjectOptions:
    setting = sealed.setting
    return replace(
        where,
        path=_scoped(sealed, where),
        environment=setting.environment,
        variables={name: str(text) for name, text in setting.variables.items()},
        sim=where.sim or bool(setting.options.get("sim")),
    )


def _located(content: PlanFileParts, where: ProjectOptions) -> Located:
    """The project at hand in the environment of the plan. Raises Problems if the project has no such environment."""
    plan, environment = content.path, content.environment
    if where.environment and where.environment != environment:
        hint = "leave out --env, and unset NOVITA_INFRA_ENV"
        raise problem(f"the plan {plan} is for environment {environment}, not {where.environment}", hint)
    try:
        return located(replace(where, environment=environment))
    except Problems as error:
        hint = "go to the folder of the project, or name it with --project"
        raise Problems(
            [replace(item, hint=item.hint or hint) for item in error.diagnostics], code=error.code
        ) from error


def _check_repeated(sealed: _Sealed, where: ProjectOptions, asked: PlanOptions) -> None:
    """Raises Problems unless the command line repeats what a plan file cannot be trusted with, and nothing else."""
    setting, plan = sealed.setting, sealed.content.path
    same = {name: setting.variables.get(name) == text for name, text in where.variables.items()}
    if not all(same.values()) or replace(asked, policies=()) not in {
        PlanOptions(),
        replace(setting.asked, policies=()),
    }:
        options = [*_options_given(asked), *(["--var"] if where.variables else [])]
        raise problem(
            f"{plan} is a saved plan: it carries its own environment, variables and options",
            f"leave out {' and '.join(options)}, or make a new plan",
        )
    named, given = setting.options.get("varFiles", []), _named(where.var_files, sealed.place.root)
    if named != given:
        words = " ".join(f"--var-file {name}" for name in named)
        hint = f"add {words}" if named else "leave out --var-file"
        raise problem(
            f"{plan} was made {f'with {words}' if named else 'without --var-file'}, and no apply reads a file because "
            "a plan names it",
            hint,
        )


def _options_given(asked: PlanOptions) -> list[str]:
    """The options of the command line that are not as they are by default."""
    names = [item.name for item in fields(asked) if item.name != "policies"]
    given = [name for name in names if getattr(asked, name) != getattr(PlanOptions(), name)]
    return [f"--{_OF_SEVERAL.get(name, name).replace('_', '-')}" for name in given]


def _scoped(sealed: _Sealed, where: ProjectOptions) -> Path:
    """The folder of the project, or the one manifest file that the plan was made for."""
    place = sealed.place
    scope = str(sealed.setting.options.get("scope", ""))
    if place.scope == scope:
        return where.path
    if scope and not place.scope and scope in find(where.path).manifests:
        return place.root / scope
    plan = sealed.content.path
    raise problem(f"the plan {plan} was made for {scope or 'the whole project'}, not for {place.scope or place.root}")


def _named(files: tuple[Path, ...], root: Path) -> list[str]:
    """The files relative to the project."""
    return [os.path.relpath(file.resolve(), root.resolve()) for file in files]


def _reading_again(project: Project) -> Callable[[str], str]:
    """Reads the source of a secret again, as a plan file names it, from the project as it is now."""
    known = _secrets_of(project)

    def read(source: str) -> str:
        if source not in known:
            raise problem(
                f"the plan needs the secret from {source}, which the project does not use any more", "make a new plan"
            )
        return known[source]

    return read


def _secrets_of(project: Project) -> dict[str, str]:
    found: dict[str, str] = {}
    waiting: list[Value] = [*(item.may_be_secret for item in project.declared), dict(project.outputs)]
    while waiting:
        for secret in (leaf for leaf in leaves(waiting.pop()) if isinstance(leaf, Secret)):
            if secret.computed is None:
                found[secret.source] = secret.value
            else:
                waiting.append(secret.computed)
    return found
