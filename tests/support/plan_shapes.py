"""Whether the JSON of a plan is what `schemas/plan.json` promises."""

from __future__ import annotations

import functools
from typing import Any

import jsonschema_rs

from novita_infra.manifests.project.loading import Project
from novita_infra.planning.plan.review import Review
from novita_infra.views.formats.json.configuration import configuration_of
from novita_infra.views.formats.json.plan import plan_json
from novita_infra.views.formats.json.schema.plan import plan_schema


def checked_json(plan: Review, project: Project | None = None) -> dict[str, Any]:
    """The plan as JSON, which fits the published schema; with the manifests of the project, if it is given."""
    data = plan_json(plan, configuration=configuration_of(project) if project else None)
    check_shape(data)
    return data


def check_shape(data: Any) -> None:
    """Fails where a key of the plan is not described in `formats/json/schema/plan.py` (then run `make schemas`)."""
    wrong = [f"{'/'.join(map(str, error.instance_path))}: {error.message}" for error in _compiled().iter_errors(data)]
    assert not wrong, f"not as schemas/plan.json promises (see views/formats/json/schema/plan.py): {wrong[:5]}"


@functools.cache
def _compiled() -> Any:
    return jsonschema_rs.Draft202012Validator(plan_schema())
