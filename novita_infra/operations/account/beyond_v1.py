"""What the second generation of the API lists, and what of it the first does not list.

No page says whether the lists of v1 show what was made through v2. What they do not show costs as much, so commands
that answer for a whole account look there, too. Plans do not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import field, replace

from novita_infra.account.v2_objects import V2_LISTS, V2List, V2Object, v2_object_in
from novita_infra.api.errors import ApiError
from novita_infra.api.protocol import ApiClient
from novita_infra.kinds import KINDS
from novita_infra.kinds.toolkit.owner_marks import ENV_NAME
from novita_infra.model.concurrency import together
from novita_infra.model.diagnostics import Diagnostic, Severity
from novita_infra.model.frozen import dataclass
from novita_infra.operations.account.api_call import every_item
from novita_infra.refresh.objects import read_all


@dataclass(frozen=True, slots=True)
class V2Search:
    """Objects that v2 lists."""

    items: tuple[V2Object, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)
    """By the word of each list that could not be read, the reason."""

    @property
    def types(self) -> tuple[str, ...]:
        """The types of the objects, and those whose list could not be read."""
        found = (*(item.list.type for item in self.items), *(V2_LISTS[word].type for word in self.unread))
        return tuple(dict.fromkeys(found))

    def without(self, known: Mapping[str, Collection[str]]) -> V2Search:
        """The objects that are not among the ids that are known of each type."""
        return replace(self, items=tuple(item for item in self.items if item.id not in known[item.list.type]))


async def objects_of_v2(client: ApiClient, lists: Iterable[V2List]) -> V2Search:
    """What the lists of v2 hold, without secrets in names and reasons. A list that cannot be read is named."""
    lists = list(lists)
    read = await together(*(_objects_in(client, list_) for list_ in lists))
    items = [item for found in read if not isinstance(found, str) for item in found]
    unread = {list_.word: found for list_, found in zip(lists, read, strict=True) if isinstance(found, str)}
    return V2Search(tuple(items), unread)


async def beyond_v1(client: ApiClient, known: Mapping[str, Collection[str]]) -> V2Search:
    """What v2 lists of the types, and is not among the ids that are known of each."""
    return (await objects_of_v2(client, lists_of_types(known))).without(known)


def lists_of_types(types: Collection[str]) -> list[V2List]:
    """The lists of v2 that hold objects of the types."""
    return [item for item in V2_LISTS.values() if item.type in types]


async def listed_in_both(
    client: ApiClient, lists: Sequence[V2List]
) -> tuple[V2Search, Callable[[V2Object], bool | None]]:
    """What the lists of v2 hold, and a function that says whether the list of v1 shows an object; None for jobs.

    Raises ApiError if a list of v1 cannot be read.
    """
    kinds = [KINDS[item.type] for item in lists if item.type]
    found, read = await together(objects_of_v2(client, lists), together(*(read_all(client, kind) for kind in kinds)))
    known = {kind.type: frozenset(lives) for kind, lives in zip(kinds, read, strict=True)}

    def in_v1(item: V2Object) -> bool | None:
        return item.id in known[item.list.type] if item.list.type else None

    return found, in_v1


def mark_of_v2(item: V2Object) -> str:
    """The owner mark among the variables of the object; empty without one."""
    return item.env.get(ENV_NAME, "")


async def _objects_in(client: ApiClient, list_: V2List) -> list[V2Object] | str:
    try:
        found = [v2_object_in(item, list_) for item in await every_item(client, list_.request)]
    except ApiError as error:
        return str(error)
    return [
        replace(
            item,
            name=client.redacted(item.name),
            image=client.redacted(item.image),
            trouble=client.redacted(item.trouble),
        )
        for item in found
        if item.id
    ]


def beyond_warnings(search: V2Search, *, what: str) -> list[Diagnostic]:
    """Warnings about what only v2 lists; `what` says what the command does not do with it."""
    names = [f"{item.list.type} {item.id} ({item.name or 'without a name'})" for item in search.items]
    hint = "novita-infra v2 shows it; to delete one: novita-infra api DELETE /gpus/v2/..."
    found = [Diagnostic(f"only the lists of v2 show {name}: {what}", hint, severity=Severity.WARNING) for name in names]
    return found + [
        Diagnostic(f"the {word} of v2 could not be listed: {why}", "run it again", severity=Severity.WARNING)
        for word, why in search.unread.items()
    ]
