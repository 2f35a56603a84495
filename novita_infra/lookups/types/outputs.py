"""The lookup of the outputs of another project, or of another environment, from its state."""

from __future__ import annotations

from typing import Final

from novita_infra.lookups.found import Criteria, NoAnswer
from novita_infra.lookups.lookup import LookupType, Match, Matches, Needs, OtherProject, ReadSoFar

_WHY_SECRET: Final = "is secret, and a state holds only its digest"  # noqa: S105 -- a message


def _project(criteria: Criteria) -> OtherProject:
    return OtherProject(path=criteria["path"], environment=criteria.get("environment", ""))


def _needs(criteria: Criteria, _known: ReadSoFar) -> Needs:
    return Needs(projects=frozenset({_project(criteria)}))


def _find(criteria: Criteria, known: ReadSoFar) -> Matches | NoAnswer:
    project = _project(criteria)
    found = known.outputs[project]
    if found.error:
        return NoAnswer(found.error, found.hint)
    words = f"{project.path}, environment {project.environment}" if project.environment else project.path
    names = ", ".join(found.values) or "no outputs"
    match = Match(key=project.path, text=f"{words}: {names}", attributes=found.values)
    return Matches((match,), withheld=dict.fromkeys(found.secret, _WHY_SECRET))


LOOKUP: Final = LookupType(
    name="outputs",
    summary="The outputs of another project, or of another environment of this one, as its last apply left them.",
    criteria={
        "path": {
            "type": "string",
            "minLength": 1,
            "description": "The folder of the project, relative to that of this one.",
        },
        "environment": {
            "type": "string",
            "minLength": 1,
            "description": "Its environment. Default: its own default.",
        },
    },
    one_of=("path",),
    attributes={},
    example={"path": "../network", "environment": "prod"},
    needs=_needs,
    find=_find,
)
