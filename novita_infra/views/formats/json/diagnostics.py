"""Diagnostics as JSON, in Terraform's shape. Pure."""

from __future__ import annotations

from novita_infra.model.diagnostics import Diagnostic, Severity
from novita_infra.views.content.diagnostics import Sources, excerpt
from novita_infra.views.formats.json.values import Json


def validation_json(diagnostics: tuple[Diagnostic, ...], sources: Sources) -> Json:
    """Like `terraform validate -json`."""
    errors = sum(item.severity is Severity.ERROR for item in diagnostics)
    return {
        "format_version": "1.0",
        "valid": not errors,
        "error_count": errors,
        "warning_count": len(diagnostics) - errors,
        "diagnostics": [diagnostic_json(item, sources) for item in diagnostics],
    }


def diagnostic_json(item: Diagnostic, sources: Sources = lambda _: None) -> Json:
    """One diagnostic in Terraform's shape; with its range and the line where it has an origin."""
    data: Json = {"severity": item.severity.value, "summary": item.summary, "detail": item.hint}
    if item.address:
        data["address"] = item.address
    if item.origin is None:
        return data
    place = {"line": item.origin.line, "column": item.origin.column, "byte": _byte(item, sources)}
    end = {"line": place["line"], "column": place["column"] + 1, "byte": place["byte"] + 1}
    data["range"] = {"filename": item.origin.file, "start": place, "end": end}
    snippet = excerpt(item, sources)
    if snippet is not None:
        text, column = snippet
        data["snippet"] = {
            "context": None,
            "code": text,
            "start_line": item.origin.line,
            "highlight_start_offset": column,
            "highlight_end_offset": column + 1,
            "values": [],
        }
    return data


def _byte(item: Diagnostic, sources: Sources) -> int:
    text = sources(item.origin.file) if item.origin else None
    if text is None or item.origin is None:
        return 0
    lines = text.split("\n")[: item.origin.line]
    if len(lines) < item.origin.line:
        return len(text.encode())
    return len("\n".join([*lines[:-1], lines[-1][: item.origin.column - 1]]).encode())
