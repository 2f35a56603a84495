"""`{fromDotenv: {file: PATH, name: NAME}}`: a variable of a dotenv file.

The rules are those of python-dotenv without the replacement of `${NAME}`, and every line must be one of them. Its own
parser takes time quadratic in blanks, and passes over a line that it cannot read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from novita_infra.manifests.secrets.paths import file_at, known_as, text_in
from novita_infra.manifests.secrets.source import Asking, ManifestPlace, Pointed, PointedSource, Question, Unreadable
from novita_infra.model.diagnostics import nearest

_BEGINNING: Final = re.compile(
    r"(?:export[^\S\r\n]++)?+(?:'(?P<quoted>[^']+)'|(?P<name>(?!')[^=#\s]+))[^\S\r\n]*(?P<given>=[^\S\r\n]*)?"
)
_SINGLE: Final = re.compile(r"'((?:[^'\\]|\\.)*+)'", re.DOTALL)
_DOUBLE: Final = re.compile(r'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
_REST: Final = re.compile(r"[^\S\r\n]*(?:#[^\r\n]*)?(?=\r|\n|\Z)")
_PLAIN: Final = re.compile(r"[^\r\n]*")
_COMMENT: Final = re.compile(r"(?<=\s)#")
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_LETTERS: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_SAYABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


class NoDotenv(ValueError):
    """A line that is no `NAME=value`."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line} is no NAME=value")
        self.line = line


def parse_dotenv(text: str) -> dict[str, str]:
    """Returns the variables of a dotenv file; the last value of a name counts. Raises NoDotenv. Takes linear time."""
    return {name: value for name, value, _ in dotenv_entries(text) if value is not None}


def dotenv_entries(text: str) -> Iterator[tuple[str, str | None, int]]:
    """Yields each name of a dotenv file with its value, None without a `=`, and the offset at which its line begins.

    Raises NoDotenv.
    """
    position = 0
    while True:
        while position < len(text) and text[position].isspace():
            position += 1
        if position == len(text):
            return
        if text[position] == "#":
            position = _end_of_line(text, position)
            continue
        beginning = _BEGINNING.match(text, position)
        if beginning is None:
            raise _error(text, position)
        end, value = _value(text, beginning.end()) if beginning["given"] else (beginning.end(), "")
        rest = _REST.match(text, end)
        if rest is None:
            raise _error(text, position)
        yield beginning["quoted"] or beginning["name"], value if beginning["given"] else None, position
        position = rest.end()


def _value(text: str, start: int) -> tuple[int, str]:
    """Returns the end of the value that begins there, and the value. Raises NoDotenv for quotes that do not end."""
    mark = text[start : start + 1]
    if mark in ("'", '"'):
        quoted = (_SINGLE if mark == "'" else _DOUBLE).match(text, start)
        if quoted is None:
            raise _error(text, start)
        return quoted.end(), _unescaped(quoted[1], "\\'" if mark == "'" else "\\'\"abfnrtv")
    end = _end_of_line(text, start)
    comment = _COMMENT.search(text, start, end)
    return end, text[start : comment.start() if comment else end].rstrip()


def _unescaped(text: str, known: str) -> str:
    """Returns the text with each known character behind a backslash as what it means."""

    def meant(match: re.Match[str]) -> str:
        return _LETTERS.get(match[1], match[1]) if match[1] in known else match[0]

    return _ESCAPE.sub(meant, text)


def _end_of_line(text: str, position: int) -> int:
    match = _PLAIN.match(text, position)
    return match.end() if match else position


def _error(text: str, position: int) -> NoDotenv:
    before = text[:position].replace("\r\n", "\n").replace("\r", "\n")
    return NoDotenv(before.count("\n") + 1)


def _pointed(parts: Any, place: ManifestPlace) -> Pointed:
    file = file_at(parts["file"], place, form="fromDotenv")
    question = Question("fromDotenv", (str(file), parts["file"]), f"the dotenv file {parts['file']}")
    return Pointed(question, parts["name"], f"dotenv:{known_as(file, place)}#{parts['name']}")


def _read(question: Question, _: Asking) -> dict[str, str]:
    file, path = question.words
    try:
        return parse_dotenv(text_in(Path(file), path, what="dotenv file"))
    except NoDotenv as error:
        hint = "write NAME=value; a value with blanks, # or several lines stands in quotes"
        raise Unreadable(f"line {error.line} of the dotenv file {path} is no NAME=value", hint) from None


def _text(answer: dict[str, str], pointed: Pointed) -> str:
    path, name = pointed.question.words[1], pointed.part
    if name not in answer:
        near = nearest(name, [known for known in answer if _SAYABLE.fullmatch(known)])
        hint = near if near.startswith("did you mean") else f"add {name}=... to it"
        raise Unreadable(f"the dotenv file {path} does not set {name}", hint, unset=f"{path}#{name}")
    if not answer[name]:
        raise Unreadable(f"{name} is empty in the dotenv file {path}", f"write {name}=...", unset=f"{path}#{name}")
    return answer[name]


SOURCE: Final = PointedSource(_pointed, _text, read=_read)
