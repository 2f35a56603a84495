"""Merges a patch into the data of a document: mappings by their names, lists of mappings by a key of their entries.

It is pure: data and positions in, data and positions out. What the patch sets keeps its place in the patch.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any, Final, NamedTuple, TypeAlias

from novita_infra.kinds.kind import Kind
from novita_infra.manifests.yaml.positions import Path, Position, inside, label_of, origin
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic, Severity, nearest
from novita_infra.model.frozen import dataclass

DIRECTIVE: Final = "$patch"
"""The key of a patch that says `delete` or `replace` instead of merging. It never reaches the result."""

TEXT_KEY: Final = "port"
"""The key of the entries of a list of texts: what stands in them before the slash, as in `8888/http`."""
_WORDS: Final = ("delete", "replace")
_WHOLE: Final = {DIRECTIVE: "replace"}
"""The entry that makes the other entries the whole list."""

EntryKey: TypeAlias = Callable[[Path], str]
"""Returns the key that tells entries of the list at a path apart; empty for a list that is replaced whole."""


class Placed(NamedTuple):
    """Data with the positions of its values."""

    data: Any
    position: Position


@dataclass(frozen=True, slots=True)
class ReplacedList:
    """A list that a patch replaces as a whole."""

    path: Path
    before: Sequence[Any]
    old_place: Origin
    after: Any
    new_place: Origin


@dataclass(frozen=True, slots=True)
class AbsentEntry:
    """An entry that a patch deletes and that the list does not have."""

    path: Path
    """The path of the list."""
    key: str
    wanted: str
    """The value of the key, as JSON."""
    known: tuple[str, ...]
    """The values of the key in the list."""
    place: Origin


@dataclass(frozen=True, slots=True)
class Merged:
    """The result of a merge, and what is to be reported about it."""

    data: Any
    position: Position
    replaced: Sequence[ReplacedList]
    absent: Sequence[AbsentEntry]
    diagnostics: Sequence[Diagnostic]


def merge(base: Placed, patch: Placed, entry_key: EntryKey, path: Path = ()) -> Merged:
    """Returns the base with the patch merged into it.

    Mappings are merged by their names, and null removes a name. Lists whose entries are mappings with a key are merged
    by that key, as it is written; new entries follow the others. Any other value replaces. `path` is that of the data
    in its document, for `entry_key` and messages.
    """
    merging = _Merging(entry_key)
    data, position = merging.value(base, patch, path)
    return Merged(data, position, merging.replaced, merging.absent, merging.diagnostics)


def entry_key_of(kind: Kind) -> EntryKey:
    """Returns the keys of entries in documents of the kind: its fields name them."""

    def entry_key(path: Path) -> str:
        found = kind.by_name.get(str(path[1])) if len(path) == 2 and path[0] == "spec" else None
        return found.entry_key if found else ""

    return entry_key


def entry_identity(value: Any) -> str:
    """Returns the value of an entry's key as JSON: two entries are the same if theirs are equal."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


@dataclass(frozen=True, slots=True)
class _Merging:
    """One merge."""

    entry_key: EntryKey
    replaced: list[ReplacedList] = field(default_factory=list)
    absent: list[AbsentEntry] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def value(self, base: Placed, patch: Placed, path: Path) -> Placed:
        if isinstance(patch.data, dict):
            if isinstance(base.data, list):
                self._replace(base, patch, path)
            return self._mapping(base, patch, path)
        if isinstance(patch.data, list):
            return self._list(base, patch, path)
        if isinstance(base.data, list):
            self._replace(base, patch, path)
        return patch

    # --- mappings -------------------------------------------------------------------------------------------------

    def _mapping(self, base: Placed, patch: Placed, path: Path) -> Placed:
        changes = {name: value for name, value in patch.data.items() if name != DIRECTIVE}
        replaces = DIRECTIVE in patch.data and self._replaces(patch, path)
        if replaces or not isinstance(base.data, dict):
            base = Placed({}, (*patch.position[:5], {}))
        data, inner = dict(base.data), base.position[5]
        positions = dict(inner) if isinstance(inner, dict) else {}
        own = base.position
        for name, value in changes.items():
            if value is None:
                if name in data:
                    own = patch.position  # what is missing now is missing because of the patch
                data.pop(name, None)
                positions.pop(name, None)
                continue
            before = Placed(data.get(name), inside(base.position, name))
            data[name], positions[name] = self.value(before, Placed(value, inside(patch.position, name)), (*path, name))
        return Placed(data, (*own[:5], positions))

    def _replaces(self, patch: Placed, path: Path) -> bool:
        """Returns whether the directive of a mapping replaces it; any other one is reported."""
        word = patch.data[DIRECTIVE]
        if word == "delete":
            hint = f"{label_of(path)}: null removes it" if path else ""
            self._tell(f"{DIRECTIVE}: delete removes an entry of a list, and this is none", hint, patch)
        elif word != "replace":
            self._tell(f'{DIRECTIVE} is "delete" or "replace"', _near(word), patch)
        return bool(word == "replace")

    # --- lists ----------------------------------------------------------------------------------------------------

    def _list(self, base: Placed, patch: Placed, path: Path) -> Placed:
        key, entries = self.entry_key(path), self._entries(patch)
        others = [entry for entry in entries if entry.data != _WHOLE]
        whole = len(others) < len(entries)
        kinds = (dict, str) if key == TEXT_KEY else dict
        keyed = bool(key) and all(isinstance(entry.data, kinds) for entry in others)
        if whole or not keyed or not isinstance(base.data, list):
            if isinstance(base.data, list) and not whole:
                self._replace(base, patch, path)
            base = Placed([], (*patch.position[:5], []))
        if keyed:
            if not entries and base.data:
                self._unchanged(patch, path)
            return self._merged(base, others, patch.position, key, path)
        plain = [Placed(self._plain(entry, path), entry.position) for entry in others]
        plain = [new for new, entry in zip(plain, others, strict=True) if new.data or not entry.data]
        return Placed([entry.data for entry in plain], (*patch.position[:5], [entry.position for entry in plain]))

    def _merged(self, base: Placed, entries: Iterable[Placed], places: Position, key: str, path: Path) -> Placed:
        """Returns the list with the entries merged into those with the same key."""
        present = self._entries(base)
        result: list[Placed | None] = [*present]
        known: dict[str, list[int]] = defaultdict(list)
        for index, one in enumerate(base.data):
            if (value := _key_in(one, key)) is not None:
                known[entry_identity(value)].append(index)
        seen: dict[str, Origin] = {}
        for entry in entries:
            wanted = self._key(entry, key, path, seen)
            if wanted is None:
                continue
            found = known.get(wanted, [])
            if len(found) > 1:
                first, second = (origin(inside(base.position, index)) for index in found[:2])
                summary = f"{label_of(path)} has two entries with {key} {wanted}: the patch cannot tell which is meant"
                self._tell(summary, f"they are at {first} and {second}; let only one have it", entry)
            elif isinstance(entry.data, str) and not found:
                result.append(entry)
            elif isinstance(entry.data, str):
                result[found[0]] = entry
            elif entry.data.get(DIRECTIVE) == "delete":
                self._delete(entry, key, path)
                if found:
                    result[found[0]] = None
                else:
                    self.absent.append(AbsentEntry(path, key, wanted, tuple(known), origin(entry.position)))
            elif found:
                others = {name: value for name, value in entry.data.items() if name != key or DIRECTIVE in entry.data}
                result[found[0]] = self.value(present[found[0]], Placed(others, entry.position), (*path, found[0]))
            else:
                result.append(self._mapping(Placed(None, entry.position), entry, (*path, len(result))))
        remaining = [one for one in result if one is not None]
        own = base.position if len(remaining) == len(result) else places
        return Placed([one.data for one in remaining], (*own[:5], [one.position for one in remaining]))

    def _key(self, entry: Placed, key: str, path: Path, seen: dict[str, Origin]) -> str | None:
        """Returns the key of an entry of the patch. An entry without one, and one of two, is reported."""
        value = _key_in(entry.data, key)
        if value is None:
            hint = f"its entries are merged by {key}; an entry {{{DIRECTIVE}: replace}} replaces the whole list"
            self._tell(f"an entry of {label_of(path)} in a patch has no {key}", hint, entry)
            return None
        wanted = entry_identity(value)
        if wanted in seen:
            summary = f"the patch names {key} {wanted} of {label_of(path)} twice"
            self._tell(summary, f"the first is at {seen[wanted]}", entry)
            return None
        seen[wanted] = origin(entry.position)
        return wanted

    def _delete(self, entry: Placed, key: str, path: Path) -> None:
        """Reports what stands beside the key of an entry that is deleted."""
        if more := [name for name in entry.data if name not in (key, DIRECTIVE)]:
            place = Placed(None, inside(entry.position, more[0]))
            self._tell(f"{more[0]} stands in an entry of {label_of(path)} that is deleted", f"name only {key}", place)

    def _unchanged(self, patch: Placed, path: Path) -> None:
        hint = f"null removes the list; an entry {{{DIRECTIVE}: delete}} with its key removes one entry"
        summary = f"the empty list changes nothing: entries of {label_of(path)} are merged"
        self.diagnostics.append(Diagnostic(summary, hint, origin=origin(patch.position), severity=Severity.WARNING))

    def _replace(self, base: Placed, patch: Placed, path: Path) -> None:
        self.replaced.append(ReplacedList(path, base.data, origin(base.position), patch.data, origin(patch.position)))

    def _entries(self, placed: Placed) -> list[Placed]:
        return [Placed(item, inside(placed.position, index)) for index, item in enumerate(placed.data)]

    def _plain(self, placed: Placed, path: Path) -> Any:
        """Returns an entry of a list that is replaced whole; a directive in it is reported."""
        match placed.data:
            case dict() as items:
                if DIRECTIVE in items:
                    summary = f"{DIRECTIVE} has no effect here: a patch replaces the whole of {label_of(path)}"
                    self._tell(summary, "write the entries that it shall have", placed)
                return {
                    name: self._plain(Placed(item, inside(placed.position, name)), path)
                    for name, item in items.items()
                    if name != DIRECTIVE
                }
            case list():
                return [self._plain(item, path) for item in self._entries(placed)]
            case _:
                return placed.data

    def _tell(self, summary: str, hint: str, placed: Placed) -> None:
        """Reports at the directive of a mapping, else at the value itself."""
        position = placed.position
        if isinstance(placed.data, Mapping) and DIRECTIVE in placed.data:
            position = inside(position, DIRECTIVE)
        self.diagnostics.append(Diagnostic(summary, hint, origin=origin(position)))


def _key_in(entry: Any, key: str) -> Any:
    """Returns the value of the key of an entry; None without one."""
    if isinstance(entry, str):
        return entry.partition("/")[0]
    value = entry.get(key) if isinstance(entry, dict) else None
    return str(value).partition("/")[0] if value is not None and key == TEXT_KEY else value


def _near(word: Any) -> str:
    found = nearest(word, _WORDS) if isinstance(word, str) else ""
    return found if found.startswith("did you mean") else "delete removes an entry, replace stands against merging"
