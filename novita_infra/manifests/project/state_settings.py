"""Evaluates the settings under `state:`. Their secrets are read when a backend is opened, and not before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from novita_infra.manifests.language.interpolation import Interpolation
from novita_infra.manifests.language.scope import DeclaredResources, Scope
from novita_infra.manifests.language.secrets import Secrets
from novita_infra.manifests.project.environments import Environment
from novita_infra.manifests.project.project_file import Settings, holds_expression, setting_diagnostics, state_errors
from novita_infra.manifests.project.revealing import origin_or_file, with_clear_secrets
from novita_infra.manifests.project.variable_values import VariableValues
from novita_infra.manifests.secrets.source import Asking, Unreadable
from novita_infra.manifests.validation.documents import part_errors
from novita_infra.manifests.yaml.positions import Position, inside, origin
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.model.diagnostics import Diagnostic, Problems
from novita_infra.model.frozen import dataclass
from novita_infra.model.values import is_secret
from novita_infra.state.encryption.settings import ENCRYPTION, FALLBACK
from novita_infra.state.settings import StateSettings

_FROM_SOURCE = "write where it comes from: {fromEnv: NAME}"


def has_expressions(settings: Settings) -> bool:
    """Returns whether the place of the state depends on variables."""
    return settings.document.expressions and holds_expression(settings.part("state"))


def evaluated_state(
    settings: Settings,
    environment: Environment,
    secrets: Secrets,
    values: VariableValues | None,
    *,
    root: Path,
    sources: Sources,
    used: set[str],
) -> tuple[StateSettings, list[Diagnostic]]:
    """Returns the settings of the state, and the diagnostics.

    The names of variables without a usable value are added to `used`, for the caller to report. Settings that lack one
    cannot be opened.
    """
    options, position = settings.part("state"), settings.position("state")
    lookup = _StateSecrets(root, secrets, position)
    if not has_expressions(settings):
        return StateSettings(root, options, lookup), []
    known, diagnostics = state_errors(settings), list[Diagnostic]()
    lacking: set[str] = set()
    scope = Scope(
        values.by_name if values else None,
        secrets.environ,
        DeclaredResources(attributes={}),
        {"project": {"name": settings.project_name(root)}, "environment": {"name": environment.name}},
        used=lacking,
    )
    found: dict[str, Any] = {}
    checked: dict[str, Any] = {}
    for name, value in options.items():
        place = inside(position, name)
        one = Interpolation(scope, sources, diagnostics).of(value, place)
        if one.unusable:
            continue
        found[name], checked[name] = one.values, one.checked
        if is_secret(one.values):
            summary = f"state.{name} takes no secret from an expression"
            diagnostics.append(Diagnostic(summary, _FROM_SOURCE, origin=origin(place)))
    if not lacking and not diagnostics:
        diagnostics += part_errors(settings.document, "state", checked, sources)
        diagnostics += [item for item in setting_diagnostics(found, position) if item not in known]
    used |= lacking
    missing = [item for name in sorted(lacking) for item in (values.lacking.get(name, ()) if values else ())]
    if lacking or diagnostics:
        return StateSettings(root, found, _Unusable((*missing, *diagnostics))), diagnostics
    return StateSettings(root, found, lookup), []


@dataclass(frozen=True, slots=True)
class _Unusable:
    """Refuses to open the state of a project whose settings have errors."""

    diagnostics: Sequence[Diagnostic]

    def __call__(self, _: StateSettings) -> Mapping[str, Any]:
        raise Problems(self.diagnostics)


@dataclass(frozen=True, slots=True)
class _StateSecrets:
    """Looks up the secrets of `state:`, those of this project and those of others on this machine."""

    root: Path
    secrets: Secrets
    position: Position

    def __call__(self, settings: StateSettings) -> Mapping[str, Any]:
        """Returns the options with every secret as a text. Raises Problems.

        No program is run that another project names.
        """
        own = settings.root == self.root
        secrets = replace(
            self.secrets, root=settings.root, programs=self.secrets.programs if own else (), unasked={}, offline=False
        )
        place = self.position if own else None
        diagnostics: list[Diagnostic] = []
        options: dict[str, Any] = with_clear_secrets(settings.options, place, secrets, diagnostics)
        if questions := tuple(dict.fromkeys(secrets.unasked.values())):
            secrets.answers.ask_now(questions, Asking(settings.root, secrets.environ))
            diagnostics.clear()
            options = with_clear_secrets(settings.options, place, secrets, diagnostics)
        for place_of_keys, keys in _command_places(options, place):
            diagnostics += _with_program(keys, place_of_keys, secrets)
        if diagnostics:
            raise Problems(diagnostics)
        return options


def _command_places(
    options: Mapping[str, Any], position: Position | None
) -> Iterator[tuple[Position | None, dict[str, Any]]]:
    """Yields the settings of the encryption and of its fallback that name a program, with their positions."""
    found, place = options.get(ENCRYPTION), position and inside(position, ENCRYPTION)
    while isinstance(found, dict):
        if isinstance(found.get("command"), list) and found["command"]:
            yield place and inside(place, "command"), found
        found, place = found.get(FALLBACK), place and inside(place, FALLBACK)


def _with_program(keys: dict[str, Any], position: Position | None, secrets: Secrets) -> list[Diagnostic]:
    """Replaces the name of the program by its path. Returns why it may not be run, or why there is none."""
    from novita_infra.manifests.secrets.running import program_named  # noqa: PLC0415 -- few states have such a key

    program, *arguments = map(str, keys["command"])
    place = origin_or_file(position)
    if forbidden := secrets.forbidden(program):
        return [replace(forbidden, origin=place)]
    try:
        asking = Asking(secrets.root, secrets.environ)
        path = program_named(program, asking, install="install it, or look at PATH", chosen=True)
    except Unreadable as error:
        return [Diagnostic(error.summary, error.hint, origin=place)]
    keys["command"] = [path, *arguments]
    return []
