"""From the project file to the rules that it sets for every plan of an environment."""

from __future__ import annotations

from novita_infra.diagnostics import Diagnostic
from novita_infra.manifests.environments import Environment
from novita_infra.manifests.settings import Settings
from novita_infra.rules import Rules


def rules_of(settings: Settings, environment: Environment) -> tuple[Rules, list[Diagnostic]]:
    """The rules for the environment, and what is wrong with them."""
    del settings, environment
    return Rules(), []
