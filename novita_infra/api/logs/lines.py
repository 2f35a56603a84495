"""The last lines of a log in any format, fit to be shown: short, on one line each, without secrets.

Pure text. No page documents the format of a log, so no format is an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from novita_infra.api.credentials import without_credentials
from novita_infra.api.redaction import redact
from novita_infra.encoding.json_text import parse_foreign_json

MOST: Final = 10
"""The number of lines that are shown."""
LONGEST: Final = 200
"""The number of characters of a line that are shown."""
_SAYS: Final = ("message", "msg", "log", "text", "line", "content")
"""The keys that hold the message of an entry of a structured log."""
_HOLDS: Final = ("logs", "lines", "entries", "items", "data")
"""The keys that hold the entries of an answer."""
TERMINAL: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)")
"""Terminal codes for colours and the cursor; removed first, so that they cannot split a secret."""
_EVENT_FIELD: Final = re.compile(r"(?:data|event|id|retry)?:")


def extract_lines(data: bytes, *, secrets: Iterable[str], cut_off: bool = False) -> tuple[str, ...]:
    """The last lines that are not empty, oldest first. `cut_off` says that the data begins in the middle of a line.

    Redacts the secrets, and any text that is the value of a name that sounds secret.
    """
    known = frozenset(secrets)
    if cut_off:  # half a line may hold half a secret
        data = data.partition(b"\n")[2]
    texts = [_bare(line) for line in _texts(data.decode(errors="replace"))]
    clean = (_without_secrets(text, known) for text in reversed(texts) if text)
    lines = list(islice((_cut(line) for line in clean if line), MOST))
    return tuple(reversed(lines))


def _texts(text: str) -> Iterator[str]:
    """The message of each entry: of a JSON document, of JSON lines, of an event stream, or of plain lines."""
    whole = json_of(text)
    if isinstance(whole, (list, Mapping)):
        yield from entries_of(whole)
        return
    lines = text.split("\n")
    if all(not line.strip() or _EVENT_FIELD.match(line) for line in lines):
        lines = [line.removeprefix("data:") for line in lines if line.startswith("data:")]
    for line in lines:
        entry = json_of(line)
        if isinstance(entry, Mapping):
            yield from entries_of(entry)
        else:
            yield line


def entries_of(value: Any) -> Iterator[str]:
    """The messages of an entry of a structured log, or of many."""
    match value:
        case str():
            yield from value.split("\n")
        case list():
            for item in value:
                yield from entries_of(item)
        case Mapping():
            inner = next((value[key] for key in _HOLDS if isinstance(value.get(key), (list, Mapping))), None)
            said = next((value[key] for key in _SAYS if isinstance(value.get(key), str)), None)
            if inner is not None:
                yield from entries_of(inner)
            else:
                yield from entries_of(said if said is not None else json.dumps(value, ensure_ascii=False))


def json_of(text: str) -> Any:
    """The JSON object or list in a text; None for any other text."""
    if text.lstrip()[:1] not in {"{", "["}:
        return None
    try:
        return parse_foreign_json(text)
    except (ValueError, RecursionError):
        return None


def _bare(line: str) -> str:
    """The line as a terminal shows it at the end: without the text that a progress bar wrote over."""
    return TERMINAL.sub("", line).rstrip("\r").rpartition("\r")[2].strip()


def _without_secrets(line: str, secrets: frozenset[str]) -> str:
    return without_credentials(redact(line, secrets))


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..."
