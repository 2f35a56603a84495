"""Where the values of a project come from, for `why`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from novita_infra.manifests.project.provenance import Provenance
from novita_infra.model.diagnostics import Problems
from novita_infra.operations.plans.saved_plans import is_plan, options_here
from novita_infra.operations.session import ProjectOptions, validate_project


def provenance_of(where: ProjectOptions, environ: Mapping[str, str]) -> Provenance:
    """The provenance of all values of the project; for a saved plan, of the project in the current folder as it is now.

    It is empty if the project cannot be read, and if the plan is not of this project: a plan file may be
    shown anywhere.
    """
    provenance = Provenance()
    with suppress(Problems):
        if is_plan(where.path):
            where = options_here(where.path, replace(where, path=Path()))
        validate_project(where, environ, lenient=True, provenance=provenance)
    return provenance
