"""What a state file holds, as values, and what every store of it can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from novita_infra.model.addresses import Address
from novita_infra.model.records import Record
from novita_infra.model.values import Value

VERSION: Final = 1
KEPT: Final = 50
"""Applied plans that are remembered."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A saved plan that a run began to carry out: no other run may."""

    seal: str
    """What tells its file from every other."""
    since: float
    """Unix seconds."""
    by: str
    """For a person: `ada, process 12 on host`."""
    done: bool = False
    """Whether every step of it was done."""


@dataclass(frozen=True, slots=True)
class State:
    """The books of one environment of one project."""

    lineage: str
    """A random id given once: two states with different lineages are not versions of one another."""
    key: str
    """Random hex, the key of the digests that stand for secrets."""
    serial: int = 0
    """Goes up with every save and with every journal line: the same serial of a lineage is the same state."""
    project: str = ""
    environment: str = "default"
    cloud: str = ""
    """The account it is about: `simulator`, or the API's host. Empty until the first apply."""
    records: Mapping[Address, Record] = field(default_factory=dict)
    outputs: Mapping[str, Value] = field(default_factory=dict)
    """The project's outputs after the last apply; a secret is a Digest."""
    seen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By kind prefix, the ids that were live when a run with unanswered creates began."""
    begun: tuple[Begun, ...] = ()
    """The saved plans that were applied, the last KEPT of them, oldest first."""
    durations: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """By `instance.create`, the seconds that the last such steps took."""
