"""The parts put together, one function for what each command does. No terminal, no exit code."""

from novita_infra.workflows.books import forget, load_state, move, recorded, reset_sim, store_of
from novita_infra.workflows.importing import import_object
from novita_infra.workflows.running import apply_plan, make_plan
from novita_infra.workflows.saved import is_plan, opened_saved, read_plan, save_plan
from novita_infra.workflows.session import SIMULATOR, Session, Where, locked, opened, validate

__all__ = [
    "SIMULATOR",
    "Session",
    "Where",
    "apply_plan",
    "forget",
    "import_object",
    "is_plan",
    "load_state",
    "locked",
    "make_plan",
    "move",
    "opened",
    "opened_saved",
    "read_plan",
    "recorded",
    "reset_sim",
    "save_plan",
    "store_of",
    "validate",
]
