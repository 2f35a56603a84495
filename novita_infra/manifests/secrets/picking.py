"""Takes one text from the data of a source."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from novita_infra.encoding.json_text import parse_foreign_json
from novita_infra.manifests.secrets.source import Unreadable
from novita_infra.model.diagnostics import nearest

_SAYABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")


def data_in(text: str | bytes, *, subject: str) -> Any:
    """Returns the data of a JSON text, its numbers as they are written. Raises Unreadable."""
    try:
        return parse_foreign_json(text, numbers_as_text=True)
    except (ValueError, RecursionError):
        raise Unreadable(f"{subject} gave something else than JSON") from None


def text_at(value: Any, *, part: str, subject: str) -> str:
    """Returns the text in the data. Raises Unreadable for anything else than a text, a number, true or false."""
    match value:
        case bool():
            return "true" if value else "false"
        case str() if value:
            return value
        case str() | None:
            raise Unreadable(f"{part} of {subject} is empty")
        case _:
            raise Unreadable(f"{part} of {subject} is a {'list' if isinstance(value, list) else 'map'}, not a text")


def hint_for(name: str, known: Iterable[str]) -> str:
    """Returns the nearest of the names that a message may show."""
    near = nearest(name, [item for item in known if _SAYABLE.fullmatch(item)])
    return near if near.startswith("did you mean") else ""
