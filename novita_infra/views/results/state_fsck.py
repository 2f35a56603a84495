"""What is wrong with a state, and what to type. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from novita_infra.model.diagnostics import Diagnostic, Severity
from novita_infra.model.frozen import dataclass
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.listing import Listing, fact


@dataclass(frozen=True, slots=True)
class StateFault:
    """One thing that is wrong."""

    severity: Severity = fact("`error`: it must be repaired; `warning`: it is to be known.")
    address: str | None = fact("The address of the record; null for the state as a whole.")
    summary: str = fact("What is wrong.")
    hint: str = fact("What to do, with the command to type.")


@dataclass(frozen=True, slots=True)
class StateCheck(Listing):
    """Everything that is wrong with a state, as `state fsck --json` prints it."""

    name: ClassVar[str] = "state_fsck"
    row: ClassVar[type] = StateFault
    empty: ClassVar[str] = "The state is sound."

    rows: tuple[StateFault, ...]

    def lines(self) -> Iterator[Line]:
        """Each fault with its hint below."""
        if not self.rows:
            yield line((self.empty, Tone.GOOD))
        for row in self.rows:
            tone = Tone.BAD if row.severity is Severity.ERROR else Tone.CHANGE
            address = f"{row.address}: " if row.address else ""
            yield line((f"{row.severity.value}: ", tone), f"{address}{row.summary}")
            if row.hint:
                yield line(f"    {row.hint}")


def state_check(faults: Iterable[Diagnostic]) -> StateCheck:
    """The faults as a result."""
    rows = (StateFault(item.severity, item.address or None, item.summary, item.hint) for item in faults)
    return StateCheck(tuple(rows))
