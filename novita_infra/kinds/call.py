"""The calls of a kind: how its objects are read, created, changed and deleted. Requests as values; nothing is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from novita_infra.api.request import Pages, Request
from novita_infra.kinds.job import JobRules
from novita_infra.model.frozen import dataclass
from novita_infra.model.resources import STABLE, Live, Loss, Phase
from novita_infra.model.values import Spec, Value


@dataclass(frozen=True, slots=True)
class Target:
    """The data that a request is made from. All values are resolved and in clear; it is never printed."""

    id: str
    spec: Spec
    """The declared fields."""
    live: Live | None = None
    """The object as last read; always set for an update."""
    before: Spec = field(default_factory=dict)
    """The last sent values of fields that the API does not return."""
    mark: str = ""
    """The owner mark that the object shall carry; empty for none."""

    def value(self, name: str, otherwise: Value = None) -> Value:
        """The declared value, else the live one, else the last sent one: for calls that send everything in full."""
        for source in (self.spec, self.live.values if self.live else {}, self.before):
            if source.get(name) is not None:
                return source[name]
        return otherwise

    def was(self, name: str, otherwise: Value = None) -> Value:
        """The value before the call: the live one, else the last sent one."""
        for source in (self.live.values if self.live else {}, self.before):
            if source.get(name) is not None:
                return source[name]
        return otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A named call of the API, as a pure function from a target to a request."""

    name: str
    summary: str
    """Its effect on the object, for a person: `upgrade: the container restarts, data is kept`."""
    request: Callable[[Target], Request]
    """Request.repeatable says whether this very request may be sent twice."""
    final_phases: frozenset[Phase] = frozenset({Phase.READY})
    """The phases in which the call is complete; empty where the answer alone completes it (a synchronous call)."""
    allowed_phases: frozenset[Phase] = STABLE
    """The phases in which the service accepts the call. Where READY is the only one, the planner first starts a stopped
    object and stops it again afterwards."""
    also_sets: tuple[str, ...] = ()
    """Fields that this call sets beside those that name it: converting to monthly also sets the months."""
    losses: Callable[[Target], tuple[Loss, ...]] | None = None
    """The data that the object loses by the call; None for none."""
    took_effect: Callable[[Target, Live], bool] | None = None
    """Whether the live object shows the effect, for fields that cannot be compared one by one (a later end date). By
    default the call took effect when every field that it changes agrees with the target."""
    takes_down: bool = False
    """Whether what runs in a ready object is ended or put in its place by another one: a rollout makes such a call on
    few members at one time."""
    disturbs: bool = True
    """Of a deletion: whether what depends on the object must be changed with it. False where nothing notices."""
    needs_running: str = ""
    """The field with the other object that must run when the call is made; empty for none."""
    usual_seconds: float = 2.0
    """Usual duration until it is complete, in seconds; an estimate that measured runs replace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadCalls:
    """How objects of the kind are read: a list of all of them, and a get for one where the API has it."""

    pages: Pages
    parse: Callable[[Mapping[str, Any]], Live]
    """From a list item or an object to a Live. Normalises units and types, maps the status to a phase, never raises on
    unknown or missing fields. Values left out of `Live.values` are those that the answer does not carry."""
    get: Callable[[str], Request] | None = None
    """The request for one object by id."""
    unwrap: Callable[[Any], Mapping[str, Any] | None] | None = None
    """From the answer of `get` to the object; None where the answer holds none."""
    partial: bool = False
    """Whether the list leaves out fields that are compared, so that each object of the list is read by `get`, too."""
    stages: Mapping[str, str] = field(default_factory=dict)
    """By the API's word for a status: the stage of coming up, which has a time limit of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCalls:
    """All calls of a kind, and how their answers are understood."""

    read: ReadCalls
    create: Call
    new_id: Callable[[Any], str]
    """The id in the answer of the create; empty where the answer holds none, and the object must be looked for."""
    matches: Callable[[Spec, Live], bool]
    """Whether a live object may come from a create with this (resolved) spec: name and place agree."""
    part_of: str = ""
    """The field with the id of what the object is the one part of, such as the key of a policy: a create sets it, its
    id is the same, and there is one at most. Empty where each create makes another object."""
    updates: tuple[Call, ...] = ()
    """The calls that change an object, in the order in which they are made."""
    delete: Call
    deletion_refusal: Callable[[Live], str] | None = None
    """Why the service would refuse to delete this object, or an empty string."""
    mark_place: str = ""
    """Where the object carries its owner mark, for a person; empty where the API has no room for one. The calls write
    Target.mark, `parse` reads Live.mark."""
    lasting_outputs: Callable[[Mapping[str, Value], Live], Mapping[str, Value]] = lambda before, _: before
    """The known attributes that still hold for an object with this answer: a list carries fewer than a get."""
    number_outputs: frozenset[str] = frozenset()
    """The computed attributes that are numbers: where a text is wanted, they become one."""
    completes: bool = False
    """Whether its objects are jobs, which end by themselves. One that ended well stays as it is recorded when no list
    shows it any more. One that has ended needs no deletion: its resource is forgotten. None of them is an orphan."""
    saves: Callable[[Spec], str] | None = None
    """The image that an object of this spec writes into a registry, where it outlives the object; empty where that is
    not known yet. What the registry has under the same name is lost."""
    create_first: bool = False
    """Whether a replacement creates the new object before it deletes the old one."""
    job: JobRules | None = None
    """The rules of objects that run to completion; None where objects last."""

    def whole_of(self, spec: Spec) -> str:
        """The id of what an object of this spec is the one part of; empty for other kinds, and where it is not known.

        The value is the id, or a map with it.
        """
        value = spec.get(self.part_of)
        id = value.get("id") if isinstance(value, dict) else value
        return id if isinstance(id, str) else ""
