"""Findings: the reasons why a plan cannot be applied, each with the exit code that it asks for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from novita_infra.model.diagnostics import EXIT_BLOCKED, EXIT_ERROR, EXIT_OVER_BUDGET, EXIT_REFUSED, Diagnostic
from novita_infra.model.frozen import dataclass

_FIRST: Final = (EXIT_ERROR, EXIT_REFUSED, EXIT_OVER_BUDGET, EXIT_BLOCKED)
"""The exit codes by rank: of several, the first one is returned."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason why a plan cannot be applied."""

    diagnostic: Diagnostic
    code: int = EXIT_ERROR


def code_of(findings: Iterable[Finding]) -> int:
    """The exit code that the findings ask for together; 0 where there are none."""
    codes = {finding.code for finding in findings}
    return next((code for code in _FIRST if code in codes), 0)
