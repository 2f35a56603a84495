"""What is guarded against: deleting or replacing what is protected. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from novita_infra.diagnostics import EXIT_REFUSED, Diagnostic
from novita_infra.planning.deciding import Decision
from novita_infra.planning.findings import Finding
from novita_infra.planning.plan import Action
from novita_infra.resources import Address, Declared, Phase


def protected(decisions: Mapping[Address, Decision], declared: Mapping[Address, Declared]) -> list[Finding]:
    """The resources that would go although the books or the manifests protect them."""
    return [
        Finding(
            Diagnostic(
                f"{decision.action.value} is refused: the resource is protected",
                "set `lifecycle.protect: false`, apply that alone, then run this again",
                address=str(address),
            ),
            EXIT_REFUSED,
        )
        for address, decision in decisions.items()
        if decision.action in {Action.DELETE, Action.REPLACE}
        and decision.found.live is not None
        and decision.found.live.phase is not Phase.LEAVING
        and (
            (decision.found.record is not None and decision.found.record.protect)
            or (address in declared and declared[address].lifecycle.protect)
        )
    ]
