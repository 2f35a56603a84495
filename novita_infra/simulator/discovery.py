"""The modules of a package, found by its folder: a new resource needs no line in a list."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType


def modules_of(package: ModuleType) -> Iterator[tuple[str, ModuleType]]:
    """Each module of the package with its name, in the order of the names."""
    (folder,) = package.__path__
    for entry in sorted(os.listdir(folder)):  # noqa: PTH208 -- names are needed, no paths
        name, dot, ending = entry.partition(".")
        if (dot, ending) == (".", "py") and name != "__init__":
            yield name, import_module(f"{package.__name__}.{name}")
