"""The lines of bills that the words of a command mean."""

from __future__ import annotations

from collections.abc import Sequence

from novita_infra.account.billing import BilledLine
from novita_infra.model.diagnostics import Diagnostic, Problems, nearest
from novita_infra.operations.account.billing.owners import Owners
from novita_infra.operations.account.view import AccountView


def selected_lines(
    view: AccountView, owners: Owners, lines: Sequence[BilledLine], words: Sequence[str]
) -> Sequence[BilledLine]:
    """The lines of the objects that the words mean: addresses, patterns, labels or ids; all without words.

    Raises Problems with every word that means no object of the project, and no id of a line.
    """
    if not words:
        return lines
    known, billed = owners.ids, {line.owner for line in lines}
    selected: set[str] = set()
    errors = []
    for word in words:
        ids = owners.selected(word)
        if not ids & (known | billed):
            if view.place is None:
                hint = "go to the folder of its project, or name its id"
            else:
                hint = nearest(word, sorted({owners.title(id) for id in known} | billed))
            errors.append(Diagnostic(f"{word} is no resource of this project, and no id that was billed", hint))
        selected |= ids
    if errors:
        raise Problems(errors)
    return [line for line in lines if line.owner in selected]
