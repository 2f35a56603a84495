"""The state, its records and the outputs as text. No secret is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from novita_infra.model.records import Record
from novita_infra.model.values import Value
from novita_infra.state.state import State
from novita_infra.views.content.drift import adopted_of
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.state import RecordNote, origin_notes, recorded_values, status_notes
from novita_infra.views.content.values import inline
from novita_infra.views.plan_lines.values import described, differing


def output_lines(outputs: Mapping[str, Value]) -> Iterator[Line]:
    """The outputs, one a line."""
    for name, value in sorted(outputs.items()):
        yield line(f"{name} = {inline(value)}")


def state_lines(state: State) -> Iterator[Line]:
    """The state: every record, then the outputs."""
    cloud = f", account {state.cloud}" if state.cloud else ""
    yield line(
        (f"Project {state.project or '(none yet)'}, environment {state.environment}{cloud}", Tone.STRONG),
        f", serial {state.serial}",
    )
    for address in sorted(state.records):
        yield line()
        yield from record_lines(state.records[address])
    if not state.records:
        yield line("The state is empty.")
    if state.outputs:
        yield line()
        yield line(("Outputs", Tone.STRONG))
        yield from output_lines(state.outputs)


def record_lines(record: Record) -> Iterator[Line]:
    """One record: its id, its last sent spec, the call under way."""
    marks = "  (protected)" if record.protect else ""
    yield line((str(record.address), Tone.STRONG), marks)
    yield from map(_note_line, status_notes(record))
    if record.adopted:
        yield line(("    adopted, and different from the manifest:", Tone.CHANGE))
    for item in adopted_of(record):
        note = (f"  # {item.cause.value}", Tone.FAINT)
        yield from differing(item.name, item.declared, item.wanted, indent=8, note=note)
    yield from map(_note_line, origin_notes(record))
    for title, values in recorded_values(record):
        yield line(f"    {title}:")
        for name, value in values.items():
            yield from described(name, value, indent=8)


def _note_line(note: RecordNote) -> Line:
    return line((f"{'    ' * note.depth}{note.title}: {note.text}", note.tone))
