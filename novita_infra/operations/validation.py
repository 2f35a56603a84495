"""Checks the manifests of a project offline: in one environment, or in each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TypeAlias

from novita_infra.manifests.project.loading import Project
from novita_infra.manifests.project.locating import locate
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic, Problems, Severity
from novita_infra.model.frozen import dataclass
from novita_infra.operations.session import ProjectOptions, validate_project

_Key: TypeAlias = tuple[Origin | None, str, str]


@dataclass(frozen=True, slots=True)
class Validation:
    """What is wrong with the manifests of a project."""

    diagnostics: tuple[Diagnostic, ...]
    """Those of the chosen environment, then those that only others have, which they name."""
    resources: int | None
    """The number of resources in the chosen environment; None where the manifests are invalid in any."""
    environments: tuple[str, ...] = ()
    """The environments that were checked, the chosen one first; empty where the project declares none."""
    found_in: tuple[tuple[str, ...], ...] = ()
    """For each diagnostic, the environments that have it; empty where the project declares none."""


def validate_environments(where: ProjectOptions, environ: Mapping[str, str]) -> Validation:
    """Checks the manifests in the environment of the options, or in every environment if they name none.

    A diagnostic of several environments is reported once. No secret and no variable is needed.
    """
    chosen, resources, declared = _checked(where, environ)
    others = [name for name in _others(where) if not where.environment]
    found: dict[_Key, tuple[Diagnostic, list[str]]] = {}
    for name in others:
        for item in _checked(replace(where, environment=name), environ)[0]:
            if not item.unset:  # which may be set only where the environment is applied
                found.setdefault(_key(item), (item, []))[1].append(name)
    known = set(map(_key, chosen))
    further = [(_named(item, names), names) for key, (item, names) in found.items() if key not in known]
    diagnostics = (*chosen, *(item for item, _ in further))
    if any(item.severity is Severity.ERROR for item in diagnostics):
        resources = None
    if not declared:
        declared = _chosen(where)
    also = (found[key][1] if (key := _key(item)) in found else () for item in chosen)
    found_in = (*((*declared, *names) for names in also), *(tuple(names) for _, names in further))
    return Validation(diagnostics, resources, (*declared, *others), found_in)


def _checked(where: ProjectOptions, environ: Mapping[str, str]) -> tuple[Sequence[Diagnostic], int | None, list[str]]:
    """What is wrong in an environment, how many resources are valid, and its name where the project declares any."""
    try:
        project: Project = validate_project(where, environ, lenient=True)
    except Problems as problems:
        return problems.diagnostics, None, []
    warnings = [item for item in project.warnings if not item.unasked]  # nothing is wrong with them
    return warnings, len(project.declared), [project.environment] if project.environments else []


def _chosen(where: ProjectOptions) -> list[str]:
    """The environment that was checked first, where the project declares any and has it."""
    with suppress(Problems):
        located = locate(where.path, environment=where.environment)
        return [located.environment] if located.environments else []
    return []


def _others(where: ProjectOptions) -> Iterable[str]:
    """The environments beside the default one that read what is checked."""
    with suppress(Problems):
        located = locate(where.path)
        return [name for name in located.environments if name != located.environment]
    return ()


def _key(item: Diagnostic) -> _Key:
    """What is the same in a diagnostic of several environments; a hint may list what each of them has."""
    return item.origin, item.address, item.summary


def _named(item: Diagnostic, environments: Sequence[str]) -> Diagnostic:
    several = "s" if len(environments) > 1 else ""
    return replace(item, summary=f"in environment{several} {', '.join(environments)}: {item.summary}")
