"""Writes the list of all operations, with the page of the reference for each, at the end of a documentation page.

`python -m novita_infra.simulator.http.coverage docs/reference/index.md` runs it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from novita_infra.simulator.operations import PAGES, Operation
from novita_infra.simulator.routes.registry import OPERATIONS

_HEAD = """\
## Every operation

The operations of the API that [the simulator](../simulator.md) serves. Faults and scenarios name them. A running
simulator lists the same at `GET /_sim/coverage`, and as an OpenAPI document at `GET /_sim/openapi.json`.
"""


def operations_page(before: str, operations: Sequence[Operation]) -> str:
    """The page with the operations as Markdown at its end, one table for each resource."""
    head = before.partition("## Every operation")[0].rstrip()
    return f"{head}\n\n" + "\n".join(_lines(operations))


def _lines(operations: Sequence[Operation]) -> Iterator[str]:
    yield _HEAD
    yield f"{len(operations)} operations."
    for resource, members in groupby(operations, lambda operation: operation.name.split(".")[0]):
        yield f"\n### {resource}\n\n| Operation | Method | Path | Source |\n| --- | --- | --- | --- |"
        for one in members:
            yield f"| `{one.name}` | {one.method} | `{one.path}` | [{one.source}]({PAGES}{one.source}) |"
    yield ""


def write_operations(target: Path) -> None:
    """Writes the end of the page at `target`."""
    target.write_text(operations_page(target.read_text(encoding="utf-8"), OPERATIONS), encoding="utf-8")


if __name__ == "__main__":
    write_operations(Path(sys.argv[1]))
