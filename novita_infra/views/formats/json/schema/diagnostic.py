"""The JSON Schema of a diagnostic, and of all diagnostics of a command."""

from __future__ import annotations

from typing import Final

from novita_infra.schema.objects import DRAFT, Schema, complete_object, schema_id

DIAGNOSTIC: Final[Schema] = complete_object(
    {
        "severity": {"enum": ["error", "warning"]},
        "summary": {"type": "string", "description": "What is wrong."},
        "detail": {"type": "string", "description": "What is allowed, or what to do."},
        "address": {"type": "string", "description": "The resource that it is about."},
        "range": {"type": "object"},
        "snippet": {"type": "object"},
    },
    but=["address", "range", "snippet"],
)
DIAGNOSTICS_NAME: Final = "diagnostics.json"
DIAGNOSTICS: Final[Schema] = {
    "$schema": DRAFT,
    "$id": schema_id("diagnostics"),
    "title": "Diagnostics",
    **complete_object(
        {
            "format_version": {"const": "1.0"},
            "valid": {"type": "boolean", "description": "Whether there is no error."},
            "error_count": {"type": "integer", "minimum": 0},
            "warning_count": {"type": "integer", "minimum": 0},
            "diagnostics": {"type": "array", "items": DIAGNOSTIC},
        },
        "What `validate --json` prints, and what a file of `--json-into` holds after an error in the place of a "
        "result.",
    ),
}
