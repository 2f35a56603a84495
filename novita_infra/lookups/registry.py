"""The registry of the types of lookup: every module in `types/` holds one as LOOKUP. Nothing lists them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Final

from novita_infra.lookups import types
from novita_infra.lookups.lookup import LookupType


def _types() -> Iterator[LookupType]:
    """Each type, in the order of the modules."""
    names = {os.path.splitext(entry)[0] for entry in os.listdir(types.__path__[0])}  # noqa: PTH122, PTH208 -- see `kinds`
    for name in sorted(name for name in names if not name.startswith("_")):
        yield import_module(f"{types.__name__}.{name}").LOOKUP


LOOKUPS: Final[Mapping[str, LookupType]] = {item.name: item for item in _types()}
