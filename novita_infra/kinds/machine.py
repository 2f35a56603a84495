"""The daily life of objects that run programs, as a part of their kind: where one is, and how to log in."""

from __future__ import annotations

from collections.abc import Callable

from novita_infra.model.frozen import dataclass
from novita_infra.model.resources import Live
from novita_infra.model.values import Spec


@dataclass(frozen=True, slots=True)
class Login:
    """How to log in to a machine by SSH."""

    host: str
    port: int
    user: str


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
