"""The JSON form of a plan and its review in a plan file: flat, with the field names that plan files have had since 0.1.

The grouped values (`OutputChanges`, `Selection`, `Review`) are written flat and grouped again when they are read, so
that older files are still read and older programs read newer files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from novita_infra.encoding import Json, SecretReader, decode_as, encode_with_sources, fingerprint
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.frozen import dataclass
from novita_infra.planning.plan.costs import Money
from novita_infra.planning.plan.findings import Finding
from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.plan.renames import Rename
from novita_infra.planning.plan.review import Remarks, Review, TimeRule, denied_by, warned_by
from novita_infra.planning.plan.verdicts import Judgement

_PARTS: Final[Mapping[str, Mapping[str, str]]] = {
    "outputs": {
        "after": "outputs",
        "declared": "outputs_wanted",
        "before": "outputs_before",
        "changed": "outputs_changed",
    },
    "selection": {
        "partial": "partial",
        "along": "along",
        "left_out": "left",
        "data_loss": "allowed",
        "large_change": "large_change",
    },
}
"""By field of Plan that is a group, the stored name of each field inside it."""
_NAMES: Final[Mapping[str, str]] = {"refresh_only": "follows", "record_updates": "bookkeeping"}
"""By field of Plan, its stored name where that is another."""


@dataclass(frozen=True, slots=True)
class _StoredRemarks:
    """The part of a stored plan that belongs to the review."""

    problems: tuple[Diagnostic, ...] = ()
    notes: tuple[Diagnostic, ...] = ()
    code: int = 0
    policies: tuple[Judgement, ...] = ()
    money: Money | None = None
    renames: tuple[Rename, ...] = ()
    times: tuple[TimeRule, ...] = ()


_REMARKS: Final = tuple(_StoredRemarks.__dataclass_fields__)


def to_stored(review: Review, declared: Mapping[str, str], *, key: str) -> Json:
    """The review as JSON data, each secret as its source and its digest under the hex key.

    `declared` are the manifest digests by address.
    """
    plan = encode_with_sources(review.plan, key)
    for part, names in _PARTS.items():
        inner = plan.pop(part, {})
        plan |= {names[name]: value for name, value in inner.items()}
    for name, stored in _NAMES.items():
        if name in plan:
            plan[stored] = plan.pop(name)
    if declared:
        plan["basis"] |= {"config": fingerprint(dict(declared)), "declared": encode_with_sources(declared, key)}
    remarks = _StoredRemarks(
        review.problems,
        review.notes,
        review.code,
        review.verdicts,
        review.cost,
        review.renames,
        review.times,
    )
    return plan | encode_with_sources(remarks, key)


def from_stored(data: Json, *, secrets: SecretReader) -> tuple[Review, Mapping[str, str]]:
    """The review that `to_stored` wrote so, and the manifest digests by address. Raises Malformed."""
    if not isinstance(data, dict):
        decode_as(Plan, data)
    plan = dict(data)
    remarks = decode_as(_StoredRemarks, {name: plan.pop(name) for name in _REMARKS if name in plan}, secrets=secrets)
    for part, names in _PARTS.items():
        inner = {name: plan.pop(stored) for name, stored in names.items() if stored in plan}
        plan |= {part: inner} if inner else {}
    for name, stored in _NAMES.items():
        if stored in plan:
            plan[name] = plan.pop(stored)
    declared: Mapping[str, str] = {}
    if isinstance(plan.get("basis"), dict):
        basis = dict(plan["basis"])
        basis.pop("config", None)
        declared = decode_as(_Digests, {"declared": basis.pop("declared", {})}).declared
        plan["basis"] = basis
    return _review(decode_as(Plan, plan, secrets=secrets), remarks), declared


@dataclass(frozen=True, slots=True)
class _Digests:
    declared: Mapping[str, str]


def _review(plan: Plan, stored: _StoredRemarks) -> Review:
    """The review; what the policies say is derived from the verdicts again."""
    denied, warned = denied_by(stored.policies), warned_by(stored.policies)
    checks = Remarks(
        findings=tuple(Finding(item, stored.code) for item in stored.problems if item not in denied),
        notes=tuple(item for item in stored.notes if item not in warned),
    )
    return Review(
        plan,
        checks=checks,
        cost=stored.money,
        verdicts=stored.policies,
        renames=stored.renames,
        times=stored.times,
    )
