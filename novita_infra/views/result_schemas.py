"""The published JSON Schemas of the results that are declared in `views.results`.

`python -m novita_infra.views.result_schemas FOLDER` writes them.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

from novita_infra.schema.objects import Schema
from novita_infra.schema.resources import text_of_schema
from novita_infra.views import results
from novita_infra.views.content.listing import Facts, Listing

_FOLDER: Final = "results"


def result_schemas() -> Mapping[str, Schema]:
    """The schema of what `--json` prints, by the name of the result."""
    return {item.name: item.schema() for item in declared_results()}


def declared_results() -> Sequence[type[Facts | Listing]]:
    """The classes of the results."""
    root = Path(results.__path__[0])
    paths = [path.relative_to(root).with_suffix("") for path in sorted(root.rglob("[!_]*.py"))]
    modules = [import_module(".".join((results.__name__, *path.parts))) for path in paths]
    return [
        item
        for module in modules
        for name, item in inspect.getmembers(module, inspect.isclass)
        if not name.startswith("_") and issubclass(item, (Facts, Listing)) and item.__module__ == module.__name__
    ]


def write_result_schemas(folder: Path) -> None:
    """Writes every schema into `results/` of the folder, and removes those of removed results."""
    place, made = folder / _FOLDER, result_schemas()
    place.mkdir(parents=True, exist_ok=True)
    for stale in place.glob("*.json"):
        if stale.stem not in made:
            stale.unlink()
    for name, schema in made.items():
        (place / f"{name}.json").write_text(text_of_schema(schema), encoding="utf-8")


if __name__ == "__main__":
    write_result_schemas(Path(sys.argv[1] if len(sys.argv) > 1 else "schemas"))
