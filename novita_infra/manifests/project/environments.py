"""Chooses the environment of a project, and the files that only some environments read.

An environment that extends another one has its settings, too.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any, Final

from novita_infra.manifests.project.discovery import ManifestFiles, is_below, why_unread
from novita_infra.manifests.project.project_file import Settings
from novita_infra.manifests.resources.names import suggest
from novita_infra.manifests.yaml.positions import Position, inside, origin
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic, nearest
from novita_infra.model.frozen import dataclass

ON_COMMAND_LINE: Final = "--env or NOVITA_INFRA_ENV: "
"""The place of an environment that a message names and no file does."""
DEFAULT: Final = "default"
"""The name of the environment if the project declares none."""


@dataclass(frozen=True, slots=True)
class EnvironmentPart:
    """What the project file says about one environment."""

    name: str
    data: Mapping[str, Any]
    position: Position


@dataclass(frozen=True, slots=True)
class Environment:
    """The chosen environment."""

    name: str
    parts: tuple[EnvironmentPart, ...]
    """The environment and those that it extends: the base first, the environment itself last."""
    expressions: bool
    """Whether the project file holds any."""

    def settings(self, name: str) -> Iterator[tuple[EnvironmentPart, Any, Position]]:
        """Yields the setting of that name in each part that has it, with its position; the base first."""
        for part in self.parts:
            if part.data.get(name) is not None:
                yield part, part.data[name], inside(part.position, name)

    def last(self, name: str) -> Any:
        """Returns the setting of that name that takes precedence; None without any."""
        return next((value for _, value, _ in reversed([*self.settings(name)])), None)


def names_of(settings: Settings) -> tuple[str, ...]:
    """Returns the environments of the project, and the one of a project that declares none."""
    return (*settings.part("environments"), DEFAULT)


def choose_environment(settings: Settings, *, wanted: str) -> tuple[Environment, list[Diagnostic]]:
    """Returns the environment of the command line, else the project's default, else one named `default`."""
    declared = settings.part("environments")
    given = settings.text("defaultEnvironment")
    name = wanted or given or DEFAULT
    diagnostics = []
    if name not in declared and name != DEFAULT:
        hint = nearest(name, tuple(declared)) or (
            f"novita-infra.yaml declares none: write `environments: {{{name}: {{}}}}` into it, or leave out --env"
        )
        place = None if wanted else origin(settings.position("defaultEnvironment"))
        summary = f'there is no environment "{name}"'
        diagnostics.append(Diagnostic(summary if place else f"{ON_COMMAND_LINE}{summary}", hint, origin=place))
    parts = tuple(reversed(_lineage(settings, name)))
    return Environment(name, parts, settings.document.expressions), diagnostics


def choose_files(found: ManifestFiles, settings: Settings, environment: Environment) -> list[Diagnostic]:
    """Leaves out the manifests that only other environments name in `include:`; returns the errors of these lists.

    Those of every environment are checked: a misspelt folder of one would be read in all.
    """
    diagnostics: list[Diagnostic] = []
    named = _named_by_all(settings)
    for paths in named.values():
        for path, place in paths.items():
            diagnostics += _path_errors(found, path, place)
    own = [path for part in environment.parts for path in named.get(part.name, ())]
    found.leave_elsewhere([path for paths in named.values() for path in paths], own)
    if found.scope in found.elsewhere:
        names = [name for name, paths in named.items() if is_below(found.scope, [*paths])]
        place = next(place for path, place in named[names[0]].items() if is_below(found.scope, [path]))
        hint = f"name the environment: --env {names[0]}"
        summary = f'{found.scope} is not part of the environment "{environment.name}"'
        diagnostics.append(Diagnostic(summary, hint, origin=place))
    return diagnostics


def environments_reading(settings: Settings, file: str) -> tuple[str, ...]:
    """Returns the declared environments that read the manifest, sorted; all of them for an empty `file`."""
    named, declared = _named_by_all(settings), sorted(settings.part("environments"))
    if not any(is_below(file, [*paths]) for paths in named.values()):
        return tuple(declared)
    own = {name: [path for part in _lineage(settings, name) for path in named.get(part.name, ())] for name in declared}
    return tuple(name for name in declared if is_below(file, own[name]))


def _named_by_all(settings: Settings) -> dict[str, dict[str, Origin]]:
    """Returns the folders and files of `include:` with their places, by the environment that names them."""
    return {
        name: {_normal(path): place for path, place in _named_paths(part)}
        for name in settings.part("environments")
        if (part := _part(settings, name)) is not None
    }


def _named_paths(part: EnvironmentPart) -> Iterator[tuple[str, Origin]]:
    """Yields the folders and files of `include:` with their places."""
    listed = part.data.get("include")
    position = inside(part.position, "include")
    for index, item in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(item, str) and item:
            yield item, origin(inside(position, index))


def _normal(path: str) -> str:
    """Returns the path as files of the project are named; one that leads out of it begins with `/` or `..`."""
    return posixpath.normpath(path)


def _path_errors(found: ManifestFiles, path: str, place: Origin) -> list[Diagnostic]:
    if path.startswith(("/", "..")) or path == "." or not path.isprintable():
        hint = "name a folder or a file inside of it, such as envs/prod"
        return [Diagnostic(f'"{path}" is not inside of the project\'s folder', hint, origin=place)]
    if not os.path.lexists(found.root / path):
        known = {folder for name in found.manifests for folder in accumulate(name.split("/"), "{}/{}".format)}
        hint = suggest(path, sorted(known)) or "it is relative to the project's folder"
        return [Diagnostic(f'there is no folder or file "{path}"', hint, origin=place)]
    if found.scope or any(is_below(name, [path]) for name in found.manifests):
        return []
    why = why_unread(found, path) if (found.root / path).is_file() else None
    return [Diagnostic(f'"{path}" holds no manifest', why or "no file in it is read as a manifest", origin=place)]


def _lineage(settings: Settings, name: str) -> list[EnvironmentPart]:
    """Returns the environment and those that it extends, the base last; a circle is followed once."""
    parts: dict[str, EnvironmentPart] = {}
    while name not in parts and (part := _part(settings, name)) is not None:
        parts[name] = part
        name = _extended(part)
    return [*parts.values()]


def _part(settings: Settings, name: str) -> EnvironmentPart | None:
    data = settings.part("environments").get(name)
    position = inside(settings.position("environments"), name)
    return EnvironmentPart(name, data, position) if isinstance(data, dict) else None


def _extended(part: EnvironmentPart) -> str:
    """Returns the name of the environment that the part extends; empty without one."""
    found = part.data.get("extends")
    return found if isinstance(found, str) else ""


def extension_errors(settings: Settings) -> list[Diagnostic]:
    """Returns the errors of every `extends`: an unknown environment, and environments that extend each other."""
    declared, diagnostics, circular = settings.part("environments"), [], set[str]()
    for name in declared:
        part = _part(settings, name)
        base = _extended(part) if part else ""
        if part is None or not base:
            continue
        place = origin(inside(part.position, "extends"))
        if base not in declared:
            others = tuple(other for other in declared if other != name)
            hint = nearest(base, others) or "novita-infra.yaml declares no other"
            diagnostics.append(Diagnostic(f'there is no environment "{base}" to extend', hint, origin=place))
            continue
        lineage = _lineage(settings, name)
        if name not in circular and _extended(lineage[-1]) == name:
            circular.update(one.name for one in lineage)
            walk = " -> ".join([*(one.name for one in lineage), name])
            hint = "one of them must extend none of the others"
            diagnostics.append(Diagnostic(f"environments extend each other: {walk}", hint, origin=place))
    return diagnostics
