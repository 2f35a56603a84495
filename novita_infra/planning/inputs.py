"""The inputs of a plan: the configuration, the prior state, what was read of the account, and the options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from novita_infra.catalogue.products import Catalogue
from novita_infra.kinds.kind import Circumstances, Kind
from novita_infra.model.addresses import Address
from novita_infra.model.frozen import dataclass
from novita_infra.model.identity import Identity
from novita_infra.model.refactoring import NO_REFACTORING, Refactoring, StateEdits
from novita_infra.model.resources import Declared, Existing, Live, WrittenFile
from novita_infra.model.rules import Rules
from novita_infra.model.values import Value
from novita_infra.planning.options import PlanOptions, Refresh
from novita_infra.planning.orphans import Orphan
from novita_infra.planning.plan.plan import OnFailure


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The configuration: what the manifests and the project file declare."""

    identity: Identity
    declared: tuple[Declared, ...]
    outputs: Mapping[str, Value] = field(default_factory=dict)
    groups: Mapping[str, OnFailure] = field(default_factory=dict)
    rules: Rules = Rules()
    scope: str = ""
    """A manifest file: records of other files are left alone. Empty for the whole project."""
    placed: frozenset[Address] = frozenset()
    """The resources whose cluster the manifests leave open, and that were given one."""
    project_options: tuple[str, ...] = ()
    """The words that name the environment and the project on a command line, for commands in hints."""
    edits: StateEdits = StateEdits()
    """What the refactorings changed in the state; `AccountSnapshot.existing` has it already."""
    refactoring: Refactoring = NO_REFACTORING
    absent: Mapping[Address, str] = field(default_factory=dict)
    """By address of a record: why the manifests declare it no longer, where they still name it."""

    marks: bool = True
    """Whether new objects get owner marks."""

    @property
    def project(self) -> str:
        """The name of the project."""
        return self.identity.project

    @property
    def environment(self) -> str:
        """The name of the environment."""
        return self.identity.environment


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorState:
    """The state without its records, which stand in `AccountSnapshot.existing`."""

    lineage: str
    serial: int
    key: str
    """The hex key of the digests that stand for secrets."""
    outputs: Mapping[str, Value] = field(default_factory=dict)
    """The outputs of the last apply, secrets as Digests."""
    rolling: Mapping[Address, float] = field(default_factory=dict)
    """See `State.rolling`."""
    place: str = ""
    """Where it is stored, for a message."""
    searched: bool = True
    """Whether the account was searched for objects of a lost state; see `State.searched`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSnapshot:
    """The live objects and the catalogue of the account, as they were read."""

    existing: Mapping[Address, Existing]
    """By address of every record: the record and its live object."""
    unrecorded: Mapping[str, tuple[Live, ...]] = field(default_factory=dict)
    """By type that was listed, its live objects that no record knows."""
    unread: Mapping[Address, float] = field(default_factory=dict)
    """By address in `existing` that was not read, when the record was last brought up to date, in Unix seconds."""
    files: Mapping[Address, WrittenFile] = field(default_factory=dict)
    """By address of a declared job, the file on the disk that it writes."""
    catalogue: Catalogue = Catalogue()
    lost: tuple[Orphan, ...] = ()
    """The unrecorded objects that carry the owner mark of this project and environment, while the state is new and
    before everything is destroyed."""
    circumstances: Circumstances = Circumstances(0.0)
    """The time when reading began (the planner looks at no clock), and what explains drift beside the objects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanInputs:
    """Everything that a plan is made from. Values only."""

    config: Config
    prior: PriorState
    world: AccountSnapshot
    kinds: Mapping[str, Kind]
    """By type."""
    options: PlanOptions = PlanOptions()

    @property
    def now(self) -> float:
        """When reading began, in Unix seconds."""
        return self.world.circumstances.now

    @property
    def partial(self) -> bool:
        """Whether the plan is about some of the resources only."""
        options = self.options
        return bool(options.targets or options.excludes or self.config.scope or options.refresh is Refresh.ONLY)
