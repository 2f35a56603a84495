"""What a plan brings up to date in the books without any call. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from novita_infra.kinds.field import Default
from novita_infra.kinds.kind import Kind
from novita_infra.model.addresses import Address
from novita_infra.model.clock import GRACE
from novita_infra.model.records import Record
from novita_infra.model.resources import Declared
from novita_infra.model.values import Spec, is_known
from novita_infra.planning.changes.decisions import Decision
from novita_infra.planning.changes.equality import agree, written
from novita_infra.planning.drift.response import brought_up, followed, is_acknowledged
from novita_infra.planning.inputs import PlanInputs
from novita_infra.planning.options import Refresh
from novita_infra.planning.plan.changes import Action


def bookkeeping(
    seen: PlanInputs, declared: Mapping[Address, Declared], active: Mapping[Address, Decision]
) -> Iterable[Record]:
    """Records that are to be brought up to date without any call: what is declared beside the spec, and outputs."""
    if seen.asked.refresh is Refresh.ONLY:
        yield from followed(seen.kinds, active, key=seen.key)
        return
    for address, decision in sorted(active.items()):
        record, live, wanted = decision.found.record, decision.found.live, declared.get(address)
        if record is None:
            continue
        stays = decision.action in {Action.NONE, Action.RESUME}
        if decision.keeps and record.id:
            record = brought_up(record, decision, key=seen.key)
        if live is None or wanted is None or not record.id or not stays or decision.left:
            # What it replaced may be gone, and what is replaced may be what an unanswered create made.
            fresh = replace(record, retired=decision.found.replaced_ids, recreate_reason=decision.due)
            if decision.action is Action.UPDATE and record.id and record.pending is None:
                fresh = replace(fresh, spec={**record.spec, **_standing(decision, seen.key), **decision.kept})
            if decision.action is not Action.ADOPT and fresh != seen.found[address].record:
                yield fresh
            continue
        kind = seen.kinds[address.type]
        # A list that lags shows no field that was sent a moment ago; forgotten here, it would never be taken back.
        sent = _undeclared(kind, decision.spec, record, key=seen.key) if seen.now - record.seen_at < GRACE else {}
        fresh = replace(
            record,
            spec={**sent, **written(decision.spec, seen.key), **decision.kept},
            outputs=kind.merged_outputs(record.outputs, live),
            needs=tuple(sorted({*wanted.needs, *record.needs})) if sent else wanted.needs,
            source=wanted.origin.file,
            retired=decision.found.replaced_ids,
            recreate_reason="",
        )
        if fresh != seen.found[address].record or is_acknowledged(decision):
            yield fresh


def _standing(decision: Decision, key: str) -> Spec:
    """What is declared and is so already, beside the fields that the update changes."""
    changed = {item.name for item in decision.fields}
    spec = {name: value for name, value in decision.spec.items() if name not in changed and is_known(value)}
    return written(spec, key)


def _undeclared(kind: Kind, spec: Spec, record: Record, *, key: str) -> Spec:
    """What is on record as declared once, is not declared now, and is taken back where it is found."""
    left = {}
    for name, value in record.spec.items():
        item = kind.field(name)
        absent = item.absent if spec.get(name) is None else None
        if isinstance(absent, Default) and not agree(item, wanted=absent.value, found=value, key=key):
            left[name] = value
    return left
