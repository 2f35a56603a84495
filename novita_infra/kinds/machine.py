"""The daily life of objects that run programs, as a part of their kind: where one is, and how to log in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from novita_infra.account.jobs import MachineJob
from novita_infra.account.metric_series import MetricSeries
from novita_infra.account.metrics import GpuUse
from novita_infra.api.request import Request
from novita_infra.kinds.call import Call
from novita_infra.model.frozen import dataclass
from novita_infra.model.records import Record
from novita_infra.model.resources import Live
from novita_infra.model.values import Spec


@dataclass(frozen=True, slots=True)
class Login:
    """How to log in to a machine by SSH."""

    host: str
    port: int
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What the rules of time of a spec are judged by."""

    now: float
    """Unix seconds."""
    live: Live | None = None
    record: Record | None = None
    use: GpuUse | None = None
    """The last use of the live object, where the rules need it and it was measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What the rules of time of a spec ask for at a moment."""

    spec: Spec
    """The spec with the fields that they decide."""
    says: tuple[str, ...] = ()
    """Each rule for a person: what it asks for now, and what comes next."""
    next: float = 0.0
    """When they ask for something else, in Unix seconds; 0 where that is not known."""
    over: bool = False
    """Whether the time of the object has ended."""
    why: str = ""
    """Why the object is to be deleted, where its time has ended."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRules:
    """The fields of a spec that are about time: when an object runs, and when it ends."""

    due: Callable[[Spec, Moment], Due | None]
    """What they ask for; None for a spec without any."""
    needs_use: Callable[[Spec], bool]
    """Whether they need the last use of the object."""
    needs_age: Callable[[Spec], bool]
    """Whether they need the time of its creation."""
    decided: Mapping[str, tuple[str, ...]]
    """By field of the spec that they decide, the fields that do."""
    hard_seconds: Callable[[Spec], float]
    """After how many seconds an object of the spec may be ended by whoever holds the key; 0 for never."""
    running: Callable[[Spec], Spec]
    """The spec of the same object while it runs."""
    endable: Callable[[Spec], bool]
    """Whether an object of the spec can be deleted at any time."""
    shows_mark: Callable[[Live], bool]
    """Whether the answer that the object was read from holds the place of its owner mark."""
    stop: str
    """The call that stops an object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionJob:
    """The job that an action begins. The same action goes on with one that is under way."""

    type: str
    """The API's word for it, such as `instanceMigrate`."""
    is_same: Callable[[MachineJob, Spec], bool] = lambda _job, _spec: True
    """Whether a job of this type, of this machine, is what a call with the spec begins."""
    lasts: float
    """Seconds for which a job that ended well counts as this very action: only on demand is it done once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineAction:
    """What a person may do with a machine outside of a plan."""

    call: Call
    done: str
    """What the machine is afterwards, for a person: `stopped`."""
    sets: Spec = field(default_factory=dict)
    """The fields whose values it changes, with these values."""
    buys: Callable[[int], Spec] | None = None
    """The spec of a call that buys so many months; None where nothing is bought."""
    saves: Callable[[str, str], Spec] | None = None
    """The spec of a call that saves it under a name, with the id of a credential; None where nothing is saved."""
    misnamed: Callable[[str], str] = lambda _: ""
    """What is wrong with the name under which it is saved, and what to write; empty for nothing."""
    job: ActionJob | None = None
    """The job of the service that it begins; None for a call that ends with the phase of the object."""
    refusal: Callable[[Live], str] = lambda _: ""
    """Why it is not possible for this object, or an empty string."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineMetrics:
    """How the service shows the figures of an object over time."""

    request: Callable[..., Request]
    """The request, from the id, and by name `start` and `interval`, in seconds."""
    read: Callable[[Any], tuple[MetricSeries, ...]]
    """The series in the answer; none for an object that does not run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What is known of a live object that runs programs."""

    product: Callable[[Live], str]
    """What is rented, for a person: `2 x RTX 4090`; empty where that is not known."""
    place: Callable[[Live], str]
    """Where it is: the name of the cluster, else its id; empty where that is not known."""
    login: Callable[[Live], Login | None] | None = None
    """How to log in, as a get of the object shows it: None while that is not possible. None for objects without."""
    charged: Callable[[Live], Spec] = lambda live: live.values
    """The spec whose costs are those of the object as it is now."""
    metrics: MachineMetrics | None = None
    """Its figures over time; None where the service shows none."""
    times: TimeRules | None = None
    """The fields about time."""
    actions: Mapping[str, MachineAction] = field(default_factory=dict)
    """What a person may do with it, by the name of the command."""
