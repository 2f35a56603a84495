"""Whether an audit log is whole: from the newest entry that the state names, back to the first. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from novita_infra.model.diagnostics import Diagnostic, Severity
from novita_infra.model.frozen import dataclass
from novita_infra.state.audit.entries import AuditEntry, LogLine, head_after
from novita_infra.state.state import AuditHead

_KEEP: Final = "keep a copy of the log as it is, and look for the whole one: in a backup, or in what others have seen"
_SET_BACK: Final = (
    "if a command was killed while it saved, the next one adds its entries again; else an older state was put in the "
    "place of a newer one: novita-infra state history"
)


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """What a log holds, and what is wrong with it."""

    entries: tuple[AuditEntry, ...]
    """The entries that can be read, the oldest first: each number once."""
    faults: tuple[Diagnostic, ...]
    """What is wrong, the newest entries first; warnings at the end."""

    @property
    def is_whole(self) -> bool:
        """Whether each entry is there as it was written."""
        return all(item.severity is Severity.WARNING for item in self.faults)


def check_log(lines: Sequence[LogLine], head: AuditHead, lineage: str, *, unsaved: bool = False) -> AuditCheck:
    """The entries up to the head, and every fault with its position.

    `unsaved` says that the journal of a killed run is there, whose calls are saved with the next command. `lineage` is
    that of the state that the log belongs to.
    """
    chain = _Chain(lines, lineage)
    entries = tuple(chain.walk(head))
    faults = chain.faults
    if head.count and not entries and chain.others:
        faults = [Diagnostic(f"the log is of another state, {chain.others[0]}", _KEEP)]
    beyond = head_after(head, lines)
    if beyond.count > head.count and not unsaved:
        span = _span(head.count + 1, beyond.count)
        faults.append(Diagnostic(f"the log goes on with {span}, which the state does not know", _SET_BACK))
    elif left := len(lines) - chain.used:
        text = f"{left} {'lines of the log are' if left > 1 else 'line of the log is'} in no chain"
        hint = "a save that was cut off leaves some, and so does a state that was set back before it went on"
        faults.append(Diagnostic(text, hint, severity=Severity.WARNING))
    return AuditCheck(tuple(reversed(entries)), tuple(faults))


class _Chain:
    """The lines of a log on the way from the head to the first entry."""

    def __init__(self, lines: Sequence[LogLine], lineage: str) -> None:
        self._lines = lines
        self._at = {line.digest: index for index, line in enumerate(lines)}
        self._own: dict[int, int] = {}
        """By number, the last entry of this state."""
        for index, line in enumerate(lines):
            if line.entry is not None and line.entry.lineage == lineage:
                self._own[line.entry.number] = index
        self.others = [line.entry.lineage for line in lines if line.entry and line.entry.lineage != lineage]
        self.faults: list[Diagnostic] = []
        self.used = 0

    def walk(self, head: AuditHead) -> Iterator[AuditEntry]:
        """The entries, the newest first. Where one is missing or changed, goes on with the next that is there."""
        number, digest, after = head.count, head.digest, len(self._lines)
        while number > 0:
            index = self._at.get(digest)
            if index is None or not self._is(index, number):
                index = self._own.get(number)
                if index is None:
                    number = self._missing(number)
                    digest = self._digest(number)
                    continue
                place = self._lines[index].place
                self.faults.append(Diagnostic(f"entry {number} was changed: {place} is not what was written", _KEEP))
            elif index > after:
                place = self._lines[index].place
                self.faults.append(Diagnostic(f"entry {number} stands after entry {number + 1}: {place}", _KEEP))
            entry = self._lines[index].entry
            assert entry is not None  # noqa: S101 -- it has a number
            self.used += 1
            yield entry
            number, digest, after = number - 1, entry.previous, index

    def _is(self, index: int, number: int) -> bool:
        entry = self._lines[index].entry
        return entry is not None and entry.number == number

    def _missing(self, last: int) -> int:
        """The number of the next entry that is there, below those that are missing; 0 without any."""
        first = max((number for number in self._own if number < last), default=0) + 1
        damaged = [line.place for line in self._lines if line.entry is None]
        where = f"; damaged: {', '.join(damaged[:3])}" if damaged else ""
        verb = "are" if last > first else "is"
        self.faults.append(Diagnostic(f"{_span(first, last)} {verb} missing{where}", _KEEP))
        return first - 1

    def _digest(self, number: int) -> str:
        index = self._own.get(number)
        return self._lines[index].digest if index is not None else ""


def _span(first: int, last: int) -> str:
    return f"entry {first}" if first == last else f"entries {first} to {last}"
