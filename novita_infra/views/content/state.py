"""The state, its records and the outputs, as results of commands, and what is noted of a record. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from novita_infra.model.clock import moment
from novita_infra.model.records import Record
from novita_infra.model.values import Value
from novita_infra.state.state import State
from novita_infra.views.content.lines import Tone
from novita_infra.views.content.values import inline


class StateContent(NamedTuple):
    """All records and outputs."""

    state: State


class RecordContent(NamedTuple):
    """One record."""

    record: Record
    imported: str = ""
    """`Imported` or `Adopted` for the record of an object that just was; else empty."""


class OutputsContent(NamedTuple):
    """The outputs of the project."""

    outputs: Mapping[str, Value]


class OutputContent(NamedTuple):
    """The value of one output."""

    value: Value
    raw: bool = False
    """Whether a text is written without quotes and line end."""


class RecordNote(NamedTuple):
    """A titled fact of a record."""

    title: str
    text: str
    tone: Tone | None = None
    depth: int = 1


def status_notes(record: Record) -> Iterator[RecordNote]:
    """The id of a record, and what is not finished."""
    yield RecordNote("id", record.id or "(not known: a create got no answer)")
    if record.pending is not None:
        text = f"{record.pending.call}, since {moment(record.pending.since)}"
        yield RecordNote("under way", text, Tone.CHANGE)
        if record.pending.ended:
            yield RecordNote("the last run ended so", record.pending.ended, Tone.CHANGE, depth=2)
    if record.recreate_reason:
        yield RecordNote("to be replaced", f"{record.recreate_reason} asked for it", Tone.CHANGE)
    if record.retired:
        yield RecordNote("replaced, deletion not confirmed", ", ".join(record.retired), Tone.CHANGE)


def origin_notes(record: Record) -> Iterator[RecordNote]:
    """The chosen offer and why others were passed over, the file of the record, and its needs."""
    match record.choice:
        case {"took": dict() as took, "passed": [*passed]} if passed:
            yield RecordNote("chosen from several offers", inline(took))
            for item in passed:
                if isinstance(item, dict):
                    yield RecordNote("passed over", f"{inline(item.get('offer'))}: {item.get('reason')}")
    if record.labels:
        text = ", ".join(f"{name}={value}" for name, value in sorted(record.labels.items()))
        yield RecordNote("labels", text, Tone.FAINT)
    if record.source:
        yield RecordNote("declared in", record.source, Tone.FAINT)
    if record.needs:
        yield RecordNote("needs", ", ".join(map(str, record.needs)), Tone.FAINT)


def recorded_values(record: Record) -> Iterator[tuple[str, dict[str, Value]]]:
    """The spec and the outputs of a record, without empty values; none without values."""
    for title, values in (("spec", record.spec), ("outputs", record.outputs)):
        if shown := {name: value for name, value in values.items() if value is not None}:
            yield title, shown
