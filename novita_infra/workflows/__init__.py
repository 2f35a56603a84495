"""The parts put together, one function for what each command does. No terminal, no exit code."""

from novita_infra.workflows.books import forget, load_state, move, recorded, reset_sim, store_of
from novita_infra.workflows.importing import import_object
from novita_infra.workflows.orphans import find_orphans, orphan_for, orphans_named, terminate
from novita_infra.workflows.policies import judged, policy_at
from novita_infra.workflows.running import apply_plan, make_plan
from novita_infra.workflows.saved import check_saved, is_plan, opened_saved, read_plan, reopened, save_plan
from novita_infra.workflows.session import SIMULATOR, Session, Where, locked, opened, validate
from novita_infra.workflows.tracing import traced

__all__ = [
    "SIMULATOR",
    "Session",
    "Where",
    "apply_plan",
    "check_saved",
    "find_orphans",
    "forget",
    "import_object",
    "is_plan",
    "judged",
    "load_state",
    "locked",
    "make_plan",
    "move",
    "opened",
    "opened_saved",
    "orphan_for",
    "orphans_named",
    "policy_at",
    "read_plan",
    "recorded",
    "reopened",
    "reset_sim",
    "save_plan",
    "store_of",
    "terminate",
    "traced",
    "validate",
]
