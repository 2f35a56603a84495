"""What the lists of v2 hold. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from novita_infra.account.v2_objects import V2Object
from novita_infra.model.frozen import dataclass
from novita_infra.views.content.listing import Listing, fact
from novita_infra.views.results.machines.cells import time_or_none


@dataclass(frozen=True, slots=True)
class V2Row:
    """An object as v2 lists it."""

    list: str = fact("The list of v2: the last part of its path.", title="LIST")
    id: str = fact("The id of the object.", title="ID")
    name: str = fact("Its name; of a job, what it does.", title="NAME")
    status: str = fact("The status, as v2 words it.", title="STATUS")
    region: str = fact("The id of the region; empty if not known.", title="REGION")
    image: str = fact("The image; empty where there is none.", title="IMAGE")
    created: str | None = fact("When it was created, in UTC; null if not known.")
    trouble: str | None = fact("What is wrong with it, as the API words it; null for nothing.")
    in_v1: bool | None = fact("Whether the list of v1 shows it, too; null for jobs.", title="IN V1")


@dataclass(frozen=True, slots=True)
class V2Listing(Listing):
    """The objects that v2 lists, as `v2 --json` prints them."""

    name: ClassVar[str] = "v2_objects"
    row: ClassVar[type] = V2Row
    empty: ClassVar[str] = "Nothing."

    rows: tuple[V2Row, ...]


def v2_listing(items: Iterable[V2Object], *, in_v1: Callable[[V2Object], bool | None]) -> V2Listing:
    """The objects in their order."""
    return V2Listing(
        tuple(
            V2Row(
                list=item.list.word,
                id=item.id,
                name=item.name,
                status=item.status,
                region=item.region,
                image=item.image,
                created=time_or_none(item.created),
                trouble=item.trouble or None,
                in_v1=in_v1(item),
            )
            for item in items
        )
    )
