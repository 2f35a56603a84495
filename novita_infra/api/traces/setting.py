"""Whether a command is traced, by the variables of the environment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from novita_infra.api.traces.tracing import TraceSpan
from novita_infra.model.diagnostics import problem

VARIABLE: Final = "NOVITA_INFRA_TRACES"
"""The variable that switches traces on without an address, or off in spite of one."""
_ADDRESSES: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def wants_traces(environ: Mapping[str, str]) -> bool:
    """Whether the command is traced."""
    if word := environ.get(VARIABLE, ""):
        return word != "0"
    off = environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or environ.get("OTEL_TRACES_EXPORTER") == "none"
    return not off and any(environ.get(name) for name in _ADDRESSES)


@contextmanager
def traced(name: str, environ: Mapping[str, str], *, report: Callable[[str], None]) -> Iterator[TraceSpan | None]:
    """The span of the whole command, whose spans are sent; None where the packages for that are not installed.

    Raises Problems where they are missing and the setting of novita-infra asks for traces.
    """
    try:
        from novita_infra.api.traces.otel import exported_spans  # noqa: PLC0415 -- few commands are traced
    except ImportError:
        if environ.get(VARIABLE):
            raise problem("the packages for traces are not installed", "pip install 'novita-infra[traces]'") from None
        yield None
        return
    with exported_spans(name, report=report) as span:
        yield span
