"""Reads faults from JSON, as `/_sim/faults` and scenario files hold them."""

from __future__ import annotations

from typing import Any, Final

from novita_infra.simulator.faults.model import Fault, Position, Trouble
from novita_infra.simulator.request_schema import Fields, Number, Reading, Text, Whole, may

_READING = Reading(forgiving=False, closed=True)
FAULT: Final = Fields(
    {
        "kind": may(Text(one_of=[kind.value for kind in Trouble]), Trouble.STATUS.value),
        "operation": may(Text(), "*"),
        "method": may(Text(), "*"),
        "path": may(Text(), "*"),
        "position": may(Text(one_of=[position.value for position in Position]), Position.BEFORE.value),
        "status": may(Whole(400, 599), 503),
        "reason": may(Text(), ""),
        "message": may(Text(), ""),
        "retryAfter": may(Text(), ""),
        "seconds": may(Number(0, 10**6), 0.0),
        "upTo": may(Number(0, 10**6), 0.0),
        "count": may(Whole(0), 1),
        "skip": may(Whole(0), 0),
        "perCent": may(Whole(0, 100), 100),
    }
)


def fault_of(values: Any) -> Fault:
    """A fault from its JSON form; a count of 0 is unlimited. Raises ApiRefusal."""
    fields = FAULT.read(values, "", _READING)
    return Fault(
        kind=Trouble(fields["kind"]),
        operation=fields["operation"],
        method=fields["method"],
        path=fields["path"],
        position=Position(fields["position"]),
        status=fields["status"],
        reason=fields["reason"],
        message=fields["message"],
        retry_after=fields["retryAfter"],
        seconds=fields["seconds"],
        up_to=fields["upTo"],
        count=fields["count"] or None,
        skip=fields["skip"],
        per_cent=fields["perCent"],
    )
