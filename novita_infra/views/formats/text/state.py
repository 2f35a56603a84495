"""The state, its records and the outputs as text. No secret is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from novita_infra.model.clock import moment
from novita_infra.model.records import Record
from novita_infra.model.values import Value
from novita_infra.state.state import State
from novita_infra.views.content.drift import adopted_of
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.values import inline
from novita_infra.views.formats.text.values import described, differing


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
    yield line(f"    id: {record.id or '(not known: a create got no answer)'}")
    if record.pending is not None:
        yield line((f"    under way: {record.pending.call}, since {moment(record.pending.since)}", Tone.CHANGE))
        if record.pending.ended:
            yield line((f"        the last run ended so: {record.pending.ended}", Tone.CHANGE))
    if record.recreate_reason:
        yield line((f"    to be replaced: {record.recreate_reason} asked for it", Tone.CHANGE))
    if record.retired:
        yield line((f"    replaced, deletion not confirmed: {', '.join(record.retired)}", Tone.CHANGE))
    if record.adopted:
        yield line(("    adopted, and different from the manifest:", Tone.CHANGE))
    for item in adopted_of(record):
        note = (f"  # {item.cause.value}", Tone.FAINT)
        yield from differing(item.name, item.declared, item.wanted, indent=8, note=note)
    yield from _choice_lines(record.choice)
    if record.source:
        yield line((f"    declared in: {record.source}", Tone.FAINT))
    if record.needs:
        yield line((f"    needs: {', '.join(map(str, record.needs))}", Tone.FAINT))
    for title, values in (("spec", record.spec), ("outputs", record.outputs)):
        shown = {name: value for name, value in values.items() if value is not None}
        if shown:
            yield line(f"    {title}:")
        for name, value in shown.items():
            yield from described(name, value, indent=8)


def _choice_lines(choice: Mapping[str, Value]) -> Iterator[Line]:
    """The chosen offer, and why the others were passed over; nothing without a choice."""
    match choice:
        case {"took": dict() as took, "passed": [*passed]} if passed:
            yield line(f"    chosen from several offers: {inline(took)}")
            for item in passed:
                if isinstance(item, dict):
                    yield line(f"    passed over: {inline(item.get('offer'))}: {item.get('reason')}")
