"""Reads the audit log of an environment or of a user, and checks it. Takes no lock, and reads no account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import problem
from novita_infra.model.frozen import dataclass
from novita_infra.operations.opening.simulated import sim_log
from novita_infra.operations.session import ProjectOptions, located
from novita_infra.operations.state.edits import Report, ignored, load_state, store_of
from novita_infra.planning.options import is_selected
from novita_infra.state.audit.checking import AuditCheck, check_log
from novita_infra.state.audit.entries import AuditEntry, log_lines, numbered
from novita_infra.state.audit.user_log import read_user_lines, user_log_path, with_answers
from novita_infra.state.state import AuditHead


@dataclass(frozen=True, slots=True)
class AuditLog:
    """The audit log of an environment."""

    head: AuditHead
    """Its end, as the state knows it; in the log of a user, its last entry."""
    check: AuditCheck
    unsaved: tuple[AuditEntry, ...]
    """The calls of a run under way, or of one that was killed: the next command adds them to the log."""

    @property
    def entries(self) -> tuple[AuditEntry, ...]:
        """All entries, the oldest first."""
        return (*self.check.entries, *self.unsaved)


def read_audit_log(where: ProjectOptions, *, report: Report = ignored) -> AuditLog:
    """The log as it is stored now. `report` shows that there is no state. Raises Problems if the state is damaged."""
    store = store_of(where)
    while True:
        state = load_state(where, report=report)
        lines = log_lines(store.storage.read_audit())
        if not state.serial or store.load().audit == state.audit:
            break  # else a command has saved in between
    unsaved = numbered(store.unsaved_calls(), state.audit, state.lineage)
    check = check_log(lines, state.audit, state.lineage, unsaved=bool(unsaved))
    return AuditLog(state.audit, check, tuple(unsaved))


def read_user_log(where: ProjectOptions, environ: Mapping[str, str]) -> AuditLog:
    """The log of this user on this machine; with the simulator, that of the project's account. Raises Problems."""
    path = sim_log(located(where).root) if where.sim else user_log_path(environ)
    if path is None:
        raise problem("this user has no folder for a log", "set HOME, or XDG_STATE_HOME")
    lines, head = read_user_lines(path)
    check = check_log(lines, head, "")
    return AuditLog(head, replace(check, entries=tuple(with_answers(check.entries))), ())


def selected_entries(
    entries: Sequence[AuditEntry], *, named: Sequence[str] = (), since: float | None = None, limit: int | None = None
) -> Sequence[AuditEntry]:
    """The newest ones for the resources that are named as for `--target`, from a time on in Unix seconds."""
    found = [
        entry for entry in entries if (since is None or entry.at >= since) and (not named or _is_for(entry, named))
    ]
    return found[-limit:] if limit else found


def _is_for(entry: AuditEntry, named: Sequence[str]) -> bool:
    return bool(entry.cause.address) and is_selected(Address.parse(entry.cause.address), named)
