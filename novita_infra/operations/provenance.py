"""Where the values of a project come from, for `why`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from novita_infra.manifests.project.loading import load
from novita_infra.manifests.project.provenance import Provenance
from novita_infra.model.diagnostics import Problems
from novita_infra.operations.plans.saved_plans import is_plan, reopened_at
from novita_infra.operations.session import ProjectOptions


def provenance_of(where: ProjectOptions, environ: Mapping[str, str]) -> Provenance:
    """The provenance of all values of the project, or of the project of a saved plan as it is now.

    It is empty if the project cannot be read: a plan file may be shown on another machine.
    """
    provenance = Provenance()
    with suppress(Problems):
        if is_plan(where.path):
            where = reopened_at(where)[1]
        load(
            where.path,
            environment=where.environment,
            variables=where.variables,
            var_files=where.var_files,
            environ=environ,
            provenance=provenance,
        )
    return provenance
