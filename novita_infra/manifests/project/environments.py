"""Chooses the environment of a project and applies its patches to the documents.

Every patched value keeps the place of the patch, so that messages point at the line to correct.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from novita_infra.manifests.project.project_file import Settings
from novita_infra.manifests.resources.names import suggest
from novita_infra.manifests.validation.documents import IdentifiedDocument
from novita_infra.manifests.yaml.positions import Position, inside, origin
from novita_infra.model.addresses import fits_wildcards
from novita_infra.model.diagnostics import Diagnostic, nearest
from novita_infra.model.frozen import dataclass

DEFAULT: Final = "default"
"""The name of the environment if the project declares none."""

_PATCHED: Final = ("spec", "lifecycle")


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment of the project file, with the positions of its values."""

    name: str
    variables: Mapping[str, Any]
    variables_position: Position
    patches: Sequence[Any]
    patches_position: Position
    expressions: bool


def choose_environment(settings: Settings, *, wanted: str) -> tuple[Environment, list[Diagnostic]]:
    """Returns the environment of the command line, else the project's default, else one named `default`."""
    declared = settings.part("environments")
    given = settings.text("defaultEnvironment")
    name = wanted or given or DEFAULT
    diagnostics = []
    if name not in declared and name != DEFAULT:
        hint = nearest(name, tuple(declared)) or "novita-infra.yaml declares none under environments:"
        place = None if wanted else origin(settings.position("defaultEnvironment"))
        summary = f'there is no environment "{name}"'
        diagnostics.append(Diagnostic(summary if place else f"--env: {summary}", hint, origin=place))
    chosen, position = _mapping(declared.get(name)), inside(settings.position("environments"), name)
    patches = chosen.get("patches")
    environment = Environment(
        name=name,
        variables=_mapping(chosen.get("variables")),
        variables_position=inside(position, "variables"),
        patches=patches if isinstance(patches, list) else [],
        patches_position=inside(position, "patches"),
        expressions=settings.document.expressions,
    )
    return environment, diagnostics


def patch(
    identified: Sequence[IdentifiedDocument], environment: Environment, *, complete: bool
) -> tuple[list[IdentifiedDocument], list[Diagnostic]]:
    """Returns the documents with the environment's patches applied, in the order of the file.

    A target without a match is an error if the resources are `complete`.
    """
    documents = list(identified)
    diagnostics = []
    for index, item in enumerate(environment.patches):
        target = item.get("target") if isinstance(item, dict) else None
        if not isinstance(target, str):
            continue  # the schema of the project file reports it
        position = inside(environment.patches_position, index)
        matching = [place for place, one in enumerate(documents) if _is_target(target, str(one.address))]
        for place in matching:
            documents[place] = _patched(documents[place], item, position, expressions=environment.expressions)
        if not matching and complete:
            known = tuple(str(one.address) for one in documents)
            summary = f'the patch target "{target}" matches no resource'
            diagnostics.append(Diagnostic(summary, suggest(target, known), origin=origin(inside(position, "target"))))
    return documents, diagnostics


def _is_target(target: str, address: str) -> bool:
    """Whether the target names the address. `*` matches any part of a name and no dot."""
    patterns, parts = target.split("."), address.split(".")
    return len(patterns) == len(parts) and all(map(fits_wildcards, patterns, parts))


def _patched(
    identified: IdentifiedDocument, item: Mapping[str, Any], position: Position, *, expressions: bool
) -> IdentifiedDocument:
    document = identified.document
    changes = {name: item[name] for name in _PATCHED if isinstance(item.get(name), dict)}
    places: dict[str, Position] = {name: inside(position, name) for name in changes}
    data, merged = _merged(document.data, document.position, changes, (*position[:5], places))
    return replace(
        identified,
        document=replace(document, data=data, position=merged, expressions=document.expressions or expressions),
    )


def _merged(data: Any, position: Position, changes: Any, places: Position) -> tuple[Any, Position]:
    """Merges the changes into the data: mappings are merged, null removes a key, any other value replaces."""
    if not isinstance(data, dict) or not isinstance(changes, dict):
        return _without_nulls(changes, places)
    result, positions = dict(data), dict(position[5]) if isinstance(position[5], dict) else {}
    own = places if any(name in data and value is None for name, value in changes.items()) else position
    for name, value in changes.items():
        if value is None:
            result.pop(name, None)
            positions.pop(name, None)
        elif name in result:
            result[name], positions[name] = _merged(result[name], inside(position, name), value, inside(places, name))
        else:
            result[name], positions[name] = _without_nulls(value, inside(places, name))
    return result, (*own[:5], positions)  # what is missing now is missing because of the patch


def _without_nulls(value: Any, position: Position) -> tuple[Any, Position]:
    """Returns the value that a patch adds, without its nulls."""
    if not isinstance(value, dict):
        return value, position
    return _merged({}, (*position[:5], {}), value, position)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
