"""What is wrong with a state: damage, a broken chain of digests, references to nothing. Pure."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from novita_infra.encoding import Json, encode, is_slow
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic, Severity
from novita_infra.state.backend import REPAIR_HINT
from novita_infra.state.format.file_format import previous_digest, state_digest
from novita_infra.state.format.journal import journal_start
from novita_infra.state.recovery.kept import Kept
from novita_infra.state.recovery.restoring import recorded_ids_of
from novita_infra.state.state import State

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


def faults(kept: Sequence[Kept], *, types: Iterable[str]) -> list[Diagnostic]:
    """Everything that is wrong, the present state first. `types` are the resource types that exist."""
    present = kept[-1]
    found = [*_of_reading(present), *_of_journal(present)]
    if present.result is not None:
        found += [*_of_references(present.result), *_of_kinds(present.result, types), *_of_digests(present.result)]
    return [*found, *_of_chain(kept), *(item for one in kept[:-1] for item in _of_reading(one))]


def _of_reading(item: Kept) -> Iterator[Diagnostic]:
    if item.problem is None:
        return
    summary = f"{item.problem.origin}: {item.problem.summary}" if item.problem.origin else item.problem.summary
    if item.version is None:
        yield Diagnostic(summary, item.problem.hint or REPAIR_HINT)
    else:
        hint = "nothing is built on it while the present state is sound; newer states take its place"
        yield Diagnostic(f"{item.place}: {summary}" if item.place not in summary else summary, hint, severity=_WARNING)


def _of_journal(present: Kept) -> Iterator[Diagnostic]:
    journal, base, result = present.stored.journal, present.base, present.result
    if present.stored.state is None and journal is not None:
        yield Diagnostic(f"the journal of {present.place} goes on from a state that is not there", REPAIR_HINT)
    if journal is None or base is None or result is None:
        return
    start = journal_start(journal)
    if start is not None and start[1] < base.serial:
        text = f"the journal of {present.place} is of the older version {start[1]}: the state holds its changes"
        yield Diagnostic(text, "the next apply removes it", severity=_WARNING)
        return
    changes = result.serial - base.serial
    text = f"a run has not ended, or was killed: the journal of {present.place} holds {changes} changes"
    hint = "they count as part of the state; if the run was killed, go on with: novita-infra apply"
    yield Diagnostic(text, hint, severity=_WARNING)
    if not journal.endswith(b"\n"):
        text = f"the last line of the journal of {present.place} is cut off: nothing acted on it"
        yield Diagnostic(text, "the next apply removes it", severity=_WARNING)


def _of_references(state: State) -> Iterator[Diagnostic]:
    holders: dict[tuple[str, str], list[Address]] = {}
    for address, record in state.records.items():
        for key in recorded_ids_of(record):
            holders.setdefault(key, []).append(address)
        for need in record.needs:
            if need not in state.records:
                hint = "the next apply writes its needs again"
                yield Diagnostic(
                    f"it needs {need}, which is not recorded", hint, address=str(address), severity=_WARNING
                )
        if record.id in state.gone.get(address.type, ()):
            hint = "plan shows whether it exists; if not, it is created again where it is declared"
            yield Diagnostic(
                f"{record.id} is recorded, and as deleted, too", hint, address=str(address), severity=_WARNING
            )
    for (_, id), addresses in holders.items():
        if len(addresses) > 1:
            last = shlex.quote(str(addresses[-1]))
            yield Diagnostic(
                f"{id} is recorded at {' and at '.join(map(str, addresses))}",
                f"one object is one resource; keep one of the records: novita-infra state rm {last}",
            )


def _of_kinds(state: State, types: Iterable[str]) -> Iterator[Diagnostic]:
    known = frozenset(types)
    for address in state.records:
        if address.type not in known:
            hint = (
                "use the version that recorded it; to forget it and keep the object: "
                f"novita-infra state rm {shlex.quote(str(address))}"
            )
            yield Diagnostic("this version has no such kind", hint, address=str(address))


def _of_digests(state: State) -> Iterator[Diagnostic]:
    if state.records and not is_slow(state.key):
        yield Diagnostic(
            "the digests of secrets are those of version 0.2, which are quick to guess",
            "the next apply replaces them",
            severity=_WARNING,
        )
    for address, record in state.records.items():
        if wrong := Counter(_digests(encode(record)))[False]:
            text = (
                f"{wrong} digests of secrets have no known form"
                if wrong > 1
                else "a digest of a secret has no known form"
            )
            hint = "the next apply sends the secret again, and records its digest"
            yield Diagnostic(text, hint, address=str(address))


def _digests(data: Json) -> Iterator[bool]:
    """For each digest, whether it has a known form."""
    match data:
        case {"$digest": text} if len(data) == 1:
            yield isinstance(text, str) and _DIGEST.fullmatch(text) is not None
        case dict():
            for item in data.values():
                yield from _digests(item)
        case list():
            for item in data:
                yield from _digests(item)


def _of_chain(kept: Sequence[Kept]) -> Iterator[Diagnostic]:
    """A state that does not come from the one before it, and states that are newer than the present one."""
    for one, two in pairwise(kept):
        if one.stored.state is None or two.stored.state is None or one.stored.state == two.stored.state:
            continue
        if two.base is not None and not _follows(one, one.stored.state, two.base, two.stored.state):
            yield Diagnostic(
                f"{two.place} was not made from {one.place}",
                "another state was put in its place, or one between them is missing; all: novita-infra state history",
                severity=_WARNING,
            )
        elif one.stored.journal is not None and one.result is not None and two.base is not None:
            yield from _of_cut(one, one.result, two, two.base)
    present = kept[-1]
    newer = [
        item.base.serial
        for item in kept[:-1]
        if item.base and present.result and item.base.lineage == present.result.lineage
    ]
    if present.result and newer and max(newer) > present.result.serial:
        yield Diagnostic(
            f"{present.place} is version {present.result.serial}, and version {max(newer)} is kept beside it: an older "
            "state was put in its place",
            REPAIR_HINT,
        )


def _of_cut(one: Kept, result: State, two: Kept, state: State) -> Iterator[Diagnostic]:
    """A journal that makes an older version than the one that was saved with it."""
    if result.lineage == state.lineage and result.serial < state.serial:
        yield Diagnostic(
            f"the journal of {one.place} is cut off: it makes version {result.serial}, and {two.place} is version "
            f"{state.serial}",
            "nothing is built on it while the present state is sound; newer states take its place",
            severity=_WARNING,
        )


def _follows(one: Kept, before: bytes, state: State, after: bytes) -> bool:
    """Whether a state was made from the one before it, or as that one: a run stores it again, under the same serial."""
    named = previous_digest(after)
    again = one.base is not None and one.base.serial == state.serial and named == previous_digest(before)
    return not named or again or named == state_digest(before)


_WARNING: Final = Severity.WARNING
