"""What a person does with a machine outside of a plan: what it loses, what it costs, what the next plan does. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from novita_infra.account.jobs import MachineJob
from novita_infra.catalogue.prices import Cost, PriceList
from novita_infra.kinds.call import Target
from novita_infra.kinds.kind import Kind
from novita_infra.kinds.machine import Due, MachineAction, Moment
from novita_infra.model.diagnostics import Diagnostic, Severity, first_of
from novita_infra.model.frozen import dataclass
from novita_infra.model.records import Record
from novita_infra.model.resources import STABLE, Live, Loss, Phase
from novita_infra.model.values import Spec

_NAMED = 3
"""The most objects that a message names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedAction:
    """What a person asks of an action beside the machines."""

    months: int = 0
    """The months that it buys."""
    saved_as: str = ""
    """The name under which it saves the machine."""
    credential: str = ""
    """The id of the credential for the registry of that name; empty for none."""
    allowed: tuple[str, ...] = ()
    """The images that may be saved over."""
    again: bool = False
    """Whether it is done once more where a job of it has just ended."""


NOTHING_MORE: Final = AskedAction()


@dataclass(frozen=True, slots=True)
class ActionOnMachine:
    """One action on one machine."""

    kind: Kind
    live: Live
    title: str
    """What messages call it."""
    record: Record | None
    """None where no state records it."""
    action: MachineAction
    spec: Spec
    """What the call asks for."""
    losses: tuple[Loss, ...] = ()
    """The data that it loses."""
    costs: tuple[Cost, ...] = ()
    """What is paid at once."""
    job: MachineJob | None = None
    """The job of this very action, where it is under way, or ended well a short while ago."""
    replaces: str = ""
    """The image that exists and is saved over; empty for none."""

    @property
    def refusal(self) -> str:
        """Why it is not possible now, or an empty string. A machine in transition is waited for."""
        live, call = self.live, self.action.call
        if self.job is not None:
            return ""
        match live.phase:
            case Phase.LEAVING:
                return "it is being deleted"
            case Phase.FAILED if live.phase not in call.allowed_phases:
                return f"it has failed: {live.trouble or live.status}"
            case phase if phase in STABLE - call.allowed_phases - call.final_phases:
                return f"it is {live.status}"
            case _:
                return self.action.refusal(live)

    @property
    def is_done(self) -> bool:
        """Whether the machine is already as the action leaves it."""
        call = self.action.call
        if self.job is not None:
            return self.job.is_over
        return self.live.phase in call.final_phases - call.allowed_phases


def action_on(
    kind: Kind,
    live: Live,
    title: str,
    record: Record | None,
    *,
    name: str,
    asked: AskedAction,
    prices: PriceList,
) -> ActionOnMachine:
    """The action of this name on the machine. The kind must have it."""
    assert kind.machine is not None  # noqa: S101 -- it has the action
    action = kind.machine.actions[name]
    spec = action.buys(asked.months) if action.buys else {}
    spec = action.saves(asked.saved_as, asked.credential) if action.saves else spec
    losses = action.call.losses(Target(live.id, {}, live, record.spec if record else {})) if action.call.losses else ()
    purchases = kind.market.purchases if action.buys else None
    costs = purchases(None, {**live.values, **spec}, prices) if purchases else ()
    return ActionOnMachine(kind, live, title, record, action, spec, losses, costs)


def next_plan_warnings(actions: Iterable[ActionOnMachine], *, now: float) -> Iterator[Diagnostic]:
    """What the next apply does about the machines whose manifest wants something else. `now` is in Unix seconds."""
    found: dict[tuple[str, str], list[str]] = {}
    for item in actions:
        due = _due(item, now)
        wanted = due.spec if due else item.record.spec if item.record else {}
        for name, value in item.action.sets.items():
            if wanted.get(name) not in (None, value):
                why = f"{'; '.join(due.says)}" if due and due.says else f"{name}: {wanted[name]} is declared"
                hint = "change that" if due and due.says else f"set {name}: {value}"
                found.setdefault((why, hint), []).append(item.title)
    for (why, hint), titles in found.items():
        summary = f"{first_of(titles, _NAMED)}: the next apply changes this back, because {why}"
        yield Diagnostic(summary, f"{hint} to keep it", severity=Severity.WARNING)


def _due(item: ActionOnMachine, now: float) -> Due | None:
    """What the rules of time of the machine ask for now; None without any."""
    rules = item.kind.machine.times if item.kind.machine and item.record and item.action.sets else None
    if rules is None or item.record is None:
        return None
    return rules.due(item.record.spec, Moment(now=now, live=item.live, record=item.record))


def months_warnings(actions: Iterable[ActionOnMachine]) -> Iterator[Diagnostic]:
    """That no state knows of what is bought."""
    titles = [item.title for item in actions if item.action.buys and item.record]
    if titles:
        names = ", ".join(sorted({name for item in actions for name in item.spec}))
        yield Diagnostic(
            f"{first_of(titles, _NAMED)}: the state does not count what is bought here",
            f"an apply that raises {names} in the manifest buys the difference once more",
            severity=Severity.WARNING,
        )
