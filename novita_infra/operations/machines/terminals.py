"""Reads and switches the web terminals of machines. Nothing is written into a state."""

from __future__ import annotations

from collections.abc import Sequence

from novita_infra.account.web_terminals import WebTerminal, terminal_in, terminal_read, terminal_request
from novita_infra.kinds import MACHINE_KINDS
from novita_infra.model.concurrency import together
from novita_infra.model.diagnostics import EXIT_REFUSED, Diagnostic, Problems
from novita_infra.operations.account.targets import ObjectTarget, targets_of
from novita_infra.operations.account.view import AccountView
from novita_infra.operations.machines.ownership import why_taken


async def web_terminals(
    view: AccountView, words: Sequence[str], *, enable: bool | None, steal: bool
) -> list[tuple[ObjectTarget, WebTerminal]]:
    """The terminal of each machine that the words mean, switched before unless `enable` is None.

    Raises Problems with every word that means nothing, and for machines of others unless `steal` insists; ApiError.
    """
    kinds = [kind for kind in MACHINE_KINDS if kind.machine and kind.machine.actions]
    targets = await targets_of(view, words, kinds)
    if enable is not None and not steal:
        foreign = [
            Diagnostic(f"{item.title} {why}", "to insist, add --steal")
            for item in targets
            if (why := why_taken(view, item.kind.type, item.live))
        ]
        if foreign:
            raise Problems(foreign, code=EXIT_REFUSED)
    read = await together(*(_terminal(view, item.live.id, enable=enable) for item in targets))
    return list(zip(targets, read, strict=True))


async def _terminal(view: AccountView, id: str, *, enable: bool | None) -> WebTerminal:
    if enable is not None:
        await view.client.send(terminal_request(id, enable=enable))
    return terminal_in(await view.client.send(terminal_read(id)))
