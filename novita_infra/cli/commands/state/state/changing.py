"""The way of a command that changes the state: it shows what it will do, asks, and does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from novita_infra.cli.confirmation import approved
from novita_infra.cli.lazy import EXIT_ERROR
from novita_infra.model.diagnostics import problem
from novita_infra.state.state import State
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.state_change import StateChange


def carried_through(
    change: StateChange, renderer: Renderer, save: Callable[[], State], *, question: str, dry_run: bool, approve: bool
) -> int:
    """Shows the change, asks unless that is approved, and saves. A dry run ends before the question.

    Returns the exit code. Raises Problems where no person can be asked.
    """
    if dry_run:
        renderer.result(change)
        return 0
    if renderer.for_programs:
        if not approve:
            raise problem("--json cannot ask", "add --auto-approve, or --dry-run")
        renderer.result(replace(change, saved=save().serial))
        return 0
    renderer.result(change)
    if not approve and not approved(question, renderer, otherwise="to confirm, add --auto-approve"):
        return EXIT_ERROR
    renderer.message(f"Saved as version {save().serial}.")
    return 0
