"""Explains syntax errors of YAML, and finds the document after one."""

from __future__ import annotations

import re
from typing import Final

import yaml

from novita_infra.manifests.yaml.excerpts import public_text
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic

_INDENT: Final = "check the indentation of this line and of those above it"
_QUOTES: Final = "write the value in quotes"

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "mapping values are not allowed in this context": (
        'a ":" stands where no key can be',
        f"{_INDENT}; a value that contains a colon and a space needs quotes",
    ),
    "mapping keys are not allowed in this context": ("a key stands where none can be", _INDENT),
    "block sequence entries are not allowed in this context": (
        'a "- " stands where no list item can be',
        "put the list on the lines below its key, or in [ ]",
    ),
    "could not find expected ':'": ('the line holds neither "key: value" nor a list item', _INDENT),
    "did not find expected key": ("the line does not fit into the mapping around it", _INDENT),
    "did not find expected '-' indicator": ("the line does not fit into the list around it", _INDENT),
    "did not find expected ',' or ']'": (
        'the list opened with "[" is not closed',
        'add a "]", or a comma between items',
    ),
    "did not find expected ',' or '}'": (
        'the mapping opened with "{" is not closed',
        'add a "}", or a comma between entries',
    ),
    "did not find expected <document start>": (
        "text follows after the end of the document",
        'put a line "---" before it',
    ),
    "found unknown escape character": (
        "unknown escape after the backslash",
        "double the backslash, or use single quotes",
    ),
    "found invalid Unicode character escape code": ("this escape is no character", "write the character itself"),
    "found unexpected document indicator": (
        "the quotes opened here are not closed before the document ends",
        "close them",
    ),
    "found unexpected end of stream": ("the quotes opened here are not closed", "close them"),
    "did not find expected node content": (
        "a value is missing here",
        "write one, or remove the comma or key before it",
    ),
    "found undefined tag handle": ("a tag is not known", "leave tags out; text that begins with ! needs quotes"),
    "did not find expected comment or line break": (
        "text follows where the line must end",
        "begin it on the next line",
    ),
}

_NO_COLON: Final = "could not find expected ':'"
_KEY: Final = re.compile(r"[ \t]*(?:- )?[A-Za-z][\w-]{0,60}:(?=[^\s/])")
"""A key whose value follows without a blank; `http://` is no key."""
_OPENED: Final = frozenset(
    {
        "did not find expected ',' or ']'",
        "did not find expected ',' or '}'",
        "found unexpected document indicator",
        "found unexpected end of stream",
    }
)
"""Problems that are reported at the opening character, not where the parser stopped."""

_CONFLICT: Final = re.compile(r"^<{7}(?=\s|\Z)", re.MULTILINE)
_NEXT_DOCUMENT: Final = re.compile(r"^---(?=\s|\Z)", re.MULTILINE)


def explain_syntax_error(error: yaml.YAMLError, text: str, *, start: Origin, whole: str) -> Diagnostic:
    """Returns the error as a diagnostic. The text begins at `start` of the `whole` file."""
    if conflict := _CONFLICT.search(text):
        place = Origin(start.file, start.line + text.count("\n", 0, conflict.start()), 1)
        hint = "keep one side, and remove the lines with <<<, === and >>>"
        return Diagnostic("the file holds marks of a merge conflict", hint, origin=place)
    if not isinstance(error, yaml.MarkedYAMLError):
        return Diagnostic(f"not readable as YAML: {error}", origin=start)
    said = error.problem or "cannot be read as YAML"
    mark = error.problem_mark or error.context_mark
    if said in _OPENED and error.context_mark is not None:
        mark = error.context_mark
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    shown = text.split("\n", line + 1)[line] if text.count("\n") >= line else ""
    summary, hint = _WORDS.get(said) or _by_character(
        said, shown, column, public=public_text(whole).shows(start.line + line, column + 1)
    )
    if said == "did not find expected node content" and (not shown or shown.startswith(("---", "..."))):
        summary, hint = "a list or mapping above is not closed", 'add the missing "]" or "}"'
    if said == _NO_COLON and _glued(before := text.split("\n", line)[line - 1] if line else ""):
        place = Origin(start.file, start.line + line - 1, len(before) - len(before.lstrip()) + 1)
        return Diagnostic("a blank is missing after the colon", "write key: value", origin=place)
    if said in _OPENED and "${" in shown[column:]:
        hint = 'inside [ ] and { } an expression needs quotes: "${...}"'
    return Diagnostic(summary, hint, origin=Origin(start.file, start.line + line, column + 1))


def _glued(line: str) -> bool:
    """Returns whether the line, without the blank after its colon, is no key and value but one word."""
    return _KEY.match(line) is not None and ": " not in line


def next_document(text: str, line: int) -> tuple[int, str]:
    """Returns the line (from 0) of the first document at or after the given line, and the text from there."""
    position = 0
    for _ in range(line):
        position = text.find("\n", position) + 1
        if position == 0:
            return 0, ""
    found = _NEXT_DOCUMENT.search(text, position)
    if found is None:
        return 0, ""
    return text.count("\n", 0, found.start()), text[found.start() :]


def _by_character(said: str, line: str, column: int, *, public: bool) -> tuple[str, str]:
    character = line[column : column + 1]
    if character == "\t" or "tab character" in said:
        return "a tab is used for indentation", "use spaces"
    if said == "found character that cannot start any token":
        shown = f'"{character}"' if public else "this character"
        return f"a value cannot begin with {shown}", _QUOTES
    if "alphabetic or numeric character" in said:
        return '"*" and "&" begin an alias or an anchor, and no name follows', _QUOTES
    return f"not readable as YAML: {said}", "check this line and the one above it"
