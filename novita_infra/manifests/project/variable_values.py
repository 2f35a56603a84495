"""The values of the variables of a project, from all their sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path

from novita_infra.lookups.found import FoundLookup
from novita_infra.manifests.language.secrets import Secrets
from novita_infra.manifests.language.variable_rules import broken_rules
from novita_infra.manifests.language.variables import (
    Given,
    defaults_in,
    given_by_environ,
    given_in,
    misspelt_in_environ,
    settle,
    with_environ,
)
from novita_infra.manifests.project.collected import Collected
from novita_infra.manifests.project.environments import Environment
from novita_infra.manifests.project.files import Files
from novita_infra.manifests.project.plaintext_secrets import plaintext_secrets
from novita_infra.manifests.project.project_file import Settings
from novita_infra.manifests.yaml.positions import origin
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.frozen import dataclass
from novita_infra.model.values import Value, is_secret


@dataclass(frozen=True, slots=True)
class GivenValues:
    """The values that are not in the files of a project, and the secret ones."""

    from_environ: Mapping[str, str] = field(default_factory=dict)
    """The public values of variables that come from `NOVITA_INFRA_VAR_*`, as text."""
    secret: tuple[Value, ...] = field(default=(), repr=False)
    """The values of the secret variables, whether a resource uses them or not."""
    lookups: tuple[FoundLookup, ...] = ()
    """The lookups that something reads, with what they found."""


@dataclass(frozen=True, slots=True)
class VariableValues:
    """The values of the variables, with their sources."""

    by_name: Mapping[str, Value] = field(default_factory=dict)
    """None for a variable without a usable value."""
    lacking: Mapping[str, tuple[Diagnostic, ...]] = field(default_factory=dict)
    """What variables without a value lack, to be reported where something uses them."""
    given: Sequence[Given] = ()
    """As written, from the lowest to the highest priority."""
    from_environ: Sequence[Given] = ()
    """Those of `NOVITA_INFRA_VAR_*`."""

    def public(self) -> dict[str, Value]:
        """Returns the values that are not secret."""
        return {
            name: value for name, value in self.by_name.items() if not is_secret(value) and not self.lacking.get(name)
        }

    def sources(self) -> GivenValues:
        """Returns the variables that are not in the files of the project, and the secret ones."""
        return GivenValues(
            from_environ={
                item.name: item.value for item in self.from_environ if not is_secret(self.by_name[item.name])
            },
            secret=tuple(value for value in self.by_name.values() if is_secret(value)),
        )


def values_of(
    settings: Settings,
    chosen: Environment,
    secrets: Secrets,
    *,
    variables: Mapping[str, str],
    var_files: Sequence[Path],
    files: Files,
    diagnostics: Collected,
) -> VariableValues:
    """Returns the values of the variables. `variables` are those of `--var`, `var_files` the files of `--var-file`.

    Errors are added to `diagnostics`.
    """
    declared, position = settings.part("variables"), settings.position("variables")
    from_environ = given_by_environ(secrets.environ, declared)
    given = [
        *files.variables(var_files),
        *from_environ,
        *(Given(name, text, "--var", is_text=True) for name, text in variables.items()),
    ]
    diagnostics.add(misspelt_in_environ(secrets.environ, declared))
    diagnostics.hide(plaintext_secrets(settings, given))
    written = _own(settings, chosen)
    own, errors = with_environ(written, declared, environ=secrets.environ, sources=files.sources)
    diagnostics.add(errors)
    values, errors, lacking = settle(declared, position, given=[*own, *given], secrets=secrets)
    diagnostics.add(errors)
    places = {item.name: origin(item.position) if item.position else None for item in (*own, *given)}
    diagnostics.add([*broken_rules(declared, position, values=values, places=places, sources=files.sources)])
    return VariableValues(values, lacking, [*written, *given], from_environ)


def _own(settings: Settings, chosen: Environment) -> list[Given]:
    """Returns the values of the project file."""
    given = defaults_in(settings.part("variables"), settings.position("variables"))
    for part, values, position in chosen.settings("variables"):
        given += given_in(values, position, f'the environment "{part.name}"')
    return given
