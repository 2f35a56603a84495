"""Environments of a project: which one holds, and its patches worked into the documents.

Every patched value keeps the place of the patch, so that messages point at the line to mend.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from novita_infra.manifests.project.project_file import Settings
from novita_infra.manifests.resources.names import suggest
from novita_infra.manifests.validation.documents import IdentifiedDocument
from novita_infra.manifests.yaml.positions import Position, inside, origin
from novita_infra.model.diagnostics import Diagnostic, nearest

DEFAULT: Final = "default"
"""The environment of a project that names none."""

_PATCHED: Final = ("spec", "lifecycle")


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment of the project file, with the places of its values."""

    name: str
    variables: Mapping[str, Any]
    variables_spot: Position
    patches: Sequence[Any]
    patches_spot: Position
    expressions: bool


def choose_environment(settings: Settings, *, wanted: str) -> tuple[Environment, list[Diagnostic]]:
    """The environment that the command line wants, else the project's default one, else one named `default`."""
    declared = settings.part("environments")
    given = settings.text("defaultEnvironment")
    name = wanted or given or DEFAULT
    diagnostics = []
    if name not in declared and name != DEFAULT:
        hint = nearest(name, tuple(declared)) or "novita-infra.yaml declares none under environments:"
        place = None if wanted else origin(settings.spot("defaultEnvironment"))
        summary = f'there is no environment "{name}"'
        diagnostics.append(Diagnostic(summary if place else f"--env: {summary}", hint, origin=place))
    chosen, spot = _mapping(declared.get(name)), inside(settings.spot("environments"), name)
    patches = chosen.get("patches")
    environment = Environment(
        name=name,
        variables=_mapping(chosen.get("variables")),
        variables_spot=inside(spot, "variables"),
        patches=patches if isinstance(patches, list) else [],
        patches_spot=inside(spot, "patches"),
        expressions=settings.document.expressions,
    )
    return environment, diagnostics


def patch(
    headed: Sequence[IdentifiedDocument], environment: Environment, *, complete: bool
) -> tuple[list[IdentifiedDocument], list[Diagnostic]]:
    """The documents with the environment's patches worked in, in the order in which they are written.

    A target that matches nothing is an error where the resources are `complete`.
    """
    documents = list(headed)
    diagnostics = []
    for index, item in enumerate(environment.patches):
        target = item.get("target") if isinstance(item, dict) else None
        if not isinstance(target, str):
            continue  # the schema of the project file tells
        spot = inside(environment.patches_spot, index)
        pattern = _pattern(target)
        matching = [place for place, one in enumerate(documents) if pattern.fullmatch(str(one.address))]
        for place in matching:
            documents[place] = _patched(documents[place], item, spot, expressions=environment.expressions)
        if not matching and complete:
            known = tuple(str(one.address) for one in documents)
            summary = f'the patch target "{target}" matches no resource'
            diagnostics.append(Diagnostic(summary, suggest(target, known), origin=origin(inside(spot, "target"))))
    return documents, diagnostics


def _pattern(target: str) -> re.Pattern[str]:
    """A target as a pattern; `*` stands for any part of a name and for nothing else."""
    return re.compile("[^.]*".join(map(re.escape, target.split("*"))))


def _patched(
    headed: IdentifiedDocument, item: Mapping[str, Any], spot: Position, *, expressions: bool
) -> IdentifiedDocument:
    document = headed.document
    changes = {name: item[name] for name in _PATCHED if isinstance(item.get(name), dict)}
    places: dict[str, Position] = {name: inside(spot, name) for name in changes}
    data, merged = _merged(document.data, document.spot, changes, (*spot[:5], places))
    return replace(
        headed,
        document=replace(document, data=data, spot=merged, expressions=document.expressions or expressions),
    )


def _merged(data: Any, spot: Position, changes: Any, places: Position) -> tuple[Any, Position]:
    """The data with the changes in it: mappings are merged, null removes, everything else replaces."""
    if not isinstance(data, dict) or not isinstance(changes, dict):
        return _without_nulls(changes, places)
    result, spots = dict(data), dict(spot[5]) if isinstance(spot[5], dict) else {}
    own = places if any(name in data and value is None for name, value in changes.items()) else spot
    for name, value in changes.items():
        if value is None:
            result.pop(name, None)
            spots.pop(name, None)
        elif name in result:
            result[name], spots[name] = _merged(result[name], inside(spot, name), value, inside(places, name))
        else:
            result[name], spots[name] = _without_nulls(value, inside(places, name))
    return result, (*own[:5], spots)  # what is missing afterwards is missing because of the patch


def _without_nulls(value: Any, spot: Position) -> tuple[Any, Position]:
    """What a patch adds; a null in it removes what is not there."""
    if not isinstance(value, dict):
        return value, spot
    return _merged({}, (*spot[:5], {}), value, spot)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
