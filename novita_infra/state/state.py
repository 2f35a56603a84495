"""State: the resources of one environment of a project, as values."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from typing import Final

from novita_infra.encoding import Json, decode_as, encode, is_slow, slow_key, stretched
from novita_infra.model.addresses import Address
from novita_infra.model.clock import moment
from novita_infra.model.frozen import dataclass
from novita_infra.model.identity import in_mark
from novita_infra.model.json_forms import key_form
from novita_infra.model.records import Record
from novita_infra.model.refactoring import StateEdits
from novita_infra.model.values import Value

VERSION: Final = 4
"""2 added the last run and the steps of approved plans, 3 slow digests of secrets, 4 the digest of the state before."""
MOST_USED_PLANS: Final = 50
"""How many applied plans a state remembers."""
MOST_GONE: Final = 1000
"""How many deleted ids of a resource type a state remembers."""


@dataclass(frozen=True, slots=True)
class UsedPlan:
    """An approved plan that a run has begun to apply: a saved plan, or one that was approved by its digest."""

    seal: str
    """The seal of the plan file; empty for a plan without a file."""
    since: float
    """Unix seconds."""
    by: str
    """The process, for a person: `ada, process 12 on host`."""
    done: bool = False
    """Whether all its steps succeeded."""
    digest: str = ""
    """The digest by which the plan was approved; empty where version 0.1 recorded the plan."""
    steps: tuple[Mapping[str, Value], ...] = ()
    """The approved steps, as `planning.saved.continuing` writes them; empty when no run can continue the plan."""
    outputs: str = ""
    """A digest of the outputs as declared."""

    @property
    def id(self) -> str:
        """The name of the plan among the used plans."""
        return self.seal or self.digest


@dataclass(frozen=True, slots=True)
class PlannedRate:
    """What the plan of a run said that its environment costs per hour after it: 1/100000 USD, as an exact fraction."""

    least: str
    most: str
    partly: bool = False
    """Whether it is without parts whose price was not known."""


@dataclass(frozen=True, slots=True)
class LastRun:
    """The run that changed the state last."""

    operation: str
    """The command, such as `apply` or `state mv`."""
    by: str
    """The process, for a person: `ada, process 12 on host`."""
    since: float
    """The start of the run, or the time of the edit, in Unix seconds."""
    plan: str = ""
    """The id of the UsedPlan that it carried out; empty for none."""
    planned: PlannedRate | None = None
    """What its plan said; None for an edit, and where version 0.2 recorded it."""
    digest: str = ""
    """The digest of its plan; empty for an edit."""
    ci: str = ""
    """The address of the run of a CI service that it is part of."""

    def __str__(self) -> str:
        return f"`{self.operation}` of {self.by} at {moment(self.since)}"


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The end of the audit log as the state knows it: a log that was cut or changed does not lead to it."""

    count: int = 0
    """The number of entries."""
    digest: str = ""
    """The digest of the newest one; empty without any."""


@dataclass(frozen=True, slots=True)
class StateIdentity:
    """The project that a state belongs to, beyond its name."""

    id: str = ""
    """The id of the project, as its project file gives it or as the first apply made it. Empty before the first apply,
    and in a state of version 0.1."""
    former: tuple[str, ...] = ()
    """The scopes (`project:id/environment`) that the state had before `state rename`: their owner marks are known."""
    accepted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By address of a record: what the mark of its object may name, too: addresses that it had (`state mv`), and owners
    that `import --steal` accepted."""
    account: str = ""
    """The id of the account that the project file named at the last apply; empty where it named none."""


@dataclass(frozen=True, slots=True)
class State:
    """The recorded resources and outputs of one environment of one project."""

    lineage: str
    """A random id, given once: states with different lineages are not versions of one another."""
    key: str
    """The key of the digests that stand for secrets: random hex, with the cost of a digest in front."""
    serial: int = 0
    """Rises with every save and every journal line: one serial of a lineage is one state."""
    project: str = ""
    environment: str = "default"
    cloud: str = ""
    """The account of the objects: `simulator`, or the API's host. Empty until the first apply."""
    identity: StateIdentity = field(default=StateIdentity(), kw_only=True)
    searched: bool = field(default=True, kw_only=True)
    """Whether the account was searched for objects of this project and environment when the state was new. Until then,
    objects may exist that an earlier state recorded, and that is lost."""
    records: Mapping[Address, Record] = field(default_factory=dict)
    outputs: Mapping[str, Value] = field(default_factory=dict)
    """The project's outputs after the last apply; a secret is a Digest."""
    snapshots: Mapping[str, tuple[str, ...]] = field(default_factory=dict, metadata=key_form("seen"))
    """The ids that were live when a run with unanswered creates began, by the name of the snapshot, such as `vpc`."""
    gone: Mapping[str, tuple[str, ...]] = field(default_factory=dict, kw_only=True)
    """The ids that were recorded and are deleted, by resource type, oldest first: a list may still show their objects,
    which no later create made. The last MOST_GONE of each type."""
    rolling: Mapping[Address, float] = field(default_factory=dict, kw_only=True)
    """The members of unfinished rollouts: when each was ready again, in Unix seconds, and 0 while it is down."""
    used_plans: tuple[UsedPlan, ...] = field(default=(), metadata=key_form("begun"))
    """The last MOST_USED_PLANS approved plans that were applied, oldest first."""
    durations: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """The seconds that the last steps took, by type and call, such as `instance.create`."""
    last_run: LastRun | None = None
    """None where no run changed it yet, or version 0.1 did."""
    audit: AuditHead = field(default=AuditHead(), kw_only=True)
    """The end of the audit log; a store sets it when it saves."""

    def not_made_by(self, record: Record) -> frozenset[str]:
        """Ids that the object of the record's create without an answer does not have: live before it, or deleted."""
        prefix, pending = record.address.type, record.pending
        snapshot = (pending.snapshot if pending else "") or prefix
        return frozenset((*self.snapshots.get(snapshot, ()), *self.gone.get(prefix, ())))


def with_gone(
    gone: Mapping[str, tuple[str, ...]], old: Record | None, new: Record | None
) -> Mapping[str, tuple[str, ...]]:
    """`State.gone` after a record is replaced, or dropped where `new` is None.

    The id that a create was answered remains out of it when it proves wrong: the object of that create is still sought.
    """
    if old is None or (new is not None and not new.id and new.pending is not None):
        return gone
    remaining = {new.id, *new.retired} if new is not None else set()
    lost = tuple(id for id in (*old.retired, old.id) if id and id not in remaining)
    if not lost:
        return gone
    type_ = old.address.type
    return {**gone, type_: (*gone.get(type_, ()), *lost)[-MOST_GONE:]}


def rolled(rolling: Mapping[Address, float], members: Mapping[Address, float | None]) -> dict[Address, float]:
    """`State.rolling` after a change of some members; None removes one."""
    changed = {**rolling, **members}
    return {address: ready_at for address, ready_at in changed.items() if ready_at is not None}


def edited(state: State, edits: StateEdits) -> State:
    """The state after the edits. One that is done already has no effect.

    The needs of all records follow the moves. The mark of an object names the address that it was created for, so the
    new address accepts it.
    """
    targets = {item.source: item.target for item in edits.moved if item.source in state.records}
    imported = {item.address: item for item in edits.imported if not is_recorded(state, item.address)}
    if not targets and not imported:
        return state
    records = {}
    for address, record in state.records.items():
        needs = tuple(sorted(targets.get(need, need) for need in record.needs))
        target = targets.get(address, address)
        moves = target != address or needs != record.needs
        records[target] = replace(record, address=target, needs=needs) if moves else record
    before, left = state.identity.accepted, set(map(str, (*targets, *imported)))
    accepted = {address: owners for address, owners in before.items() if address not in left}
    for source, target in targets.items():
        accepted[str(target)] = tuple(dict.fromkeys((*before.get(str(source), ()), in_mark(source))))
    accepted |= {str(address): edits.accepted[str(address)] for address in imported if str(address) in edits.accepted}
    former = tuple(dict.fromkeys((*state.identity.former, *(edits.former if imported else ()))))
    identity = replace(state.identity, accepted=accepted, former=former)
    rolling = {targets.get(address, address): ready_at for address, ready_at in state.rolling.items()}
    return replace(state, records=dict(sorted((records | imported).items())), identity=identity, rolling=rolling)


def is_recorded(state: State, address: Address) -> bool:
    """Whether the state records an object at the address; a create without an answer is none."""
    return address in state.records and bool(state.records[address].id)


def new_state(project: str, environment: str, *, randomness: Callable[[int], bytes] = os.urandom) -> State:
    """A state without records. `randomness` returns as many random bytes as it is called with."""
    lineage = str(uuid.UUID(bytes=randomness(16), version=4))
    return State(
        lineage=lineage, key=slow_key(randomness(32).hex()), project=project, environment=environment, searched=False
    )


def with_slow_digests(state: State) -> State:
    """The state with slow digests in place of those of version 0.2, made from them without the secrets.

    Returns the same state if its digests are slow.
    """
    if is_slow(state.key):
        return state
    key = slow_key(state.key)
    content = _rekeyed(encode(state), key)
    assert isinstance(content, dict)  # noqa: S101 -- a dataclass is an object in JSON
    return decode_as(State, {**content, "key": key})


def _rekeyed(data: Json, key: str) -> Json:
    match data:
        case {"$digest": str(fast)} if len(data) == 1:
            return {"$digest": stretched(fast, key)}
        case dict():
            return {name: _rekeyed(item, key) for name, item in data.items()}
        case list():
            return [_rekeyed(item, key) for item in data]
        case _:
            return data
