"""The identity of a project, and the owner that a mark on an object names. Values only.

A mark is `project:id/environment/address/operation`. Marks of version 0.1 have no id. The operation may be followed by
moments in Unix seconds, such as `;at=1790000000;until=1790259200`: readers skip those that they do not know.
"""

from __future__ import annotations

import enum
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Final
from urllib.parse import quote

from novita_infra.model.addresses import Address
from novita_infra.model.clock import LAST_MOMENT
from novita_infra.model.frozen import dataclass

_UNSAFE: Final = re.compile(r"[^\w.-]+")
_UNSAFE_IN_KEY: Final = re.compile(r"[^\w.:@+=,-]")
_MOMENT: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_CREATED: Final = "at"
_DEADLINE: Final = "until"


@dataclass(frozen=True, slots=True)
class MarkOwner:
    """The owner that a mark names."""

    project: str
    """The name of the project, as a mark spells it."""
    id: str
    """The id of the project; empty in a mark of version 0.1."""
    environment: str
    address: str
    """As in a mark: without quotes."""

    @property
    def scope(self) -> str:
        """The project and the environment, as a mark spells them."""
        return f"{self.project}{f':{self.id}' if self.id else ''}/{self.environment}"

    def __str__(self) -> str:
        return f"{self.scope}/{self.address}"

    @property
    def path(self) -> str:
        """The owner for a person: `fleet/prod/instance.trainer`."""
        return f"{self.project}/{self.environment}/{self.address}"

    def in_words(self, *, other_than: str = "") -> str:
        """The owner for a message; the id distinguishes its project from one of the same name."""
        id = f" (id {self.id or 'not known'})" if self.project == mark_safe(other_than) else ""
        return f"project {self.project}{id}, environment {self.environment}, {self.address}"


@dataclass(frozen=True, slots=True)
class MarkMoments:
    """The moments that a mark holds, in Unix seconds; 0 for one that it does not hold."""

    created: float = 0.0
    """When the create was sent."""
    deadline: float = 0.0
    """When whoever holds the key may end the object."""


class Claim(enum.Enum):
    """The relation of a marked object to a project and an environment."""

    NONE = "none"
    """It carries no mark that can be read."""
    OWN = "own"
    """Its mark names this project and environment."""
    DOUBTFUL = "doubtful"
    """Its mark names a project of this name, and nothing shows whether it is this one."""
    FOREIGN = "foreign"
    """Its mark names another project or environment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The identity of a project in one environment."""

    project: str
    environment: str
    id: str = ""
    former: tuple[str, ...] = ()
    """The scopes (`project:id/environment`) that the state had before it was renamed."""
    accepted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By address: what the mark of its object may name, too: addresses of this project and environment (the resource
    was moved), and whole owners (the object was taken over)."""
    named: bool = True
    """Whether the project file gives the name; otherwise the name is that of a folder."""
    settled: bool = True
    """Whether the id stands in the project file or in the state; otherwise it is the one that a first apply records."""

    @property
    def scope(self) -> str:
        """The project and the environment, as a mark spells them."""
        return scope_of(self.project, self.id, self.environment)

    def owner(self, address: Address) -> str:
        """The part of a mark that names project, environment and address; a slash and the operation follow."""
        return f"{self.scope}/{in_mark(address)}"

    def claim(self, mark: str) -> Claim:
        """The relation of the object with this mark to the project and the environment."""
        owner = owner_of(mark)
        if owner is None:
            return Claim.NONE
        if owner.scope in self.former:
            return Claim.OWN
        if owner.environment != self.environment:
            return Claim.FOREIGN
        is_namesake = owner.project == mark_safe(self.project)
        if owner.id and owner.id == self.id and (is_namesake or self.settled):
            return Claim.OWN
        if not is_namesake:
            return Claim.FOREIGN
        if not owner.id:
            return Claim.OWN if self.named else Claim.DOUBTFUL
        return Claim.DOUBTFUL if self.named and not self.settled else Claim.FOREIGN

    def foreign_owner(self, mark: str, address: Address) -> MarkOwner | None:
        """The owner that the mark of the object at the address names, where it is another one; else None."""
        owner, accepted = owner_of(mark), self.accepted.get(str(address), ())
        if owner is None or str(owner) in accepted:
            return None
        own = self.claim(mark) is not Claim.FOREIGN
        return None if own and owner.address in {in_mark(address), *accepted} else owner


def mark_after(mark: str, own: str) -> str:
    """The mark of an object after a call that writes it; `own` is a new mark for the address of its record.

    The object keeps the mark of its create, except where the resource was moved since to another address.
    """
    owner, wanted = owner_of(mark), owner_of(own)
    if owner is None or wanted is None or owner.address == wanted.address:
        return mark or own
    same = (owner.project, owner.environment) == (wanted.project, wanted.environment) and owner.id in {"", wanted.id}
    return with_moments(own, moments_of(mark)) if same else mark


def with_moments(mark: str, moments: MarkMoments) -> str:
    """The mark with the moments that are not 0."""
    named = ((_CREATED, moments.created), (_DEADLINE, moments.deadline))
    return mark + "".join(f";{name}={int(at)}" for name, at in named if at) if mark else ""


def moments_of(mark: str) -> MarkMoments:
    """The moments that the mark holds. One that is given twice or is no moment counts as not given."""
    if owner_of(mark) is None:
        return MarkMoments()
    _, *parameters = mark.rpartition("/")[2].split(";")
    found = {name: [item for item in parameters if item.startswith(f"{name}=")] for name in (_CREATED, _DEADLINE)}
    return MarkMoments(*(_moment(*items) if len(items) == 1 else 0.0 for items in found.values()))


def _moment(parameter: str) -> float:
    digits = parameter.partition("=")[2]
    return float(digits) if _MOMENT.fullmatch(digits) and int(digits) <= LAST_MOMENT else 0.0


def new_project_id(randomness: Callable[[int], bytes] = os.urandom) -> str:
    """A random id of a project. It begins with a letter, so that YAML reads it as text without quotes."""
    return f"p{randomness(6).hex()}"


def scope_of(project: str, id: str, environment: str) -> str:
    """A project and an environment, as a mark spells them."""
    return f"{mark_safe(project)}{f':{id}' if id else ''}/{environment}"


def owner_of(mark: str) -> MarkOwner | None:
    """The owner that the mark names; None where the text is no mark of ours."""
    match mark.split("/"):
        case [project, environment, *parts, _] if project and environment and any(parts):
            name, _, id = project.partition(":")
            return MarkOwner(name, id, environment, "/".join(parts))
        case _:
            return None


def in_mark(address: Address) -> str:
    """The address as a mark spells it: without quotes, and a key without characters that could end the mark."""
    within = f"{in_mark(Address.parse(address.module))}." if address.module else ""
    key = _UNSAFE_IN_KEY.sub(lambda match: quote(match[0], safe=""), address.key)
    return within + str(Address(address.type, address.name, key)).replace('"', "")


def mark_safe(project: str) -> str:
    """The project's name inside a mark: characters that could end the mark become hyphens."""
    return _UNSAFE.sub("-", project)
