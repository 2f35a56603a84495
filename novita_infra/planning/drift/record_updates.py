"""The records that a plan brings up to date without any call. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from novita_infra.kinds.field import Default
from novita_infra.model.addresses import Address
from novita_infra.model.clock import GRACE
from novita_infra.model.records import Record
from novita_infra.model.resources import Declared
from novita_infra.model.values import Spec, is_known
from novita_infra.planning.changes.decisions import Decision
from novita_infra.planning.drift.response import is_acknowledged, refreshed_records, with_adopted
from novita_infra.planning.inputs import PlanInputs
from novita_infra.planning.options import Refresh
from novita_infra.planning.plan.changes import Action


def record_updates(
    inputs: PlanInputs, declared: Mapping[Address, Declared], active: Mapping[Address, Decision]
) -> Iterable[Record]:
    """Records that are brought up to date without any call: declared values beside the spec, and outputs.

    `active` are the decisions that the plan carries out.
    """
    if inputs.options.refresh is Refresh.ONLY:
        yield from refreshed_records(active)
        return
    for address, decision in sorted(active.items()):
        record, live, item = decision.case.record, decision.case.live, declared.get(address)
        if record is None:
            continue
        before = inputs.world.existing[address].record
        unchanged = decision.action in {Action.NONE, Action.RESUME}
        if decision.keeps and record.id:
            record = with_adopted(record, decision)
        if live is None or item is None or not record.id or not unchanged or decision.response.stays_deleted:
            # What it replaced may be gone, and what is replaced may be what an unanswered create made.
            fresh = replace(record, retired=decision.existing.replaced_ids, recreate_reason=decision.due)
            if decision.action is Action.UPDATE and record.id and record.pending is None:
                fresh = replace(fresh, spec={**record.spec, **_unchanged(decision), **decision.response.ignored})
            if decision.action is not Action.ADOPT and fresh != before:
                yield fresh
            continue
        # A list that lags shows no field that was sent a moment ago; forgotten here, it would never be reset.
        sent = _no_longer_declared(decision, record) if abs(inputs.now - record.seen_at) < GRACE else {}
        fresh = replace(
            record,
            spec={**sent, **decision.case.written(decision.spec), **decision.response.ignored},
            outputs=decision.case.kind.merged_outputs(record.outputs, live),
            needs=tuple(sorted({*item.needs, *record.needs})) if sent else item.needs,
            source=item.origin.file,
            labels=item.labels,
            retired=decision.existing.replaced_ids,
            recreate_reason="",
        )
        if fresh != before or is_acknowledged(decision):
            yield fresh


def _unchanged(decision: Decision) -> Spec:
    """The declared fields that the update does not change, as they are recorded."""
    changed = {item.name for item in decision.fields}
    spec = {name: value for name, value in decision.spec.items() if name not in changed and is_known(value)}
    return decision.case.written(spec)


def _no_longer_declared(decision: Decision, record: Record) -> Spec:
    """The recorded fields that are not declared any more and are reset to their default where they are found."""
    fields = {}
    for name, value in record.spec.items():
        item = decision.case.kind.field(name)
        absent = item.absent if decision.spec.get(name) is None else None
        if isinstance(absent, Default) and not decision.case.agree(item, wanted=absent.value, found=value):
            fields[name] = value
    return fields
