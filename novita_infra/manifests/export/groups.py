"""Groups drafts of manifests that are equal but for the name: one manifest with `forEach` says them all. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from novita_infra.kinds.kind import NAME
from novita_infra.manifests.export.drafts import Draft, escaped
from novita_infra.model.addresses import Address, never_in_key
from novita_infra.model.frozen import dataclass
from novita_infra.model.values import Value

_AWKWARD: Final = re.compile(r"[\u2028\u2029$]")
"""Characters that YAML takes for the end of a line, or that begin an expression."""


@dataclass(frozen=True, slots=True)
class Group:
    """Drafts that one manifest declares."""

    drafts: tuple[Draft, ...]
    """In the order of the keys. Their addresses have no keys."""
    addresses: tuple[Address, ...]
    """The address of each in the manifest."""
    name: str = ""
    """The name of the manifest; empty for a draft by itself."""

    def text(self, *, schema: bool, environment: str) -> str:
        """The manifest, as of `Draft.text`. Raises NotReadBack."""
        first = self.drafts[0]
        if not self.name:
            return first.text(schema=schema, environment=environment)
        names = {
            address.key: str(draft.spec.get(NAME)) for address, draft in zip(self.addresses, self.drafts, strict=True)
        }
        plain = all(key == name for key, name in names.items())
        spec = {NAME: "${each.key}" if plain else "${each.value}", **{k: v for k, v in first.spec.items() if k != NAME}}
        keys: Value = list(names) if plain else {key: escaped(name) for key, name in names.items()}
        whole = replace(first, address=replace(first.address, name=self.name), spec=spec)
        return whole.text(schema=schema, for_each=keys, environment=environment)


def grouped(drafts: Iterable[Draft], named: Callable[[str, Sequence[str]], str]) -> Iterator[Group]:
    """Yields the drafts of one kind; those that are equal but for a number in the name together, in their order.

    `named` gives a free name like the first, where the others become free.
    """
    alike: dict[tuple[str, str], list[Draft]] = {}
    for number, draft in enumerate(drafts):
        content = _content(draft)
        alike.setdefault((content, _stem(draft.address.name)) if content else (str(number), ""), []).append(draft)
    for (_, stem), together in alike.items():
        if len(together) == 1:
            yield Group((together[0],), (together[0].address,))
            continue
        name = named(stem, [draft.address.name for draft in together])
        keys = _keys(together)
        yield Group(tuple(together), tuple(replace(together[0].address, name=name, key=key) for key in keys), name)


def _content(draft: Draft) -> str:
    """What drafts of one group share; empty for a draft that cannot be in a group."""
    if NAME not in draft.kind.by_name or NAME in draft.ignored or not draft.spec.get(NAME):
        return ""
    spec = {name: value for name, value in draft.spec.items() if name != NAME}
    rules = [dict(draft.ignored), dict(draft.left_out), sorted(cause.value for cause in draft.tolerated)]
    return json.dumps([spec, *rules], sort_keys=True, default=str)


def _keys(drafts: Sequence[Draft]) -> list[str]:
    """A key for each: the names of the objects, or of the drafts where those do not serve as keys."""
    names = [str(draft.spec[NAME]) for draft in drafts]
    if len(set(names)) == len(names) and not any(never_in_key(name) or _AWKWARD.search(name) for name in names):
        return names
    return [draft.address.name for draft in drafts]


def _stem(name: str) -> str:
    """The name without a number at its end."""
    stem = name.rstrip("0123456789")
    return (stem.rstrip("-_") if stem != name else name) or name
