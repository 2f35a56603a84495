"""A text with the spans of it that may hold secrets, and the movements over it that YAML and JSON need."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from novita_infra.api.credentials import spans_of_credentials
from novita_infra.kinds import KINDS
from novita_infra.model.computing.compute import known_functions
from novita_infra.schema.public_places import Place, Shows

_REFERENCES: Final = (
    r"(?:var|env|local|each|project|environment)\.[A-Za-z_][A-Za-z0-9_]{0,99}(?:\.[A-Za-z_]\w{0,99}){0,9}(?![\w.-])"
    rf"|(?:{'|'.join(KINDS)})\.[A-Za-z_][\w-]{{0,99}}(?:\[(?:\"[^\"\]]{{1,64}}\"|\*)\])?(?![\w.-]|\[[\"*])"
    r"|[a-z_]{1,40}\.[A-Za-z_][\w-]{0,99}(?:\[(?:\"[^\"\]]{1,64}\"|\*)\])?\.[A-Za-z][\w.]{0,99}(?![\w.-])"
    r"|(?<=\])\.[A-Za-z_]\w{0,99}"
)
_EXPRESSION: Final = re.compile(
    r"\$\{(?=[^}\n]{0,400}[a-z_]\.[A-Za-z_])"
    rf"(?:{_REFERENCES}|(?:{'|'.join((*known_functions(), 'file'))})\(|(?:true|false|null|in)\b|\d{{1,3}}(?![\w.])"
    r"|\s|[-+*/%<>=!&|?:,()\[\]]|\"[^\w\"\\]{0,3}\"|'[^\w'\\]{0,3}'|[\"']\d{1,5}/[a-z]{1,4}[\"']){1,60}+"
    r"(?<=[\w)\]\"' ])\}"
)
"""An expression of names, functions, operators and ports. Any other text after `${`, also in it, may be secret."""
_REFERENCE: Final = re.compile(r"[A-Za-z0-9_./~][\w./~-]{0,99}")
"""A name, an address such as `vpc.net`, an id, or the path of a file."""
_LOGIN_OF_SOURCE: Final = re.compile(r"[\"']?+(?:git::)?+(?:(?:ssh://)?[a-z]{1,8}@|\w{1,20}://)?+(?P<login>.+)@")
"""What stands before an @ in the source of a module and is no user of ssh, such as `git`."""
_FORMS: Final = {
    Shows.NAME: _REFERENCE,
    Shows.VARIABLE: re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}"),
    Shows.FLAG: re.compile(r"(?i:true|false|yes|no|on|off|y|n|null|~|[01])"),
}
_QUOTED: Final = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^']|'')*'""", re.DOTALL)
MARKER: Final = re.compile(r"(?:---|\.\.\.)(?=\s|\Z)")
_PUBLIC_COMMENT: Final = re.compile(r"#[ \t\w.,;()'\"/&+!?-]*")
_ODD_WORD: Final = re.compile(r"[0-9][A-Za-z]|[A-Za-z][0-9]|\S{20}")
"""A word of a comment that is no ordinary word."""


class MaskedText:
    """A text, and the spans of it that are not shown."""

    def __init__(self, text: str, *, sound: bool = False) -> None:
        """`sound` says that the text has no mistake: then texts of several lines and comments are shown, too."""
        self.text = text
        self.sound = sound
        self.spans: list[tuple[int, int]] = []
        """As start and end."""
        self._document_end = 0

    def scalar(self, start: int, stop: int, place: Place) -> None:
        """Masks the scalar, or what of it is no public value. Of several lines only the first is shown if not sound."""
        end = stop if self.sound else self._until(start, stop)
        text = self.text[start:end]
        plain = text.strip().strip("\"'")
        form = _FORMS.get(place.shows)
        if place.shows is Shows.NOTHING or (form and not (form.fullmatch(plain) or _EXPRESSION.fullmatch(plain))):
            self.mask(start, stop)
            return
        self.mask_credentials(start, end)
        if place.shows is Shows.SOURCE and (login := _LOGIN_OF_SOURCE.match(text)):
            self.mask(start + login.start("login"), start + login.end("login"))
        self.mask_if(stop > end, end, stop)

    def mask_credentials(self, start: int, end: int) -> None:
        """Masks the credentials in a span."""
        for before, after in spans_of_credentials(self.text[start:end]):
            self.mask(start + before, start + after)

    def _until(self, start: int, end: int) -> int:
        """The end of the line, if that comes before the end."""
        found = self.text.find("\n", start, end)
        return end if found < 0 else found

    def comment(self, start: int, end: int) -> None:
        text = self.text[start:end]
        if self.sound:
            self.mask_credentials(start, end)
            return
        self.mask_if(not _PUBLIC_COMMENT.fullmatch(text) or bool(_ODD_WORD.search(text)), start + 1, end)

    def mask_if(self, masks: bool, start: int, end: int) -> None:
        if masks:
            self.mask(start, end)

    def mask(self, start: int, end: int) -> None:
        """Masks each line of a span but its blanks at both ends and its well-formed expressions."""
        while start < end:
            stop = self._until(start, end)
            for before, after in _without(self.text, _EXPRESSION, start, stop):
                piece = self.text[before:after]
                if piece.strip("\"' \t"):
                    left = len(piece) - len(piece.lstrip())
                    self.spans.append((before + left, before + len(piece.rstrip())))
            start = stop + 1

    def end_of_line(self, start: int) -> int:
        end = self.text.find("\n", start)
        return len(self.text) if end < 0 else end

    def skip_blanks(self, start: int, end: int) -> int:
        while start < end and self.text[start] in " \t":
            start += 1
        return start

    def starts_line(self, position: int) -> bool:
        return position == 0 or self.text[position - 1] == "\n"

    def end_of_quotes(self, start: int) -> int:
        """The position behind the quotes; the end of the document if they are not closed in it."""
        limit = self._end_of_document(start)
        quoted = _QUOTED.match(self.text, start, limit)
        return quoted.end() if quoted else limit

    def _end_of_document(self, start: int) -> int:
        """The start of the next document. It is searched once for each document."""
        if start >= self._document_end:
            end = self.text.find("\n---", start)
            while end >= 0 and not MARKER.match(self.text, end + 1):
                end = self.text.find("\n---", end + 1)
            self._document_end = len(self.text) if end < 0 else end + 1
        return self._document_end


def _without(text: str, pattern: re.Pattern[str], start: int, end: int) -> Iterator[tuple[int, int]]:
    """The spans between the matches of the pattern."""
    for match in pattern.finditer(text, start, end):
        yield start, match.start()
        start = match.end()
    yield start, end
