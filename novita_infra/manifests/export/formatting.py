"""Formats YAML: two blanks a level, entries of a list below their key, one blank where several separate. Comments stay.

A text whose values or comments would change is not formatted.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.resolver import VersionedResolver
from yaml import SafeLoader, ScalarToken, scan
from yaml import YAMLError as ScanError

from novita_infra.manifests.validation.documents import is_encrypted
from novita_infra.manifests.yaml.parsing import read_text
from novita_infra.model.diagnostics import Diagnostic

_MARKER: Final = re.compile(r"(?:---|\.\.\.)(?:[ \t].*)?\n?")
_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")
_COMMENT: Final = re.compile(r"(?:^|(?<=\s))#.*", re.MULTILINE)
_STAND_IN: Final = re.compile(r'"escaped ([0-9]{1,9}) _*[.]"')
_ENDLESS: Final = 2**30
"""A width that no line exceeds: lines are not broken."""


class _Words(VersionedResolver):
    """Reads every unquoted word as text, so that a number stands as its writer wrote it."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        if kind is ScalarNode and implicit[0] and value not in ("", "<<"):
            value = "a word"
        return super().resolve(kind, value, implicit)


def format_yaml(text: str, file: str) -> tuple[str, list[Diagnostic]]:
    """Returns the formatted text of a file with plain line ends, and why it was not formatted.

    A file with errors is returned as it is, with its errors. So is one that SOPS encrypted.
    """
    parsed = read_text(text, file)
    if parsed.diagnostics:
        return text, parsed.diagnostics
    if any(map(is_encrypted, parsed.documents)):
        return text, []
    formatted = "".join(_formatted(part) for part in _parts(text))
    formatted = f"{formatted.rstrip()}\n" if formatted.strip() else formatted
    again = read_text(formatted, file)
    same = [item.data for item in again.documents] == [item.data for item in parsed.documents]
    if again.diagnostics or not same or _comments(formatted) != _comments(text):
        return text, [Diagnostic(f"{file} cannot be formatted without a change of its content", "it is left as it is")]
    return formatted, []


def _parts(text: str) -> Iterator[str]:
    """Yields the markers of documents, and the texts between them."""
    between: list[str] = []
    for line in _LINE.findall(text):
        if _MARKER.fullmatch(line):
            yield "".join(between)
            yield f"{line.rstrip()}\n"
            between = []
        else:
            between.append(line)
    yield "".join(between)


def _formatted(part: str) -> str:
    """Returns the formatted text of one document; the text itself if it holds no mapping, or cannot be formatted."""
    if _MARKER.fullmatch(part) or part.startswith("%") or _STAND_IN.search(part):
        return part
    yaml = YAML()
    yaml.Resolver = _Words
    yaml.preserve_quotes = True
    yaml.width = _ENDLESS
    yaml.brace_single_entry_mapping_in_flow_sequence = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    try:
        escaped = _Escaped(part)
        data = yaml.load(escaped.stood_in)
        if not isinstance(data, dict):
            return part
        yaml.dump(data, stream)
    except (YAMLError, ScanError, ValueError, TypeError, AttributeError):
        return part
    return escaped.put_back(stream.getvalue())


class _Escaped:
    """Words in the place of the quoted texts with escapes, so that an escape stands as its writer wrote it.

    A character that a terminal does not show, such as a change of direction, must not come out of its escape.
    """

    def __init__(self, text: str) -> None:
        self._texts: list[str] = []
        pieces, done = [], 0
        for start, end in _with_escapes(text) if "\\" in text else ():
            word = f"escaped {len(self._texts)} "
            pieces += [text[done:start], f'"{word:_<{end - start - 3}}."']
            self._texts.append(text[start:end])
            done = end
        self.stood_in = "".join(pieces) + text[done:]

    def put_back(self, text: str) -> str:
        """Returns the text with each quoted text in its place again."""
        return _STAND_IN.sub(lambda found: self._texts[int(found[1])], text)


def _with_escapes(text: str) -> Iterator[tuple[int, int]]:
    """Yields the places of the texts in double quotes on one line that have escapes, as start and end."""
    for token in scan(text, Loader=SafeLoader):
        if isinstance(token, ScalarToken) and token.style == '"':
            start, end = token.start_mark.index, token.end_mark.index
            if "\\" in text[start:end] and "\n" not in text[start:end]:
                yield start, end


def _comments(text: str) -> list[str]:
    """Returns what may be comments, in their order, without blanks at their ends."""
    return [comment.rstrip() for comment in _COMMENT.findall(text)]
