"""What a person may do after an import. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def import_lines(file: str, *, written: bool, plan: str, other_environments: Sequence[str]) -> Iterator[str]:
    """The lines after an import. `written` says whether the manifest is new; `plan` is the command for a plan.

    A manifest belongs to every environment of the project, and the object to one.
    """
    if not written:
        yield f"To see what differs from its manifest: {plan}"
        return
    yield f"{file} is new. Values that may be secret are not in it: they are kept as they are (ignoreChanges)."
    if other_environments:
        names = ", ".join(other_environments)
        yield f"Every environment of the project reads it: the next apply of {names} would create such an object there."
    yield f"To see that nothing differs: {plan}"
