"""From the project file to the rules that it sets for every plan of an environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from novita_infra.manifests.project.budgets import budget_of, max_price_rise_of
from novita_infra.manifests.project.environments import Environment, choose_environment
from novita_infra.manifests.project.policies import policies_of
from novita_infra.manifests.project.project_file import Settings, settings_of
from novita_infra.manifests.resources.drift import on_drift_of
from novita_infra.manifests.validation.documents import PROJECT_FILE
from novita_infra.manifests.yaml.parsing import read
from novita_infra.manifests.yaml.positions import inside, key_origin
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.model.diagnostics import Diagnostic, Problems, Severity
from novita_infra.model.rules import ChangeLimit, Policy, Rules


def rules_of(settings: Settings, environment: Environment) -> tuple[Rules, list[Diagnostic]]:
    """The rules for the environment, and what is wrong with them."""
    policies, told = _policies(settings, environment)
    own = settings.part("environments").get(environment.name)
    account = own.get("account") if isinstance(own, dict) else None
    budget, wrong = budget_of(settings, environment)
    here = own.get("onDrift") if isinstance(own, dict) else None
    everywhere = settings.document.data.get("onDrift")
    around = inside(settings.spot("environments"), environment.name) if here else settings.document.spot
    rules = Rules(
        account=account if isinstance(account, str) else settings.text("account"),
        policies=policies,
        change_limit=_change_limit(settings.document.data.get("changeLimit"), own),
        budget=budget,
        max_price_rise=max_price_rise_of(settings, environment),
        on_drift=on_drift_of(everywhere) | on_drift_of(here),
        on_drift_place=key_origin(inside(around, "onDrift")) if here or everywhere else None,
    )
    return rules, [*told, *wrong]


def rules_at(root: Path, environment: str) -> Rules:
    """The rules of the project in that folder, whatever is wrong with its manifests and variables.

    Raises Problems where the project file itself is not sound: nobody shall get around a rule by breaking it.
    """
    try:
        data = (root / PROJECT_FILE).read_bytes()
    except FileNotFoundError:
        return Rules()
    reading = read(data, PROJECT_FILE)
    settings, told = settings_of(reading, Sources())
    chosen, wrong = choose_environment(settings, wanted=environment)
    rules, more = rules_of(settings, chosen)
    problems = [item for item in (*reading.diagnostics, *told, *wrong, *more) if item.severity is Severity.ERROR]
    if problems:
        raise Problems(problems)
    return rules


def _policies(settings: Settings, environment: Environment) -> tuple[tuple[Policy, ...], list[Diagnostic]]:
    """Those of the project, then those of the environment."""
    everywhere, told = policies_of(settings.document.data.get("policies"), settings.spot("policies"))
    own = settings.part("environments").get(environment.name)
    spot = inside(inside(settings.spot("environments"), environment.name), "policies")
    here, more = policies_of(own.get("policies") if isinstance(own, dict) else None, spot)
    return (*everywhere, *here), [*told, *more]


def _change_limit(everywhere: Any, own: Any) -> ChangeLimit:
    """The project's limit, in which an environment's own figures take the place of the others."""
    here = own.get("changeLimit") if isinstance(own, dict) else None
    given: dict[str, Any] = {}
    for part in (everywhere, here):
        given |= part if isinstance(part, dict) else {}
    figures = {"percent": given.get("percent"), "at_least": given.get("from")}
    return ChangeLimit(**{name: figure for name, figure in figures.items() if type(figure) is int})
