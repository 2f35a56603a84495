"""Writes the list of all operations at the end of a documentation page: the page of the reference for each, and how
sure the shape of its answer is.

`python -m novita_infra.simulator.http.coverage docs/reference/index.md` runs it.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from novita_infra.simulator.operations import PAGES, Confidence, Operation
from novita_infra.simulator.routes.registry import OPERATIONS

_HEAD = """\
## Every operation

The operations of the API that [the simulator](../simulator.md) serves. Faults and scenarios name them. A running
simulator lists the same at `GET /_sim/coverage`, and as an OpenAPI document at `GET /_sim/openapi.json`.

The last column says how sure the shape of the answer is: *documented* on the page of the source, *seen live* by a
public program, or *guessed*, because no page describes it and nobody reports it.
"""


def operations_page(before: str, operations: Sequence[Operation]) -> str:
    """The page with the operations as Markdown at its end, one table for each resource."""
    head = before.partition("## Every operation")[0].rstrip()
    return f"{head}\n\n" + "\n".join(_lines(operations))


def _lines(operations: Sequence[Operation]) -> Iterator[str]:
    yield _HEAD
    counts = Counter(one.confidence for one in operations)
    parts = ", ".join(f"{counts[confidence]} {confidence.value}" for confidence in Confidence)
    yield f"{len(operations)} operations: {parts}."
    for resource, members in groupby(operations, lambda operation: operation.name.split(".")[0]):
        yield f"\n### {resource}\n\n| Operation | Method | Path | Source | Answer |\n| --- | --- | --- | --- | --- |"
        for one in members:
            page = f"[{one.source}]({PAGES}{one.source})"
            yield f"| `{one.name}` | {one.method} | `{one.path}` | {page} | {one.confidence.value} |"
    yield ""


def write_operations(target: Path) -> None:
    """Writes the end of the page at `target`."""
    target.write_text(operations_page(target.read_text(encoding="utf-8"), OPERATIONS), encoding="utf-8")


if __name__ == "__main__":
    write_operations(Path(sys.argv[1]))
