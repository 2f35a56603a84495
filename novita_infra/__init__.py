"""A declarative reconciler for the GPU cloud of Novita AI.

The public names of the Python library are below; docs/library.md describes them, and `__init__.pyi` has their types.
Each is imported at its first use.
"""

__version__ = "0.2.0"


_API, _MODEL, _RESULTS = "api.errors", "model.diagnostics", "library.results"
_HOMES = {
    **dict.fromkeys(("ApiError", "AtLimit", "Busy", "InUse", "NoCapacity", "NoMoney", "NotFound"), _API),
    **dict.fromkeys(("Refused", "Throttled", "Unanswered", "Unauthorized", "Unreachable"), _API),
    **dict.fromkeys(("Diagnostic", "NovitaInfraError", "Problems"), _MODEL),
    **dict.fromkeys(("ApplyFailed", "DriftedResource", "PlannedChange", "PlanSummary", "ProjectState"), _RESULTS),
    **dict.fromkeys(("RecordedResource", "RunEvent", "RunResult", "SECRET", "UNKNOWN"), _RESULTS),
    **dict.fromkeys(("ApplyRun", "AsyncApplyRun"), "library.runs"),
    **dict.fromkeys(("AsyncClient", "Client"), "library.clients"),
    "AsyncProject": "library.async_projects",
    "PlanChoices": "library.options",
    "Project": "library.projects",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 -- the command needs none of this

    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
