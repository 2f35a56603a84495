"""The names under which a job keeps the plan of an environment, and the next one finds it."""

from __future__ import annotations

from novita_infra.forges.forge import KeptPlan


def kept_plan_names(project: str, environment: str) -> KeptPlan:
    """The names for a project and an environment; both are words of letters, digits, dashes and underscores."""
    stem = f"{project}-{environment}"
    return KeptPlan(artefact=f"novita-infra-{stem}", job=f"plan {stem}", file=f"{stem}.niplan")
