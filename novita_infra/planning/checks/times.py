"""What the fields about time ask for, and the warnings about what they cannot do. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from novita_infra.kinds.machine import Due
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic, Severity
from novita_infra.model.resources import Declared
from novita_infra.planning.changes.decisions import Decision


def dues(decisions: Mapping[Address, Decision]) -> list[tuple[Address, Due]]:
    """What the fields about time of each declared resource ask for, sorted by address."""
    return [(address, item.case.due) for address, item in sorted(decisions.items()) if item.case.due]


def time_warnings(decisions: Mapping[Address, Decision], declared: Mapping[Address, Declared]) -> Iterator[Diagnostic]:
    """The warnings, each at the place of its resource."""
    for address, due in dues(decisions):
        for warning in due.warnings:
            summary, _, hint = warning.partition("; ")
            place = declared[address].origin
            yield Diagnostic(summary, hint, origin=place, address=str(address), severity=Severity.WARNING)
