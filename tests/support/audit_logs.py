"""Audit logs as tests read them: the entries of a store, and a check of the whole."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from state_values import A

from novita_infra.model.records import Record
from novita_infra.state.audit.checking import AuditCheck, check_log
from novita_infra.state.audit.entries import AuditEntry, log_lines
from novita_infra.state.guarded import GuardedStore
from novita_infra.state.state import LastRun


def checked(store: GuardedStore) -> AuditCheck:
    """The check of the log that the store has now."""
    state = store.load()
    lines = log_lines(store.storage.read_audit())
    return check_log(lines, state.audit, state.lineage, unsaved=bool(store.unsaved_calls()))


def whole_log(store: GuardedStore) -> tuple[AuditEntry, ...]:
    """The entries of a log that must be whole, and those that the next save adds."""
    check = checked(store)
    assert check.is_whole, [str(item) for item in check.faults]
    assert [entry.number for entry in check.entries] == list(range(1, store.load().audit.count + 1))
    return (*check.entries, *store.unsaved_calls())


def names(store: GuardedStore) -> list[str]:
    """The path of each call in a log that must be whole, and the command of each change of the state."""
    return [entry.call.path or entry.cause.command for entry in whole_log(store)]


def noted_run(store: GuardedStore, *paths: str, killed: bool = False, answered: bool = True) -> None:
    """A run that makes a call for each path: the intent goes with a record, and the answer with the next one."""
    state = replace(store.load(), last_run=LastRun("apply", "ada", 1.0, digest="sha256:1", ci="https://ci/7"))
    with store.journal(state) as journal:

        async def calls() -> None:
            for number, path in enumerate(paths):
                intent = {"call": number, "at": 5.0, "method": "POST", "path": path}
                journal.note({**intent, "address": str(A), "step": "create"})
                await journal.put(Record(A, ""), "about to be sent")
                if answered:
                    facts = {"attempts": 1, "status": 200, "request": f"r{path}", "outcome": "done"}
                    journal.note({"call": number, **facts})
                    await journal.put(Record(A, path), "created")

        asyncio.run(calls())
        if not killed:
            store.save(replace(store.load(), serial=state.serial))
