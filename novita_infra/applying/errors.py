"""Reasons why a step ends without success."""

from __future__ import annotations

from novita_infra.model.diagnostics import EXIT_ERROR


class StepFailed(Exception):
    """The step failed; the text is for a person."""

    log: tuple[str, ...] = ()
    """The last lines of the object's log."""

    def __init__(self, reason: str, advice: str = "", *, code: int = EXIT_ERROR) -> None:
        """`advice` is what the user can do about it; `code` is the exit code that the failure asks for."""
        super().__init__("; ".join(filter(None, (reason, advice))))
        self.reason = reason
        self.code = code


class JobFailed(StepFailed):
    """A job is over without success. No later run runs it again by itself."""


class NeverShown(StepFailed):
    """The step failed: no read has ever shown an object of the id."""


class Interrupted(Exception):
    """The run was asked to stop before the step made its call."""


class StillMoving(Exception):
    """The run was asked to stop while the step waited. The call is made, and the state records it."""
