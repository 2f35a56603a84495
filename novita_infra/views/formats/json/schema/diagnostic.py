"""The JSON Schema of a diagnostic in a plan."""

from __future__ import annotations

from typing import Final

from novita_infra.schema.objects import Schema, complete_object

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
