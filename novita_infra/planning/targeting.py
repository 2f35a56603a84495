"""Targeting: which changes a plan makes by `--target`, `--exclude` and `--replace`, and what follows. Pure."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic, Severity, nearest
from novita_infra.model.frozen import dataclass
from novita_infra.model.resources import Declared, Phase
from novita_infra.planning.changes.decisions import Decision
from novita_infra.planning.changes.replacements import sets_off
from novita_infra.planning.options import LABEL, PlanOptions, has_label, is_pattern, is_selected
from novita_infra.planning.plan.changes import Action, Along, Forced
from novita_infra.planning.plan.findings import Finding


@dataclass(frozen=True, slots=True)
class Selected:
    """The decisions that a plan carries out, and those that are selected or left out because of others."""

    active: Mapping[Address, Decision]
    along: tuple[Along, ...] = ()
    """Done beside the targets, because of them."""
    left_out: tuple[Along, ...] = ()
    """Would be done and is left out."""


def misnamed(options: PlanOptions, *, declared: Collection[Address], recorded: Collection[Address]) -> list[Diagnostic]:
    """The diagnostics on options that exclude each other, and on names that select no resource."""
    if options.destroys and options.replaces:
        return [Diagnostic("--replace recreates a resource, and here all are deleted", "leave it out")]
    known = {*declared, *recorded}
    permissions = (name for name in (*options.allow_data_loss, *options.create_anyway) if not is_pattern(name))
    names = (*options.targets, *options.excludes, *permissions)
    return [
        *(_unknown(name, known) for name in names if not _any(name, known)),
        *(_unknown(name, declared) for name in options.replaces if not _any(name, declared)),
    ]


EXCLUDED: Final = "--exclude"
"""The reason why a resource is left out that the command line names."""
_NAMING: Final = ("targets", "excludes", "replaces", "allow_data_loss", "create_anyway")
"""The options that name resources."""


def names_labels(options: PlanOptions) -> bool:
    """Whether any option names resources by `label:NAME=VALUE`."""
    return any(name.startswith(LABEL) for option in _NAMING for name in getattr(options, option))


def with_labels(
    options: PlanOptions, labels: Mapping[Address, Mapping[str, str]]
) -> tuple[PlanOptions, list[Diagnostic]]:
    """The options with the addresses that have a label in the place of `label:NAME=VALUE`, and what fits none."""
    changed: dict[str, Any] = {}
    diagnostics = []
    for option in _NAMING:
        names: list[str] = []
        for name in getattr(options, option):
            found = [str(address) for address in sorted(labels) if has_label(labels[address], name)]
            if name.startswith(LABEL) and not found:
                known = {f"{LABEL}{key}={value}" for own in labels.values() for key, value in own.items()}
                hint = nearest(name, sorted(known)) or "no resource has labels"
                diagnostics.append(Diagnostic(f"no resource has the {name.replace(':', ' ', 1)}", hint))
            names += found if name.startswith(LABEL) else [name]
        changed[option] = tuple(names)
    return replace(options, **changed), diagnostics


def excluded(options: PlanOptions, known: Iterable[Address]) -> dict[Address, str]:
    """The resources that the command line leaves out, each with the reason."""
    if not options.excludes:
        return {}
    return {address: EXCLUDED for address in sorted(known) if is_selected(address, options.excludes)}


def left_along(
    left_out: Mapping[Address, str], decisions: Mapping[Address, Decision], declared: Mapping[Address, Declared]
) -> dict[Address, str]:
    """More resources that cannot be changed without those that are left out, each with the reason; empty at the end."""
    more: dict[Address, str] = {}
    for address in sorted(left_out):
        decision = decisions.get(address)
        record, live = (decision.case.record, decision.case.live) if decision else (None, None)
        if live is not None and live.phase is not Phase.LEAVING:
            # It is kept, so what it depends on must be kept, too.
            for need in record.needs if record else ():
                if need in decisions and need not in left_out and _disturbs(decisions[need]):
                    more.setdefault(need, f"{address}, which is left out, depends on it")
    if not left_out:
        return more
    for address, decision in sorted(decisions.items()):
        if address in left_out or address not in declared or not (decision.makes or decision.action is Action.UPDATE):
            continue
        for need in declared[address].needs:
            needed = decisions.get(need) if need in left_out else None
            if needed is not None and needed.makes and not _uses_the_old_one(decision, needed):
                # Its manifest is written for the new object, which may be in another place than the old one.
                state = "would be replaced" if needed.action is Action.REPLACE else "does not exist yet"
                more.setdefault(address, f"it needs {need}, which is left out and {state}")
    return more


def select(
    options: PlanOptions,
    decisions: Mapping[Address, Decision],
    declared: Mapping[Address, Declared],
    *,
    left_out: Mapping[Address, str],
) -> Selected:
    """The decisions that the plan carries out. `left_out` are all that are left out, each with the reason.

    With targets, only what they would bring about is listed as left out.
    """
    reasons = _with_targets(options, decisions, declared, left_out) if options.targets else dict.fromkeys(decisions, "")
    wanted = sorted(address for address in reasons if _acts(decisions[address]))
    along = tuple(
        Along(address, reasons[address]) for address in wanted if reasons[address] and address not in left_out
    )
    skipped = tuple(Along(address, left_out[address]) for address in wanted if address in left_out)
    active = {address: item for address, item in decisions.items() if address in reasons and address not in left_out}
    return Selected(active, along, skipped)


def unmet_targets(options: PlanOptions, selected: Selected) -> list[Diagnostic]:
    """The warnings on targets that are left out because of something that --exclude names."""
    return [
        Diagnostic(
            f"it is a target, and it is left out: {item.why}",
            "leave out the --exclude that keeps it back, or exclude it, too",
            address=str(item.address),
            severity=Severity.WARNING,
        )
        for item in selected.left_out
        if item.why != EXCLUDED and is_selected(item.address, options.targets)
    ]


def unchosen(options: PlanOptions, active: Collection[Address], decisions: Mapping[Address, Decision]) -> list[Finding]:
    """The findings on resources that `--replace` names and the plan leaves out. A pattern means only active ones."""
    names = [name for name in options.replaces if not is_pattern(name)]
    return [
        Finding(
            Diagnostic("--replace asks for it, and it is left out", "name it as a target too", address=str(address))
        )
        for address in sorted(decisions)
        if address not in active and is_selected(address, names)
    ]


def _with_targets(
    options: PlanOptions,
    decisions: Mapping[Address, Decision],
    declared: Mapping[Address, Declared],
    left_out: Collection[Address],
) -> dict[Address, str]:
    """The targets with an empty reason, and what must come along, each with the reason.

    What is left out brings nothing along.
    """
    recorded = {address: set(item.case.record.needs) for address, item in decisions.items() if item.case.record}
    needs = {
        address: sorted({*(declared[address].needs if address in declared else ()), *recorded.get(address, ())})
        for address in decisions
    }
    dependents: dict[Address, list[Address]] = defaultdict(list)
    for address in sorted(recorded):  # what does not exist yet can wait for its turn
        for need in needs[address]:
            dependents[need].append(address)
    reasons: dict[Address, str] = {}
    waiting = deque((address, "") for address in sorted(decisions) if is_selected(address, options.targets))
    while waiting:
        address, why = waiting.popleft()
        if address in reasons:
            continue
        reasons[address] = why
        if address in left_out:
            waiting.extend((need, why) for need in needs[address] if need in left_out)
            continue
        decision = decisions[address]
        if not _needs_nothing(decision):
            waiting.extend((need, f"{address} needs it") for need in needs[address] if need in decisions)
        is_removed = address in recorded and not (decision.keeps or decision.action is Action.REFUSED)
        for other in dependents[address]:
            if is_removed and decision.case.kind.api.delete.disturbs and address in recorded[other]:
                waiting.append((other, f"it depends on {address}, which is deleted or replaced"))
            elif decisions[other].forced is Forced.TRIGGER and sets_off(declared[other], address, decision):
                waiting.append((other, f"it is replaced after {address}"))
    return reasons


def _uses_the_old_one(decision: Decision, needed: Decision) -> bool:
    """Whether the step is about an object as it runs, such as a machine whose disk is saved before it is replaced."""
    return needed.action is Action.REPLACE and bool(decision.case.kind.api.create.needs_running)


def _needs_nothing(decision: Decision) -> bool:
    """Whether the step works without what the resource needs: it ends an object, or leaves a finished job alone."""
    live = decision.case.live
    is_over = decision.action is Action.NONE and live is not None and decision.case.kind.is_over(live)
    return is_over or decision.action in {Action.DELETE, Action.FORGET}


def _any(name: str, known: Iterable[Address]) -> bool:
    return any(is_selected(address, (name,)) for address in known)


def _unknown(name: str, known: Iterable[Address]) -> Diagnostic:
    """The message with the nearest address: one without a key, which means every key, where the name has none."""
    what = "no resource fits" if is_pattern(name) else "there is no resource"
    near = {str(item if name.endswith("]") else item.base) for item in known}
    return Diagnostic(f"{what} {name}", nearest(name.replace("*", ""), sorted(near)))


def _disturbs(decision: Decision) -> bool:
    """Whether the decision deletes an object whose dependents notice."""
    return decision.action in {Action.DELETE, Action.REPLACE} and decision.case.kind.api.delete.disturbs


def _acts(decision: Decision | None) -> bool:
    return decision is not None and (decision.action is not Action.NONE or bool(decision.existing.replaced_ids))
