"""What a plan looked up as JSON. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from novita_infra.lookups.found import FoundLookup
from novita_infra.model.values import Value
from novita_infra.views.formats.json.values import Json


def lookup_json(found: FoundLookup) -> Json:
    """One lookup with what it found. Amounts of USD are texts, so that no program rounds them."""
    return {
        "name": found.name,
        "type": found.type,
        "criteria": _plain(found.criteria),
        "value": _plain(found.value),
        "chosen": list(found.chosen),
        "others": list(found.others),
    }


def _plain(value: Value) -> Value:
    match value:
        case Mapping():
            return {name: _plain(item) for name, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case Decimal():
            return f"{value:f}"
        case _:
            return value
