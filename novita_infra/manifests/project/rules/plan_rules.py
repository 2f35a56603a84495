"""Reads the rules that the project file sets for every plan of an environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from novita_infra.encoding.files import read_file
from novita_infra.manifests.project.environments import Environment, choose_environment, extension_errors
from novita_infra.manifests.project.project_file import Settings, settings_of
from novita_infra.manifests.project.rules.budgets import budget_of, max_price_rise_of
from novita_infra.manifests.project.rules.policies import policies_of
from novita_infra.manifests.project.rules.project_hooks import project_hooks
from novita_infra.manifests.project.rules.project_notifications import notifications_of
from novita_infra.manifests.resources.lifecycle.drift import on_drift_of
from novita_infra.manifests.validation.documents import PROJECT_FILE
from novita_infra.manifests.yaml.decoding import LARGEST
from novita_infra.manifests.yaml.parsing import read
from novita_infra.manifests.yaml.positions import key_origin
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.model.diagnostics import Diagnostic, Problems, Severity
from novita_infra.model.rules import ChangeLimit, Policy, Rules


def rules_of(settings: Settings, environment: Environment) -> tuple[Rules, list[Diagnostic]]:
    """Returns the rules of the environment, and the diagnostics."""
    policies, diagnostics = _policies(settings, environment)
    hooks, of_hooks = project_hooks(settings, environment)
    account = environment.last("account")
    budget, errors = budget_of(settings, environment)
    _, of_notifications = notifications_of(settings, environment)
    everywhere = settings.document.data.get("onDrift")
    answers = [(everywhere, settings.position("onDrift"))] if everywhere else []
    answers += [(answer, place) for _, answer, place in environment.settings("onDrift")]
    rules = Rules(
        account=account if isinstance(account, str) else settings.text("account"),
        policies=policies,
        hooks=hooks,
        change_limit=_change_limit(settings, environment),
        budget=budget,
        max_price_rise=max_price_rise_of(settings, environment),
        on_drift={cause: answer for said, _ in answers for cause, answer in on_drift_of(said).items()},
        on_drift_place=key_origin(answers[-1][1]) if answers else None,
    )
    return rules, [*extension_errors(settings), *diagnostics, *of_hooks, *errors, *of_notifications]


def rules_at(root: Path, environment: str) -> Rules:
    """Returns the rules of the project in that folder; errors in manifests and variables are ignored.

    Raises Problems if the project file has errors: a rule cannot be avoided by breaking the file.
    """
    try:
        data = read_file(root / PROJECT_FILE, most=LARGEST)
    except FileNotFoundError:
        return Rules()
    parsed = read(data, PROJECT_FILE)
    settings, diagnostics = settings_of(parsed, Sources())
    chosen, errors = choose_environment(settings, wanted=environment)
    rules, more = rules_of(settings, chosen)
    problems = [item for item in (*parsed.diagnostics, *diagnostics, *errors, *more) if item.severity is Severity.ERROR]
    if problems:
        raise Problems(problems)
    return rules


def _policies(settings: Settings, environment: Environment) -> tuple[tuple[Policy, ...], list[Diagnostic]]:
    """Returns the project's policies, then the environment's."""
    policies, diagnostics = policies_of(settings.document.data.get("policies"), settings.position("policies"))
    for _, listed, position in environment.settings("policies"):
        more, errors = policies_of(listed, position)
        policies, diagnostics = (*policies, *more), [*diagnostics, *errors]
    return policies, diagnostics


def _change_limit(settings: Settings, environment: Environment) -> ChangeLimit:
    """Returns the project's limit with the environment's own figures over it."""
    given: dict[str, Any] = {**settings.part("changeLimit")}
    for _, said, _ in environment.settings("changeLimit"):
        given |= said if isinstance(said, dict) else {}
    figures = {"percent": given.get("percent"), "at_least": given.get("from")}
    return ChangeLimit(**{name: figure for name, figure in figures.items() if type(figure) is int})
