"""The warnings about language models that a declared policy keeps the key in use from. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from novita_infra.api.json_values import text_of
from novita_infra.catalogue.products import Catalogue
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic, Severity
from novita_infra.model.resources import Declared
from novita_infra.planning.changes.decisions import Decision
from novita_infra.planning.checks.conditions import due_check


def forbidden_models(
    active: Mapping[Address, Decision],
    decisions: Mapping[Address, Decision],
    declared: Mapping[Address, Declared],
    catalogue: Catalogue,
) -> Iterator[Diagnostic]:
    """A warning for each policy that keeps the key in use from a model that this plan calls, or from all models."""
    needs = dict(_needs(active, declared))
    for address, item in declared.items():
        decision = decisions.get(address)
        forbids = decision.case.kind.resolution.forbids if decision else None
        if decision is None or forbids is None:
            continue
        offered = [model.id for model in catalogue.models if model.serving is not False]
        lacking = [
            f"{model}, which {needs[model]} needs" for model in needs if forbids(decision.spec, catalogue, model)
        ]
        if lacking:
            summary = f"it keeps the key in use from {' and from '.join(lacking)}"
        elif offered and all(forbids(decision.spec, catalogue, model) for model in offered):
            summary = "it keeps the key in use from every language model"
        else:
            continue
        hint = "allow it these models, or use another key: `novita-infra keys` lists them"
        yield Diagnostic(summary, hint, origin=item.origin, address=str(address), severity=Severity.WARNING)


def _needs(active: Mapping[Address, Decision], declared: Mapping[Address, Declared]) -> Iterator[tuple[str, str]]:
    """The models that the plan calls with the key in use, each with the resource that needs it."""
    for address, item in declared.items():
        decision = active.get(address)
        if decision is None:
            continue
        rules = decision.case.kind.resolution
        if decision.makes:
            yield from ((model, str(address)) for model in rules.models(decision.spec))
        check = due_check(decision, item)
        model = text_of(check.asked.get("model")) if check else ""
        if model and rules.checks is not None and rules.checks.asks_api:
            yield model, f"the check of {address}"
