"""The spans of a command reach a collector, one inside of the other, and hold no secret."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner, Result
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from novita_infra.api.traces.otel import exported_spans
from novita_infra.api.traces.setting import wants_traces
from novita_infra.api.traces.tracing import is_traced, span
from novita_infra.cli import root

SECRET = "s3cret-of-the-container"
PROJECT = """\
apiVersion: novita-infra/v1
kind: Project
metadata: {name: traced}
---
apiVersion: novita-infra/v1
kind: VPC
metadata: {name: net}
spec: {cluster: us-ca-nas-2}
---
apiVersion: novita-infra/v1
kind: Template
metadata: {name: base}
spec: {image: "ubuntu:22.04", rootDiskGb: 10, env: {TOKEN: {fromEnv: THE_TOKEN}}}
"""
Command = Callable[..., Result]


class _Collector(BaseHTTPRequestHandler):
    """Takes spans over HTTP as a collector does."""

    bodies: ClassVar[list[bytes]]

    def do_POST(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Writes nothing."""


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """The bodies that a collector gets, whose address the environment names."""
    handler = type("Handler", (_Collector,), {"bodies": []})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        yield handler.bodies  # type: ignore[attr-defined]
        server.shutdown()
        thread.join()


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs the command in the process, in the folder of a project."""
    for name in ("NOVITA_API_KEY", "NOVITA_API_URL", "NOVITA_INFRA_TRACES", "TRACEPARENT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("THE_TOKEN", SECRET)
    head, *resources = PROJECT.split("---\n")
    (tmp_path / "novita-infra.yaml").write_text(head)
    (tmp_path / "fleet.yaml").write_text("---\n".join(resources))
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(root, list(words), prog_name="novita-infra")


def _spans(bodies: Sequence[bytes]) -> list[Any]:
    requests = [ExportTraceServiceRequest.FromString(body) for body in bodies]
    return [
        span
        for request in requests
        for item in request.resource_spans
        for scope in item.scope_spans
        for span in scope.spans
    ]


def _facts(span: Any) -> dict[str, Any]:
    return {item.key: getattr(item.value, item.value.WhichOneof("value")) for item in span.attributes}


def test_an_apply_is_a_tree_of_plan_reads_steps_and_calls(command: Command, collected: list[bytes]) -> None:
    ended = command("apply", "--sim", "--auto-approve")
    assert (ended.exit_code, ended.stderr.count("trace")) == (0, 0), ended.output
    spans = _spans(collected)
    by_id = {item.span_id: item for item in spans}
    parents = {(item.name, by_id[item.parent_span_id].name) for item in spans if item.parent_span_id}
    (whole,) = [item for item in spans if not item.parent_span_id]
    assert (whole.name, _facts(whole)["novita.exit_code"]) == ("novita-infra apply", 0)
    assert {item.trace_id for item in spans} == {whole.trace_id}
    assert {("plan", whole.name), ("read vpc", "plan"), ("GET", "read vpc"), ("vpc.net: create", whole.name)} <= parents
    step = next(item for item in spans if item.name == "vpc.net: create")
    assert _facts(step)["novita.outcome"] == "done"
    calls = [_facts(item) for item in spans if item.name == "POST" and item.parent_span_id == step.span_id]
    assert [call["http.response.status_code"] for call in calls] == [200]
    assert calls[0]["url.path"].endswith("/network/create")


def test_a_span_of_a_failure_says_so_without_the_text_of_the_error(command: Command, collected: list[bytes]) -> None:
    assert (
        command("api", "GET", "/gpu-instance/openapi/v1/gpu/instance", "--param", "instanceId=none", "--sim").exit_code
        == 1
    )
    (whole,) = [item for item in _spans(collected) if not item.parent_span_id]
    assert whole.status.code == whole.status.STATUS_CODE_ERROR
    assert whole.status.message == "NotFound"


def test_no_secret_is_in_a_span(command: Command, collected: list[bytes]) -> None:
    assert command("apply", "--sim", "--auto-approve").exit_code == 0
    sent = b"".join(collected)
    assert b"template.base: create" in sent
    for secret in (SECRET, "sk_simulator"):
        assert secret.encode() not in sent


def test_nothing_is_traced_without_the_variables(command: Command) -> None:
    assert command("plan", "--sim").exit_code == 0
    assert not is_traced()
    with span("alone", fact=1) as nothing:
        nothing.note("more", 2)
        nothing.fail("no")


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "x"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://localhost:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318", "NOVITA_INFRA_TRACES": "0"}, False),
        ({"NOVITA_INFRA_TRACES": "1"}, True),
    ],
)
def test_the_variables_say_whether_a_command_is_traced(environ: dict[str, str], wanted: bool) -> None:
    assert wants_traces(environ) is wanted


def test_without_the_packages_only_the_own_variable_is_an_error(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "novita_infra.api.traces.otel", None)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    assert command("validate").exit_code == 0
    monkeypatch.setenv("NOVITA_INFRA_TRACES", "1")
    failed = command("validate")
    assert failed.exit_code == 1
    assert "pip install 'novita-infra[traces]'" in failed.stderr


def test_a_collector_that_takes_no_spans_is_reported_once() -> None:
    reports: list[str] = []
    closed = InMemorySpanExporter()
    closed.shutdown()
    with exported_spans("whole", report=reports.append, exporter=closed), span("one"), span("two"):
        pass
    assert reports == ["3 spans of the trace were not sent: the collector does not take them"]


def test_a_trace_of_the_caller_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACEPARENT", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    memory = InMemorySpanExporter()

    def work() -> None:
        with exported_spans("whole", report=print, exporter=memory), span("inner", step=1):
            raise LookupError(SECRET)

    with pytest.raises(LookupError):
        work()
    inner, whole = memory.get_finished_spans()
    assert whole.parent is not None
    assert f"{whole.parent.trace_id:x}" == "af7651916cd43dd8448eb211c80319c"
    assert (inner.name, dict(inner.attributes or {})) == ("inner", {"novita.step": 1})
    assert (inner.status.description, inner.events) == ("LookupError", ())
    assert not is_traced()
