"""Why a step of a run ends without success."""

from __future__ import annotations

from novita_infra.model.diagnostics import EXIT_ERROR


class StepFailed(Exception):
    """Why a step did not succeed, for a person."""

    log: tuple[str, ...] = ()
    """The last lines of the object's log."""

    def __init__(self, reason: str, advice: str = "", *, code: int = EXIT_ERROR) -> None:
        """`advice` is what to do about it, `code` the exit code that it asks for."""
        super().__init__("; ".join(filter(None, (reason, advice))))
        self.reason = reason
        self.code = code


class Interrupted(Exception):
    """The run was asked to stop before this step made its call."""


class StillMoving(Exception):
    """The run was asked to stop while the step waited; the call was made and is on record."""
