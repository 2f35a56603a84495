"""The options of a plan and of its run: targets, exclusions, replacements, permissions, refresh, limits."""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from typing import Final

from novita_infra.model.addresses import Address, fits_wildcards
from novita_infra.model.frozen import dataclass
from novita_infra.model.rules import Policy


class Refresh(enum.Enum):
    """The live objects that are read for a plan."""

    ALL = "all"
    CHANGED = "changed"
    """Only the types of which a manifest differs from the state."""
    NONE = "none"
    """None: the objects are believed to be as they are recorded."""
    ONLY = "only"
    """All, and only to bring the state up to date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """The options that shape a plan."""

    destroys: bool = False
    """Delete all that is recorded."""
    targets: tuple[str, ...] = ()
    """Only these resources, what they need, and what cannot remain without them: addresses, or patterns of them, in
    which `*` stands for any characters. Empty for everything."""
    excludes: tuple[str, ...] = ()
    """Not these resources, nor what cannot be done without them; addresses or patterns."""
    replaces: tuple[str, ...] = ()
    """Replace these resources, though they could be kept; addresses or patterns."""
    allow_data_loss: tuple[str, ...] = ()
    """The resources whose data may be lost; addresses or patterns."""
    create_anyway: tuple[str, ...] = ()
    """The resources to create though an object of their name and place exists that no state has; addresses or
    patterns."""
    allow_large_change: bool = False
    """More may be deleted and replaced than the project's limit."""
    refresh: Refresh = Refresh.ALL
    """Which objects are read."""
    checks: bool = False
    """Ask every resource what its `check` says, though nothing has changed since it passed."""
    hooks: bool = True
    """Run the hooks of the project and of its resources."""
    runway: int = 60
    """Minutes that the balance must pay for what the plan adds."""
    new_state: bool = False
    """Start with a new state, though objects exist that a lost state of this environment may have recorded."""
    policies: tuple[Policy, ...] = ()
    """Policies beside those of the project; their files are named relative to the current folder."""


@dataclass(frozen=True, slots=True)
class RunLimits:
    """The limits of a run that the command line gives."""

    parallelism: int | None = None
    """The most steps under way, from the call of each until its object is ready; None for no limit."""
    max_calls: int | None = None
    """The most calls in flight; None where the client finds the number."""


NO_LIMITS: Final = RunLimits()


def is_selected(address: Address, named: Collection[str]) -> bool:
    """Whether a name or pattern selects the address.

    A name without a key selects every key of it, and the name of a module all that belongs to it.
    """
    if not named:
        return False
    texts = {str(address), str(address.base)}
    within = address.module
    while within:
        module = Address.parse(within)
        texts |= {within, str(module.base)}
        within = module.module
    return any(fits_wildcards(pattern, text) for pattern in named for text in texts)


LABEL: Final = "label:"
"""The beginning of a name that selects resources by a label: `label:team=research`."""


def has_label(labels: Mapping[str, str], named: str) -> bool:
    """Whether the labels fit `label:NAME=VALUE`; `*` in the value stands for any characters."""
    name, _, value = named.removeprefix(LABEL).partition("=")
    return name in labels and fits_wildcards(value, labels[name])


def is_pattern(text: str) -> bool:
    """Whether the text is a pattern, which may select several addresses."""
    return "*" in text
