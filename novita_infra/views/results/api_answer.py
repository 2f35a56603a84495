"""An answer of the API, as it is. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from novita_infra.views.content.lines import Line, line


def answer_lines(answer: Any) -> Iterator[Line]:
    """The lines of plain text, or of JSON; none for an empty answer."""
    if answer is None:
        return
    text = answer if isinstance(answer, str) else json.dumps(answer, indent=2, ensure_ascii=False)
    for part in text.removesuffix("\n").split("\n"):
        yield line(part)
