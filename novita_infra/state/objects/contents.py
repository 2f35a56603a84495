"""Reading the objects of one environment: its head, its states and the segments of their journals."""

from __future__ import annotations

from collections.abc import Sequence

from novita_infra.model.diagnostics import Problems
from novita_infra.state.objects.layout import (
    Head,
    Segment,
    audit_prefix,
    count_of,
    head_key,
    journal_prefix,
    read_head,
    read_segment,
    segment_key,
    states_prefix,
    unpacked,
)
from novita_infra.state.objects.objects import Object, ObjectReader
from novita_infra.state.store import StateLost

_HINT = "see what is left, and put it back: novita-infra state repair"


class EnvironmentObjects:
    """The objects of one environment. Every method raises Problems for damage, and StateLost for what is missing."""

    def __init__(self, objects: ObjectReader, environment: str) -> None:
        self._objects = objects
        self._environment = environment
        self.hint = _HINT
        """What to do about damage."""

    def describe(self) -> str:
        """The place of the head, which stands for the whole."""
        return self._objects.describe(head_key(self._environment))

    def describe_journal(self) -> str:
        """The place of all journals."""
        return self._objects.describe(journal_prefix(self._environment).rstrip("/"))

    def describe_state(self, id: str) -> str:
        """The place of a state."""
        return self._objects.describe(states_prefix(self._environment) + id)

    def head_object(self) -> Object | None:
        """The head as it is stored; None if there is none."""
        return self._objects.read(head_key(self._environment))

    def head(self, content: Object | None) -> Head:
        """The head in the object."""
        return read_head(content.data, self.describe(), hint=self.hint) if content else Head()

    def ids(self) -> list[str]:
        """The ids of all states that are kept, the oldest first."""
        prefix = states_prefix(self._environment)
        return sorted(key.removeprefix(prefix) for key in self._objects.keys(prefix))

    def journal_keys(self, id: str) -> Sequence[str]:
        """The keys of the segments that continue from a state, sorted."""
        return self._objects.keys(journal_prefix(self._environment, id))

    def state(self, id: str) -> bytes:
        """A state."""
        content = self._objects.read(states_prefix(self._environment) + id)
        if content is None:
            raise StateLost(f"{self.describe_state(id)} is not there", self.hint)
        return unpacked(content, self.describe_state(id), hint=self.hint)

    def audit(self) -> list[tuple[str, bytes]]:
        """The parts of the audit log with their places. One that is damaged becomes a line that no reader accepts."""
        parts = []
        for key, content in self._objects.read_all(audit_prefix(self._environment)).items():
            place = self._objects.describe(key)
            try:
                parts.append((place, unpacked(content, place, hint=self.hint)))
            except Problems:
                parts.append((place, b"damaged\n"))
        return parts

    def segments(self, id: str, *, damaged: bool = False) -> list[Segment]:
        """The segments of the journal of a state.

        With `damaged`, a segment that is missing or cannot be read becomes one with a line that no reader accepts.
        """
        found = self._objects.read_all(journal_prefix(self._environment, id))
        count = int(max(found).rpartition("/")[2]) + 1 if found else 0
        segments = []
        for number in range(count):
            key = segment_key(self._environment, id, number)
            try:
                segments.append(self._segment(key, found.get(key)))
            except Problems:
                if not damaged:
                    raise
                segments.append(Segment("lines", "", (found[key].data if key in found else b"missing") + b"\n"))
        return segments

    def _segment(self, key: str, content: Object | None) -> Segment:
        place = self._objects.describe(key)
        if content is None:
            raise StateLost(f"{place} is not there, and later parts are", self.hint)
        return read_segment(unpacked(content, place, hint=self.hint), place, hint=self.hint)

    def remains(self) -> str:
        """The states that are left where there is no head, in words; empty where there were none."""
        ids, prefix = self.ids(), journal_prefix(self._environment)
        journals = [key.removeprefix(prefix).split("/")[0] for key in self._objects.keys(prefix)]
        if all(count_of(id) == 1 for id in (*ids, *journals)) and len(set(journals)) == len(journals):
            return ""  # what first runs left that were killed before they began
        return f"{len(ids)} earlier {'state is' if len(ids) == 1 else 'states are'} there"


def may_be_replaced(segments: Sequence[Segment]) -> bool:
    """Whether one of the segments may be the trail of a `replace`: an end, or a journal in the place of another."""
    kinds = [item.kind for item in segments]
    return "end" in kinds or "begin" in kinds[1:]


def journal_of(segments: Sequence[Segment]) -> bytes | None:
    """The lines of the last run that continues the state; None if there was none."""
    began = max((number for number, item in enumerate(segments) if item.kind == "begin"), default=0)
    lines = [item.lines for item in segments[began:] if item.kind != "fence"]
    return b"".join(lines) if any(lines) else None
