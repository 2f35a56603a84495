"""Safety: data loss that is not allowed, deletion of protected resources, changes of too many resources. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import EXIT_REFUSED, Diagnostic, Severity, run_again_with
from novita_infra.model.records import Record
from novita_infra.model.resources import Declared, Existing, Loss, Phase
from novita_infra.model.rules import Rules
from novita_infra.planning.changes.decisions import Decision
from novita_infra.planning.options import PlanOptions, is_selected
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.plan.findings import Finding
from novita_infra.planning.plan.renames import Rename

_DOING: Final[Mapping[Action, str]] = {
    Action.CREATE: "creating it",
    Action.REPLACE: "replacing it",
    Action.UPDATE: "this update",
    Action.ADOPT: "what follows its adoption",
    Action.DELETE: "deleting it",
}
_LARGE_CHANGE: Final = "--allow-large-change"
_NO_HOOKS: Final = "--no-hooks"
_SEVERAL: Final = 2
_TO_KEEP_AN_IMAGE: Final = (
    "to use that image as it is, import the job that saved it, or remove this resource and write the name of the image "
    "where it is used"
)


def guarded(
    decisions: Mapping[Address, Decision],
    declared: Mapping[Address, Declared],
    *,
    options: PlanOptions,
    rules: Rules,
    recorded: int,
    renames: Iterable[Rename] = (),
    stuck: Collection[str] = (),
) -> list[Finding]:
    """The findings on a plan of these decisions. `recorded` is the number of resources in the state.

    `declared` is what the manifests declare even where all shall go. A resource that is deleted and created under
    another name needs the permissions of a replacement. `stuck` are the addresses of resources that cannot be created
    whatever is allowed.
    """
    renamed = {item.source: item for item in renames}
    protected = [address for address, decision in decisions.items() if _is_protected(address, decision, declared)]
    return [
        *(_protected(address, decisions[address]) for address in sorted(protected)),
        *(
            _protected_as(item)
            for address, item in sorted(renamed.items())
            if address not in protected and declared[item.target].lifecycle.protect
        ),
        *_without_hooks(decisions, declared, options),
        *_losing(decisions, options, renamed, stuck),
        *_losing_old(decisions, options),
        *_too_many(decisions, options, rules, recorded=recorded),
    ]


def elsewhere(existing: Mapping[Address, Existing], *, unread: Collection[Address]) -> list[Diagnostic]:
    """A note where none of the recorded objects exists: the account may be another one.

    A single object that is gone is a deletion like any other.
    """
    sought = [
        item
        for address, item in existing.items()
        if item.record and item.record.id and address not in unread and not _was_going(item.record)
    ]
    if len(sought) < _SEVERAL or any(item.live for item in sought):
        return []
    return [
        Diagnostic(
            f"none of the {len(sought)} recorded objects is in this account: all of them are gone, or they are in "
            "another account, or another simulator",
            "check NOVITA_API_KEY and NOVITA_API_URL; `account:` in the project file refuses the keys of others",
            severity=Severity.WARNING,
        )
    ]


def _was_going(record: Record) -> bool:
    """Whether an earlier run was deleting it, so that its absence is expected."""
    return record.pending is not None and record.pending.call == "delete"


def _is_protected(address: Address, decision: Decision, declared: Mapping[Address, Declared]) -> bool:
    """Whether it would be deleted although the state or the manifests protect it."""
    return _is_deleted(decision) and (
        (decision.existing.record is not None and decision.existing.record.protect)
        or (address in declared and declared[address].lifecycle.protect)
    )


def _protected(address: Address, decision: Decision) -> Finding:
    hint = "set `lifecycle.protect: false`, apply that alone, then run this again"
    summary = f"{decision.action.value} is refused: the resource is protected"
    return Finding(Diagnostic(summary, hint, address=str(address)), EXIT_REFUSED)


def _protected_as(rename: Rename) -> Finding:
    hint = f"{rename.advice}; or set `lifecycle.protect: false` in {rename.target} until the object is deleted"
    summary = f"delete is refused: {_agrees(rename)}, which is protected"
    return Finding(Diagnostic(summary, hint, address=str(rename.source)), EXIT_REFUSED)


def _without_hooks(
    decisions: Mapping[Address, Decision], declared: Mapping[Address, Declared], options: PlanOptions
) -> Iterator[Finding]:
    """The deletes of resources whose hooks `onDelete` went with their declaration."""
    for address, decision in sorted(decisions.items()):
        record = decision.existing.record
        if not options.hooks or address in declared or record is None or not record.delete_hooks:
            continue
        if _is_deleted(decision):
            name = shlex.quote(str(address))
            hint = (
                f"declare it again and run `novita-infra destroy --target {name}`, which runs them; to delete it "
                f"without them, {run_again_with(_NO_HOOKS)}"
            )
            summary = "delete is refused: its hooks onDelete are no longer declared, and would not run"
            yield Finding(Diagnostic(summary, hint, address=str(address), option=_NO_HOOKS), EXIT_REFUSED)


def rename_notes(renames: Iterable[Rename], findings: Iterable[Finding]) -> Iterator[Diagnostic]:
    """A note on each rename, except on one that a finding names already."""
    hints: dict[str, str] = {}
    for finding in findings:
        hints[finding.diagnostic.address] = hints.get(finding.diagnostic.address, "") + finding.diagnostic.hint
    for item in renames:
        if item.advice not in hints.get(str(item.source), ""):
            summary = f"it is deleted, and {_agrees(item)}"
            yield Diagnostic(summary, item.advice, address=str(item.source), severity=Severity.WARNING)


def _agrees(rename: Rename) -> str:
    return f"{rename.target} is created with a spec that is equal but for the name"


def _losing(
    decisions: Mapping[Address, Decision],
    options: PlanOptions,
    renamed: Mapping[Address, Rename],
    stuck: Collection[str],
) -> Iterator[Finding]:
    for address, decision in sorted(decisions.items()):
        rename = renamed.get(address)
        action = Action.REPLACE if rename else decision.action
        lost = [str(loss) for loss in decision.loses if _must_be_allowed(loss, action)]
        if lost and not is_selected(address, options.allow_data_loss):
            summary, hint = f"{_DOING[decision.action]} loses {' and '.join(lost)}", _permission(address)
            if rename:
                again = run_again_with(_allowing(address))
                summary, hint = f"{summary}, and {_agrees(rename)}", f"{rename.advice}; if the loss is wanted, {again}"
            option = _allowing(address)
            if decision.case.kind.api.saves:
                option = "" if str(address) in stuck else option
                hint = f"{_TO_KEEP_AN_IMAGE}; {hint}" if option else _TO_KEEP_AN_IMAGE
            found = Diagnostic(summary, hint, address=str(address), option=option)
            yield Finding(found, EXIT_REFUSED)


def _losing_old(decisions: Mapping[Address, Decision], options: PlanOptions) -> Iterator[Finding]:
    """The losses of deleting replaced objects. A permission for an interrupted run does not count for this one."""
    for address, decision in sorted(decisions.items()):
        if is_selected(address, options.allow_data_loss):
            continue
        for old in decision.retires:
            lost = [str(loss) for loss in old.loses if loss.lasting or decision.action is not Action.DELETE]
            if lost:
                summary = f"deleting {old.id}, which it replaced and which is {old.status}, loses {' and '.join(lost)}"
                name = shlex.quote(str(address))
                back = f"to go back to it instead: `state rm {name}`, then `import {name} {shlex.quote(old.id)}`"
                hint = f"{_permission(address)}; {back}"
                found = Diagnostic(summary, hint, address=str(address), option=_allowing(address))
                yield Finding(found, EXIT_REFUSED)


def _permission(address: Address) -> str:
    return f"if that is wanted, {run_again_with(_allowing(address))}"


def _allowing(address: Address) -> str:
    return f"--allow-data-loss {shlex.quote(str(address))}"


def _must_be_allowed(loss: Loss, action: Action) -> bool:
    """Whether a loss needs a permission: that of a storage does, that of a disk only if its machine is not deleted."""
    return not loss.when and action in _DOING and (loss.lasting or action is not Action.DELETE)


def _too_many(
    decisions: Mapping[Address, Decision], options: PlanOptions, rules: Rules, *, recorded: int
) -> Iterator[Finding]:
    limit = rules.change_limit
    going = sum(_is_deleted(decision) for decision in decisions.values())
    if options.destroys or options.allow_large_change or recorded < limit.at_least:
        return
    if going * 100 > limit.percent * recorded:
        yield Finding(
            Diagnostic(
                f"{going} of the {recorded} recorded resources would be deleted or replaced, and the limit is "
                f"{limit.percent} %",
                f"if that is wanted, {run_again_with(_LARGE_CHANGE)} (changeLimit of the project sets the limit)",
                option=_LARGE_CHANGE,
            ),
            EXIT_REFUSED,
        )


def _is_deleted(decision: Decision) -> bool:
    if decision.action is not Action.DELETE and decision.action is not Action.REPLACE:
        return False
    live = decision.existing.live
    return live is not None and live.phase is not Phase.LEAVING
