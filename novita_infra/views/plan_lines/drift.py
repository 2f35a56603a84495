"""Drift, adopted fields and resources that were not read, as text. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from novita_infra.model.durations import in_words
from novita_infra.model.lifecycle import Cause
from novita_infra.planning.plan.changes import Action, Adopted, Drift
from novita_infra.planning.plan.plan import Plan
from novita_infra.views.content.drift import answer
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.plan_lines.values import differing

_CAUSES: Final[Mapping[Cause, str]] = {
    Cause.EDITED: "edited by hand",
    Cause.DELETED: "deleted by hand",
    Cause.SPOT_RECLAIM: "spot reclaim",
    Cause.MIGRATION: "platform migration",
    Cause.EXPIRED: "expired or frozen",
    Cause.FAILED: "failed",
    Cause.ARREARS: "arrears",
    Cause.RELEASED: "released by the platform",
}
_MANY: Final = 5
"""The most resources that are listed one by one."""
_MINUTE: Final = 60.0


def drift_lines(plan: Plan) -> Iterator[Line]:
    """The drift of each object, with its cause and the response."""
    if plan.drift:
        yield line(("Changed outside of novita-infra:", Tone.STRONG))
        yield line()
    for item, cause, below in lines_by_drift(plan):
        sign, tone = drift_sign(item)
        yield line((f"{sign:>3} ", tone), (str(item.address), Tone.STRONG), f" ({item.id}) {cause}")
        yield from below
        yield line()


def drift_sign(item: Drift) -> tuple[str, Tone]:
    """The sign of a drift, with its tone."""
    return ("-", Tone.REMOVE) if item.gone else ("~", Tone.CHANGE)


def lines_by_drift(plan: Plan) -> Iterator[tuple[Drift, str, list[Line]]]:
    """Each drift with its cause in words, its fields and the response."""
    actions = {change.address: change.action for change in plan.changes}
    for item in plan.drift:
        below = [line((f"      # {item.by}", Tone.FAINT))] if item.by else []
        for field in item.fields:
            below += differing(field.name, field.before, field.after, indent=6, note=("", None))
        text = "recorded in the state" if plan.refresh_only else answer(item, actions.get(item.address, Action.NONE))
        below.append(line((f"      # {text}", Tone.FAINT)))
        yield item, f"{_CAUSES[item.cause]}{f': {item.says}' if item.says else ''}", below


def adopted_lines(plan: Plan) -> Iterator[Line]:
    """Fields that differ from the manifest because earlier drift was adopted. New drift is listed as drift."""
    now = {(item.address, field.name) for item in plan.drift for field in item.fields}
    title = "Adopted, and different from the manifests:"
    for change in plan.changes:
        fields = [field for field in change.adopted if (change.address, field.name) not in now]
        if fields and title:
            yield line((title, Tone.STRONG))
            yield line()
            title = ""
        if fields:
            yield line(("  ~ ", Tone.CHANGE), (str(change.address), Tone.STRONG), f" ({change.id})")
            for field in fields:
                note = (f"  # because of {adopting(field)}", Tone.FAINT)
                yield from differing(field.name, field.declared, field.wanted, indent=6, note=note)
            yield line()


def adopting(field: Adopted) -> str:
    """The setting that adopted the field, and its place."""
    return f"onDrift ({field.place})" if field.place else "onDrift"


def unread_lines(plan: Plan, *, now: float | None) -> Iterator[Line]:
    """The resources that were not read (`--refresh`), with their age. `now` is in Unix seconds."""
    if not plan.unread:
        return
    count = len(plan.unread)
    what = f"{count:,} resource{'s were' if count > 1 else ' was'}{_unread(min(plan.unread.values()), now)}"
    yield line((f"{what}: assumed to be as recorded.", Tone.CHANGE))
    for address, at in plan.unread.items() if 1 < count <= _MANY else ():
        yield line((f"      {address}{_unread(at, now)}", Tone.FAINT))
    yield line()


def _unread(last_seen: float, now: float | None) -> str:
    """The age is an upper bound: the state is written only when something has changed."""
    if now is None or not last_seen:
        return " not read"
    return f" not read for up to {in_words(max(now - last_seen, _MINUTE))}"
