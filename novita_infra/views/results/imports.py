"""What a person may do after an import. Pure."""

from __future__ import annotations

from collections.abc import Iterator


def import_lines(file: str, *, written: bool, plan: str) -> Iterator[str]:
    """The lines after an import. `written` says whether the manifest is new; `plan` is the command for a plan."""
    if written:
        yield f"{file} is new. Values that may be secret are not in it: they are kept as they are (ignoreChanges)."
        yield f"To see that nothing differs: {plan}"
    else:
        yield f"To see what differs from its manifest: {plan}"
