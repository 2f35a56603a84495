"""Applies the patches of an environment, or of a use of a module, to the documents.

Every patched value keeps the place of the patch, so that messages point at the line to correct.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from novita_infra.manifests.modules.use import PATCHES, in_use, place_in_use
from novita_infra.manifests.project.environments import Environment
from novita_infra.manifests.resources.merging import AbsentEntry, Merged, Placed, ReplacedList, entry_key_of, merge
from novita_infra.manifests.resources.names import suggest
from novita_infra.manifests.validation.documents import IdentifiedDocument
from novita_infra.manifests.yaml.positions import Path, Position, inside, label_of, origin
from novita_infra.model.addresses import Address, Origin, fits_wildcards
from novita_infra.model.diagnostics import Diagnostic, Severity, first_of
from novita_infra.model.printable import shortened

_PATCHED: Final = ("spec", "lifecycle")
_MODULE_KEY: Final = re.compile(r'\["[^"\]]+"\]\.')
"""The key of a module in an address: something follows it."""
_MODULES: Final = re.compile(r'(?:module\.[A-Za-z_][A-Za-z0-9_-]*(?:\["[^"\]]+"\])?\.)+')
_MOST_SHOWN: Final = 5
"""The most entries of a list that a message shows."""


class _Patched(NamedTuple):
    """One document with one patch."""

    identified: IdentifiedDocument
    merged: Merged


class Patching:
    """The patches of an environment, or of a document of kind Module, and what they did."""

    def __init__(self, patches: Iterable[tuple[Any, Position]], *, expressions: bool) -> None:
        """`expressions` is whether the file of the patches holds any."""
        self._patches = [
            (item, position, item["target"])
            for item, position in patches
            if isinstance(item, dict) and isinstance(item.get("target"), str)  # a schema reports any other
        ]
        self._expressions = expressions
        self._patched: list[list[_Patched]] = [[] for _ in self._patches]
        self._seen: dict[bool, dict[str, None]] = {False: {}, True: {}}

    def __bool__(self) -> bool:
        return bool(self._patches)

    def apply(
        self, identified: Sequence[IdentifiedDocument], *, keyed: bool = False, module: str = ""
    ) -> Sequence[IdentifiedDocument]:
        """Returns the documents with the patches applied, in the order of the file.

        Patches of one key of a `forEach` are left out; with `keyed`, all others. Targets are named as in the `module`.
        """
        if not self._patches:
            return identified
        documents = list(identified)
        within = f"{module}." if module else ""
        names = [str(one.address).removeprefix(within) for one in documents]
        self._seen[keyed].update(dict.fromkeys(names))
        for index, (item, position, target) in enumerate(self._patches):
            if target.endswith("]") is not keyed:
                continue
            for place, name in enumerate(names):
                if is_target(target, name) or ("[" in name and is_target(target, _without_module_keys(name))):
                    merged = _merged(documents[place], item, position)
                    self._patched[index].append(_Patched(documents[place], merged))
                    documents[place] = _with(documents[place], merged, expressions=self._expressions)
        return documents

    def diagnostics(self, *, complete: bool, elsewhere: Callable[[str], bool] = lambda _: False) -> list[Diagnostic]:
        """Returns what is wrong with the patches, once all are applied.

        A target without a match is an error if the resources are `complete` and it is not `elsewhere`, such as in a
        module that does not exist here. A list that loses entries is a warning.
        """
        diagnostics: list[Diagnostic] = []
        for (_, position, target), patched in zip(self._patches, self._patched, strict=True):
            diagnostics += dict.fromkeys(error for one in patched for error in one.merged.diagnostics)
            diagnostics += [*_dropped(patched), *_absent(patched)]
            if not patched and complete and not elsewhere(target):
                seen = self._seen[target.endswith("]")]
                known = tuple(seen if "[" in target else dict.fromkeys(map(_without_module_keys, seen)))
                place = origin(inside(position, "target"))
                summary = f'the patch target "{target}" matches no resource'
                diagnostics.append(Diagnostic(summary, suggest(target, known), origin=place))
        return diagnostics


def module_in(target: str) -> Address | None:
    """Returns the module that a target names the resources of; None for the project's own."""
    match = _MODULES.match(target)
    return Address.parse(match[0].removesuffix(".")) if match else None


def patches_of(environment: Environment) -> Iterator[tuple[Any, Position]]:
    """Yields the patches with their positions: those of an environment that it extends first."""
    for _, patches, position in environment.settings("patches"):
        for index, item in enumerate(patches if isinstance(patches, list) else ()):
            yield item, inside(position, index)


def _without_module_keys(name: str) -> str:
    """Returns the address without the keys of modules."""
    return _MODULE_KEY.sub(".", name)


def patches_in(use: IdentifiedDocument) -> Iterator[tuple[Any, Position]]:
    """Yields the patches of a document of kind Module with their positions."""
    listed, position = in_use(use.document.data, PATCHES), place_in_use(use.document, PATCHES)
    for index, item in enumerate(listed if isinstance(listed, list) else ()):
        yield item, inside(position, index)


def is_target(target: str, address: str) -> bool:
    """Returns whether the target names the address. `*` matches any part of a type and of what follows it."""
    (kind, _, name), (own_kind, _, own_name) = target.partition("."), address.partition(".")
    return fits_wildcards(kind, own_kind) and fits_wildcards(name, own_name)


def _merged(identified: IdentifiedDocument, item: Mapping[str, Any], position: Position) -> Merged:
    document = identified.document
    changes = {name: item[name] for name in _PATCHED if isinstance(item.get(name), dict)}
    places: dict[str, Position] = {name: inside(position, name) for name in changes}
    base, patched = Placed(document.data, document.position), Placed(changes, (*position[:5], places))
    return merge(base, patched, entry_key_of(identified.kind))


def _with(identified: IdentifiedDocument, merged: Merged, *, expressions: bool) -> IdentifiedDocument:
    document = identified.document
    expressions = document.expressions or expressions
    return replace(
        identified,
        document=replace(document, data=merged.data, position=merged.position, expressions=expressions),
    )


def _absent(patched: Sequence[_Patched]) -> Iterator[Diagnostic]:
    """Yields an error for each entry that a patch deletes and that none of the patched resources has."""
    found: dict[Origin, list[tuple[IdentifiedDocument, AbsentEntry]]] = {}
    for identified, merged in patched:
        for absent in merged.absent:
            found.setdefault(absent.place, []).append((identified, absent))
    for place, items in found.items():
        if len(items) < len(patched):
            continue
        (first, absent), others = items[0], f" and {len(items) - 1} more" if len(items) > 1 else ""
        summary = f"{label_of(absent.path)} of {first.address}{others} has no entry with {absent.key} {absent.wanted}"
        known = tuple(dict.fromkeys(name.strip('"') for _, one in items for name in one.known))
        hint = suggest(absent.wanted.strip('"'), known) or "it has no entries"
        yield Diagnostic(f"{summary} to delete", hint, origin=place)


def _dropped(patched: Sequence[_Patched]) -> Iterator[Diagnostic]:
    """Yields a warning for each list of which the patch drops entries; one for all resources that lose the same."""
    same: dict[tuple[Path, Origin, str], list[tuple[IdentifiedDocument, ReplacedList]]] = {}
    for identified, merged in patched:
        for item in merged.replaced:
            if entries := [one for one in item.before if not isinstance(item.after, list) or one not in item.after]:
                key = (item.path, item.new_place, _listed(identified, item.path, entries))
                same.setdefault(key, []).append((identified, item))
    for (path, place, listed), items in same.items():
        (first, item), others = items[0], f" and {len(items) - 1} more" if len(items) > 1 else ""
        summary = f"the patch replaces {label_of(path)} of {first.address}{others}; it drops {listed}"
        hint = f"a patch replaces a whole list: to keep entries of {item.old_place}, repeat them in the patch"
        yield Diagnostic(summary, hint, origin=place, severity=Severity.WARNING)


def _listed(identified: IdentifiedDocument, path: Path, entries: Sequence[Any]) -> str:
    field = identified.kind.by_name.get(str(path[1])) if len(path) > 1 else None
    if field is not None and (field.secret or field.secret_items):
        return f"{len(entries)} entries"
    return first_of([*map(_shown, entries)], _MOST_SHOWN)


def _shown(entry: Any) -> str:
    return shortened(json.dumps(entry, ensure_ascii=False, default=str))
