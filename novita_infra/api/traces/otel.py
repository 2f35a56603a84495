"""Spans as OpenTelemetry's SDK makes and sends them, over HTTP. Imported only while a command is traced.

The SDK reads its own variables: the address of the collector, headers, certificates, the time limit, the sampling.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, cast

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Span, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from novita_infra import __version__
from novita_infra.api.traces.tracing import Fact, TraceSpan, tracing

_LIMITS: Final = ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT")
_PATIENCE: Final = 5.0
"""Seconds for a request to a collector unless a variable says otherwise: the end of a command waits no longer."""


@contextmanager
def exported_spans(
    name: str, *, report: Callable[[str], None], exporter: SpanExporter | None = None
) -> Iterator[TraceSpan]:
    """The span of the whole command. Inside of the block, all spans are sent; at its end, what is left.

    A collector that takes none is reported, once. `exporter` replaces that of the variables.
    """
    logging.getLogger("opentelemetry").addHandler(logging.NullHandler())  # else its complaints go to stderr
    sending = _Counted(exporter or OTLPSpanExporter(timeout=None if _is_limited() else _PATIENCE))
    resource = Resource.create({"service.name": "novita-infra", "service.version": __version__})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(cast("SpanExporter", sending)))
    tracer = provider.get_tracer("novita_infra", __version__)

    @contextmanager
    def begin(name: str, facts: Mapping[str, Fact], context: Context | None = None) -> Iterator[TraceSpan]:
        with tracer.start_as_current_span(
            name, context, attributes=dict(facts), record_exception=False, set_status_on_exception=False
        ) as made:
            span = _SdkSpan(made)
            try:
                yield span
            except BaseException as error:
                span.fail(type(error).__name__)  # its text may quote what nobody else should read
                raise

    try:
        with tracing(begin), begin(name, {}, _parent()) as whole:
            yield whole
    finally:
        provider.shutdown()
        if sending.lost:
            report(f"{sending.lost} spans of the trace were not sent: the collector does not take them")


class _SdkSpan:
    """A span of the SDK."""

    def __init__(self, span: Span) -> None:
        self._span = span

    def note(self, name: str, fact: Fact) -> None:
        self._span.set_attribute(name if "." in name else f"novita.{name}", fact)

    def fail(self, reason: str) -> None:
        self._span.set_status(Status(StatusCode.ERROR, reason))


class _Counted:
    """An exporter, in the shape of the SDK's, that counts what it could not send."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self.shutdown = exporter.shutdown
        self.force_flush = exporter.force_flush
        self.lost = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Sends the spans."""
        result = self._exporter.export(spans)
        if result is not SpanExportResult.SUCCESS:
            self.lost += len(spans)
        return result


def _is_limited() -> bool:
    return any(os.environ.get(name) for name in _LIMITS)


def _parent() -> Context | None:
    """The span that the caller of the command is in, such as the step of a pipeline."""
    given = os.environ.get("TRACEPARENT")
    return TraceContextTextMapPropagator().extract({"traceparent": given}) if given else None
