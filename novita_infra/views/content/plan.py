"""What every format shows of a plan: signs and sentences of actions, costs by resource, policy outcomes. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.resources import Declared
from novita_infra.model.rules import OnError
from novita_infra.planning.plan.changes import Action, Change, FieldChange
from novita_infra.planning.plan.configuration import Configuration
from novita_infra.planning.plan.costs import Money, Row
from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.plan.review import Review
from novita_infra.planning.plan.verdicts import Judgement
from novita_infra.views.content.lines import Tone

if TYPE_CHECKING:
    from novita_infra.planning.cost.durations import Estimate
    from novita_infra.planning.saved.plan_file import SavedPlan
    from novita_infra.state.recovery.past import Past


_SYMBOL: Final[Mapping[Action, tuple[str, Tone | None, str]]] = {
    Action.NONE: ("", None, "is unchanged"),
    Action.CREATE: ("+", Tone.ADD, "will be created"),
    Action.UPDATE: ("~", Tone.CHANGE, "will be updated in place"),
    Action.REPLACE: ("-/+", Tone.REPLACE, "will be replaced: the old object is deleted first"),
    Action.DELETE: ("-", Tone.REMOVE, "will be deleted"),
    Action.ADOPT: ("<=", Tone.NEUTRAL, "will be adopted"),
    Action.RESUME: ("..", Tone.NEUTRAL, "will be waited for"),
    Action.FORGET: (".", Tone.NEUTRAL, "will be removed from the state"),
    Action.REFUSED: ("!", Tone.BAD, "is refused"),
}


_AFTER_END: Final = ("-/+", Tone.REPLACE, "will be replaced: the old one is over, and is not deleted")
_CREATE_FIRST: Final = ("+/-", Tone.REPLACE, "will be replaced: the new object is created first")


VERBS: Final[Mapping[Action, tuple[str, str]]] = {
    Action.CREATE: ("to create", "created"),
    Action.UPDATE: ("to update", "updated"),
    Action.REPLACE: ("to replace", "replaced"),
    Action.DELETE: ("to delete", "deleted"),
    Action.ADOPT: ("to adopt", "adopted"),
    Action.RESUME: ("to wait for", "waited for"),
    Action.FORGET: ("to forget", "forgotten"),
    Action.REFUSED: ("refused", "refused"),
}


class RunProject(NamedTuple):
    """The project of a run."""

    name: str
    folder: str
    """Absolute."""
    environment: str


class PlanContent(NamedTuple):
    """A plan with its problems."""

    review: Review
    digest: str = ""
    """The digest by which it is approved, where it is known already."""
    saved: SavedPlan | None = None
    """The file that it is from."""
    time: Estimate | None = None
    warnings: tuple[Diagnostic, ...] = ()
    """The warnings of the manifests."""
    configuration: Callable[[], Configuration | None] | None = None
    """Gives what the manifests declare, for a format that shows it."""
    declared: tuple[Declared, ...] = ()
    """The declared resources, for a format that shows their places; empty for a plan of a file."""
    past: Callable[[], Past] | None = None
    """Gives what the place of the state keeps, for a format that shows it."""


class DriftContent(NamedTuple):
    """The drift of a plan, and the changes that would follow."""

    review: Review
    warnings: tuple[Diagnostic, ...] = ()
    """The warnings of the manifests."""
    declared: tuple[Declared, ...] = ()
    """The declared resources, for a format that shows their places."""


def symbol(change: Change) -> str:
    """The sign of a change, such as `-/+`; empty where nothing changes."""
    return heading(change)[0]


def heading(change: Change) -> tuple[str, Tone | None, str]:
    """The sign of a change, its tone, and its sentence: `will be updated in place`."""
    if change.action is Action.REPLACE and (change.job_end or change.create_first):
        return _AFTER_END if change.job_end else _CREATE_FIRST
    return _SYMBOL[change.action]


def change_sentence(change: Change) -> str:
    """What follows the address of a change: ` (i-1a2b) will be updated in place, with a restart`."""
    known_as = f" ({change.id})" if change.id else ""
    restarts = change.action is Action.UPDATE and any("restarts" in item.means.words for item in change.fields)
    return f"{known_as} {heading(change)[2]}{', with a restart' if restarts else ''}"


def fields_by_call(fields: Iterable[FieldChange]) -> list[tuple[str, list[FieldChange]]]:
    """The fields by the call that changes them; calls of a single field first."""
    groups: dict[str, list[FieldChange]] = {}
    for item in fields:
        groups.setdefault(item.means.text, []).append(item)
    return sorted(groups.items(), key=lambda group: len(group[1]) > 1)


def summary(plan: Plan) -> str:
    """`Plan: 3 to create, 1 to update, 1 to replace, 2 to delete, 0 to adopt.`"""
    counts = Counter(change.action for change in plan.changes)
    counted = [
        f"{counts[action]} {to_do}" for action, (to_do, _) in VERBS.items() if counts[action] or action in _ALWAYS
    ]
    imported = [f"{len(plan.edits.imported)} to import"] if plan.edits.imported else []
    return f"Plan: {', '.join((*imported, *counted))}."


def nothing_to_do(plan: Plan) -> str:
    """The sentence for a plan without changes: `No changes. ...`."""
    if plan.refresh_only:
        return "No changes: only the state is refreshed."
    if plan.drift:
        return "No changes: the drift is not put back."
    if plan.selection.left_out:
        return "No changes except those that are left out."
    count = sum(change.action is Action.NONE for change in plan.changes)
    if plan.destroys and plan.selection.partial:
        return "No changes. The state holds none of these resources."
    if plan.destroys or not count:
        return "No changes. The state is empty." if plan.destroys else "No changes. Nothing is declared."
    resources, match = ("resource", "matches") if count == 1 else ("resources", "match")
    but = ", but for what was adopted" if any(change.adopted for change in plan.changes) else ""
    return f"No changes. The {count:,} {resources} of this environment {match} the manifests{but}."


def by_address(money: Money | None) -> Mapping[Address, Row]:
    """The costs of a plan by resource."""
    return {row.address: row for row in money.rows} if money else {}


_ALWAYS: Final = (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE, Action.ADOPT)
"""Always in the summary; the other actions only where there are any."""

OUTCOMES = ("passed", "warned", "denied")
"""The outcomes of a policy."""


def policy_outcome(judgement: Judgement) -> str:
    """`passed`, `warned` or `denied`."""
    if judgement.verdict.deny or (judgement.error and judgement.policy.on_error is OnError.DENY):
        return "denied"
    return "warned" if judgement.verdict.warn or judgement.error else "passed"
