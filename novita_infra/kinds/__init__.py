"""The registry of all kinds, by the type in their addresses.

A kind is a module or a package here that has the name of its type and holds the kind under that name in capitals:
`network_storage.py` holds NETWORK_STORAGE. It is found by this rule; nothing lists the kinds.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Final

from novita_infra.kinds.kind import Kind

_SHARED: Final = frozenset({"__init__", "call", "field", "job", "kind", "machine", "toolkit"})
"""What is here beside the kinds."""


def _names(folder: str) -> Iterator[str]:
    """The modules and packages of the folder. It takes 0.1 ms; pkgutil takes 2 ms, most of it to import itself."""
    for entry in os.listdir(folder):  # noqa: PTH208 -- a Path is slower
        name, ending = os.path.splitext(entry)  # noqa: PTH122 -- a Path is slower
        if ending == ".py" or (not ending and os.path.exists(f"{folder}/{entry}/__init__.py")):  # noqa: PTH110
            yield name


def _kinds() -> Iterator[Kind]:
    """Each kind, in the order of the types."""
    for name in sorted(set(_names(__path__[0])) - _SHARED):
        yield getattr(import_module(f"{__name__}.{name}"), name.upper())


KINDS: Final[Mapping[str, Kind]] = {kind.type: kind for kind in _kinds()}

MACHINE_KINDS: Final = tuple(kind for kind in KINDS.values() if kind.machine is not None)
"""The kinds whose objects run programs."""

IMAGE_KINDS: Final = tuple(kind for kind in KINDS.values() if "image" in kind.by_name and kind.api.saves is None)
"""The kinds whose objects start from an image, or hold the name of one for others."""

_BY_NAME: Final = {kind.name: kind for kind in KINDS.values()}


def by_name(name: str) -> Kind | None:
    """The kind of that name in a manifest, such as `NetworkStorage`."""
    return _BY_NAME.get(name)
