"""Which operations are served, and which page of the reference says so; as data and as a page of the documentation.

`python -m novita_infra.simulator.coverage docs/simulator-operations.md` writes the page.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from novita_infra.simulator.operations import Operation

PAGES = "https://novita.ai/docs/api-reference/"
_HEAD = """\
# The operations that the simulator serves

Written by `python -m novita_infra.simulator.coverage docs/simulator-operations.md`; a test holds it against the routes.
A running simulator tells the same at `GET /_sim/coverage`, and as an OpenAPI document at `GET /_sim/openapi.json`.
"""


def listing(operations: Sequence[Operation]) -> list[dict[str, str]]:
    """Name, method, path, page of the reference and error family of every operation, in the order of the reference."""
    return [
        {
            "name": operation.name,
            "method": operation.method,
            "path": operation.path,
            "source": operation.source,
            "family": operation.family.value,
        }
        for operation in operations
    ]


def page(operations: Sequence[Operation]) -> str:
    """The same as Markdown, a table for each resource."""
    return "\n".join(_lines(operations))


def _lines(operations: Sequence[Operation]) -> Iterator[str]:
    yield _HEAD
    yield f"{len(operations)} operations."
    for resource, members in groupby(operations, lambda operation: operation.name.split(".")[0]):
        yield f"\n## {resource}\n\n| Operation | Method | Path | Source |\n| --- | --- | --- | --- |"
        for one in members:
            yield f"| `{one.name}` | {one.method} | `{one.path}` | [{one.source}]({PAGES}{one.source}) |"
    yield ""


def main(target: Path) -> None:
    """Write the page to `target`."""
    # The routes are taken up here, for they serve this very list too.
    from novita_infra.simulator.routes.registry import OPERATIONS  # noqa: PLC0415

    target.write_text(page(OPERATIONS), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
