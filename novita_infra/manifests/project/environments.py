"""Chooses the environment of a project and applies its patches to the documents.

Every patched value keeps the place of the patch, so that messages point at the line to correct.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from novita_infra.manifests.project.project_file import Settings
from novita_infra.manifests.resources.names import suggest
from novita_infra.manifests.validation.documents import IdentifiedDocument
from novita_infra.manifests.yaml.positions import Path, Position, inside, label_of, origin
from novita_infra.model.addresses import Origin, fits_wildcards
from novita_infra.model.diagnostics import Diagnostic, Severity, nearest
from novita_infra.model.frozen import dataclass

DEFAULT: Final = "default"
"""The name of the environment if the project declares none."""

_PATCHED: Final = ("spec", "lifecycle")


_MOST_SHOWN: Final = 5
"""The most entries of a list that a message shows."""
_LONGEST: Final = 60


@dataclass(frozen=True, slots=True)
class _ReplacedList:
    """A list that a patch replaces as a whole."""

    identified: IdentifiedDocument
    path: Path
    before: Sequence[Any]
    old_place: Position
    after: Any
    new_place: Position


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
        diagnostics.append(
            Diagnostic(summary if place else f"--env or NOVITA_INFRA_ENV: {summary}", hint, origin=place)
        )
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

    A target without a match is an error if the resources are `complete`. A list that loses entries is a warning.
    """
    documents = list(identified)
    diagnostics: list[Diagnostic] = []
    for index, item in enumerate(environment.patches):
        target = item.get("target") if isinstance(item, dict) else None
        if not isinstance(target, str):
            continue  # the schema of the project file reports it
        position = inside(environment.patches_position, index)
        matching = [place for place, one in enumerate(documents) if _is_target(target, str(one.address))]
        replaced: list[_ReplacedList] = []
        for place in matching:
            documents[place] = _patched(
                documents[place], item, position, expressions=environment.expressions, replaced=replaced
            )
        diagnostics += _dropped(replaced)
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
    identified: IdentifiedDocument,
    item: Mapping[str, Any],
    position: Position,
    *,
    expressions: bool,
    replaced: list[_ReplacedList],
) -> IdentifiedDocument:
    document = identified.document
    changes = {name: item[name] for name in _PATCHED if isinstance(item.get(name), dict)}
    places: dict[str, Position] = {name: inside(position, name) for name in changes}
    data, merged = _merged(
        document.data,
        document.position,
        changes,
        (*position[:5], places),
        lists=lambda *found: replaced.append(_ReplacedList(identified, *found)),
    )
    return replace(
        identified,
        document=replace(document, data=data, position=merged, expressions=document.expressions or expressions),
    )


def _merged(
    data: Any, position: Position, changes: Any, places: Position, *, lists: Callable[..., None], path: Path = ()
) -> tuple[Any, Position]:
    """Merges the changes into the data: mappings are merged, null removes a key, any other value replaces.

    `lists` gets each list that a value replaces: its path, the list and its place, the value and its place.
    """
    if not isinstance(data, dict) or not isinstance(changes, dict):
        if isinstance(data, list):
            lists(path, data, position, changes, places)
        return _without_nulls(changes, places)
    result, positions = dict(data), dict(position[5]) if isinstance(position[5], dict) else {}
    own = places if any(name in data and value is None for name, value in changes.items()) else position
    for name, value in changes.items():
        if value is None:
            result.pop(name, None)
            positions.pop(name, None)
        elif name in result:
            result[name], positions[name] = _merged(
                result[name],
                inside(position, name),
                value,
                inside(places, name),
                lists=lists,
                path=(*path, name),
            )
        else:
            result[name], positions[name] = _without_nulls(value, inside(places, name))
    return result, (*own[:5], positions)  # what is missing now is missing because of the patch


def _ignored(*_: Any) -> None:
    """Takes a replaced list that nobody declared."""


def _without_nulls(value: Any, position: Position) -> tuple[Any, Position]:
    """Returns the value that a patch adds, without its nulls."""
    if not isinstance(value, dict):
        return value, position
    return _merged({}, (*position[:5], {}), value, position, lists=_ignored)


def _dropped(replaced: Sequence[_ReplacedList]) -> Iterator[Diagnostic]:
    """Yields a warning for each list of which the patch drops entries; one for all resources that lose the same."""
    same: dict[tuple[Path, Origin, str], list[_ReplacedList]] = {}
    for item in replaced:
        if entries := [one for one in item.before if not isinstance(item.after, list) or one not in item.after]:
            key = (item.path, origin(item.new_place), _listed(item, entries))
            same.setdefault(key, []).append(item)
    for (path, place, listed), items in same.items():
        first, others = items[0], f" and {len(items) - 1} more" if len(items) > 1 else ""
        summary = f"the patch replaces {label_of(path)} of {first.identified.address}{others}; it drops {listed}"
        hint = f"a patch replaces a whole list: to keep entries of {origin(first.old_place)}, repeat them in the patch"
        yield Diagnostic(summary, hint, origin=place, severity=Severity.WARNING)


def _listed(item: _ReplacedList, entries: Sequence[Any]) -> str:
    field = item.identified.kind.by_name.get(str(item.path[1])) if len(item.path) > 1 else None
    if field is not None and (field.secret or field.secret_items):
        return f"{len(entries)} entries"
    more = f" and {len(entries) - _MOST_SHOWN} more" if len(entries) > _MOST_SHOWN else ""
    return f"{', '.join(map(_shown, entries[:_MOST_SHOWN]))}{more}"


def _shown(entry: Any) -> str:
    text = json.dumps(entry, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
