"""What a person may do after an import. Pure."""

from __future__ import annotations

from collections.abc import Iterator


def import_lines(file: str, *, written: bool, plan: str, environment: str) -> Iterator[str]:
    """The lines after an import. `written` says whether the manifest is new; `plan` is the command for a plan.

    `environment` is the one in which the manifest holds; empty for the only one.
    """
    if not written:
        yield f"To see what differs from its manifest: {plan}"
        return
    yield f"{file} is new. Values that may be secret are not in it: they are kept as they are (ignoreChanges)."
    if environment:
        yield f"It is for environment {environment} alone: without `environments:` in it, others would create another."
    yield f"To see that nothing differs: {plan}"
