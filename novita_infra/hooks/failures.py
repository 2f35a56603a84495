"""The failures of hooks, as values and as exceptions."""

from __future__ import annotations

from novita_infra.model.frozen import dataclass
from novita_infra.model.lifecycle import Hook, OnHookFailure


@dataclass(frozen=True, slots=True)
class FailedHook:
    """A hook that did not succeed."""

    hook: Hook
    reason: str
    """Why, on one line, without secrets."""
    address: str = ""
    """The resource; empty for a hook of the project."""

    @property
    def stops(self) -> bool:
        """Whether what it belongs to fails."""
        return self.hook.on_failure is OnHookFailure.STOP

    def __str__(self) -> str:
        """The failure on one line: `the hook onReady register.sh failed: ...`."""
        return f"the hook {self.hook} failed: {self.reason}"


class HookStopped(Exception):
    """A hook failed, and what it belongs to fails with it."""

    def __init__(self, failed: FailedHook) -> None:
        super().__init__(str(failed))
        self.failed = failed


class HookInterrupted(Exception):
    """The run was asked to stop while a hook ran, or before it began. The hook was ended."""
