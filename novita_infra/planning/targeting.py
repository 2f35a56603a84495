"""Which of the changes a plan makes: what the command line names, what comes along, and what is left out. Pure."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic, nearest
from novita_infra.model.resources import Declared, Phase
from novita_infra.planning.changes.decisions import Decision
from novita_infra.planning.changes.replacements import sets_off
from novita_infra.planning.options import PlanOptions, is_pattern, is_selected
from novita_infra.planning.plan.changes import Action, Along, Forced
from novita_infra.planning.plan.findings import Finding


@dataclass(frozen=True, slots=True)
class Selected:
    """What a plan touches, and what a person must be told of it."""

    active: Mapping[Address, Decision]
    along: tuple[Along, ...] = ()
    left: tuple[Along, ...] = ()


def misnamed(asked: PlanOptions, *, declared: Collection[Address], on_record: Collection[Address]) -> list[Diagnostic]:
    """What the command line names and nobody can mean."""
    if asked.targets and asked.excludes:
        hint = "name what is to be done, or what is to be left out"
        return [Diagnostic("--target and --exclude cannot be given together", hint)]
    if asked.destroys and asked.replaces:
        return [Diagnostic("--replace makes something anew, and here all is to go", "leave it out")]
    known = {*declared, *on_record}
    plain = [text for text in asked.allow_data_loss if not is_pattern(text)]
    told = [_unknown(named, known) for named in (*asked.targets, *asked.excludes, *plain) if not _any(named, known)]
    return told + [_unknown(named, declared) for named in asked.replaces if not _any(named, declared)]


def excluded(asked: PlanOptions, known: Iterable[Address]) -> dict[Address, str]:
    """What the command line leaves out, each with the reason."""
    if not asked.excludes:
        return {}
    return {address: "--exclude" for address in sorted(known) if is_selected(address, asked.excludes)}


def left_along(
    left: Mapping[Address, str], decisions: Mapping[Address, Decision], declared: Mapping[Address, Declared]
) -> dict[Address, str]:
    """What cannot be done either without what is left out, each with the reason; nothing when all is told."""
    more: dict[Address, str] = {}
    for address in sorted(left):
        decision = decisions.get(address)
        record, live = (decision.existing.record, decision.existing.live) if decision else (None, None)
        if live is not None and live.phase is not Phase.LEAVING:
            # It stays, so what it stands on must stay, too.
            for need in record.needs if record else ():
                if need in decisions and need not in left and _goes(decisions[need]):
                    more.setdefault(need, f"{address}, which is left out, stands on it")
    if not left:
        return more
    for address, decision in sorted(decisions.items()):
        if address in left or address not in declared or not (decision.makes or decision.action is Action.UPDATE):
            continue
        for need in declared[address].needs:
            needed = decisions.get(need) if need in left else None
            if needed is not None and needed.makes:
                # Its manifest is written for the object that is to be, which may be elsewhere than the one that is.
                state = "would be made anew" if needed.action is Action.REPLACE else "is not there yet"
                more.setdefault(address, f"it needs {need}, which is left out and {state}")
    return more


def select(
    asked: PlanOptions,
    decisions: Mapping[Address, Decision],
    declared: Mapping[Address, Declared],
    *,
    left: Mapping[Address, str],
) -> Selected:
    """The decisions that the plan carries out."""
    told = tuple(Along(address, why) for address, why in sorted(left.items()) if _acts(decisions.get(address)))
    if not asked.targets:
        return Selected({address: item for address, item in decisions.items() if address not in left}, left=told)
    whys = _with_targets(asked, decisions, declared)
    along = tuple(Along(address, why) for address, why in sorted(whys.items()) if why and _acts(decisions[address]))
    return Selected({address: item for address, item in decisions.items() if address in whys}, along, told)


def unchosen(asked: PlanOptions, active: Collection[Address], decisions: Mapping[Address, Decision]) -> list[Finding]:
    """What shall be made anew and is not among what is done at all. A pattern means those that are."""
    plain = [text for text in asked.replaces if not is_pattern(text)]
    return [
        Finding(
            Diagnostic("--replace asks for it, and it is left out", "name it as a target too", address=str(address))
        )
        for address in sorted(decisions)
        if address not in active and is_selected(address, plain)
    ]


def _with_targets(
    asked: PlanOptions, decisions: Mapping[Address, Decision], declared: Mapping[Address, Declared]
) -> dict[Address, str]:
    """The targets, and what must come along, each with the reason."""
    recorded = {address: set(item.existing.record.needs) for address, item in decisions.items() if item.existing.record}
    needs = {
        address: sorted({*(declared[address].needs if address in declared else ()), *recorded.get(address, ())})
        for address in decisions
    }
    dependents: dict[Address, list[Address]] = defaultdict(list)
    for address in sorted(recorded):  # what is not there yet can wait for its turn
        for need in needs[address]:
            dependents[need].append(address)
    whys: dict[Address, str] = {}
    waiting = deque((address, "") for address in sorted(decisions) if is_selected(address, asked.targets))
    while waiting:
        address, why = waiting.popleft()
        if address in whys:
            continue
        whys[address] = why
        decision = decisions[address]
        if decision.action not in {Action.DELETE, Action.FORGET}:
            waiting.extend((need, f"{address} needs it") for need in needs[address] if need in decisions)
        goes = address in recorded and not (decision.keeps or decision.action is Action.REFUSED)
        for other in dependents[address]:
            if goes and address in recorded[other]:
                waiting.append((other, f"it stands on {address}, which does not stay"))
            elif decisions[other].forced is Forced.TRIGGER and sets_off(declared[other], address, decision):
                waiting.append((other, f"it is made anew after {address}"))
    return whys


def _any(named: str, known: Iterable[Address]) -> bool:
    return any(is_selected(address, (named,)) for address in known)


def _unknown(named: str, known: Iterable[Address]) -> Diagnostic:
    what = "no resource fits" if is_pattern(named) else "there is no resource"
    return Diagnostic(f"{what} {named}", nearest(named.replace("*", ""), [str(item) for item in sorted(known)]))


def _goes(decision: Decision) -> bool:
    return decision.action in {Action.DELETE, Action.REPLACE}


def _acts(decision: Decision | None) -> bool:
    return decision is not None and (decision.action is not Action.NONE or bool(decision.existing.replaced_ids))
