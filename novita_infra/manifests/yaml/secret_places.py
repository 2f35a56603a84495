"""Finds the spans of a text that may hold secrets, in YAML or JSON of any damage.

It reads the text as a person does, line by line and by indentation, and does not parse it: messages are about files
that no parser can read. A value is public only at a known place; in case of doubt it counts as secret. It is linear.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from novita_infra.manifests.yaml.masked_text import MARKER, MaskedText
from novita_infra.manifests.yaml.secret_variables import SecretVariables
from novita_infra.model.values import is_secret_name
from novita_infra.schema.public_places import ANYWHERE, HIDDEN, TREE, Place, Shows

_NAME_OF_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_LIKE_A_SOURCE: Final = re.compile(r"from[A-Z][A-Za-z]{1,15}")
"""A misspelled `fromEnv`."""
_SHORT: Final = 3
"""Characters up to which a key is shown that is no name, such as a number."""
_NAME_OF_VARIABLE: Final = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")
_QUOTED_KEY: Final = re.compile(r"""(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\n]|'')*')[ \t]*:(?=[\s]|\Z)""")
_END_OF_KEY: Final = re.compile(r":(?=\s|\Z)")
_BLOCK: Final = re.compile(r"[|>][-+0-9]{0,3}[ \t]*(?:#.*)?$", re.MULTILINE)
_PLAIN_IN_FLOW: Final = re.compile(r"(?:[^\s,\[\]{}:#]|:(?![\s,\[\]{}]|\Z)|(?<!\s)#)+(?:[ \t]+(?!#))?")


@dataclass(slots=True)
class _Level:
    """The block at one indentation."""

    indent: int
    place: Place
    """That of the map, or of each item of the list."""
    child: Place = HIDDEN
    """That of the value of the last key or item."""
    listed: bool = False
    scalar: bool = False
    """Whether the last value is a plain scalar, which a deeper line continues."""


class SecretPlaces(MaskedText):
    """The spans of one text that may hold secrets."""

    def __init__(self, text: str, root: Place, *, sound: bool = False) -> None:
        super().__init__(text, sound=sound)
        self._root = root
        self._variables = SecretVariables(text)
        self._levels: list[_Level] = []
        self._odd = False
        """Whether a value that may go on at a wrong indentation came last: unknown keys are part of it."""
        self._reset()
        position = 0
        while position < len(text):
            position = self._line(position)

    def _reset(self) -> None:
        self._levels = [_Level(-1, self._root, self._root)]
        self._odd = False

    # --- blocks -------------------------------------------------------------------------------------------------

    def _line(self, start: int) -> int:
        """Reads the line, and the lines that its value takes; returns the start of the next."""
        text, end = self.text, self.end_of_line(start)
        content = start
        while content < end and text[content] in " \t":
            content += 1
        if content == end:
            return end + 1
        if text[content] == "#":
            self.comment(content, end)
            return end + 1
        if content == start and MARKER.match(text, start):
            self._reset()
            rest = self.skip_blanks(start + 3, end)
            return self._value(rest, self._root, self._levels[0], end) if rest < end else end + 1
        return self._entry(content, content - start, end)

    def _entry(self, start: int, indent: int, end: int) -> int:
        """Reads what stands at the indentation: a key, a value, or items of a list and what stands in the last."""
        top = self._level(start, indent, end)
        while not (top.indent < indent and top.scalar) and self._is_item(start, end):
            first = None
            if top.indent < indent or not top.listed:
                first = top.child.first
                top = _Level(indent, _item_of(top.child), listed=True)
                self._levels.append(top)
            top.child, top.scalar = first or top.place, False
            rest = self.skip_blanks(start + 1, end)
            if rest == end:
                return end + 1
            start, indent = rest, indent + rest - start
        if top.indent < indent and top.scalar:
            return self._continuation(start, top, end)
        colon = self._end_of_key(start, end)
        if colon is None:
            if top.indent < indent:
                return self._value(start, top.child, top, end)
            self.mask(start, end)
            return end + 1
        if top.indent < indent:
            top = _Level(indent, top.child)
            self._levels.append(top)
        return self._pair(start, colon, top, end)

    def _level(self, start: int, indent: int, end: int) -> _Level:
        """The block that an indentation belongs to; deeper ones are over."""
        levels, item = self._levels, self._is_item(start, end)
        while levels[-1].indent > indent or (levels[-1].indent == indent and levels[-1].listed and not item):
            levels.pop()
        return levels[-1]

    def _is_item(self, start: int, end: int) -> bool:
        return self.text[start] == "-" and (start + 1 == end or self.text[start + 1] in " \t")

    def _pair(self, start: int, colon: int, level: _Level, end: int) -> int:
        level.child, level.scalar = self._key(start, colon, level.place), False
        value = self.skip_blanks(colon + 1, end)
        if value == end:
            self._odd = not level.child.is_known
            return end + 1
        if self.text[value] == "#":
            self.comment(value, end)
            return end + 1
        return self._value(value, level.child, level, end)

    def _continuation(self, start: int, level: _Level, end: int) -> int:
        """Reads a line that continues a plain scalar, or stands too far to the right."""
        colon = self._end_of_key(start, end) if level.child.is_known else None
        if colon is None or self.text[start:colon].strip() not in level.place.fields:
            self.mask(start, end)
            return end + 1
        if level.indent < 0:
            self._reset()
            return self._entry(start, 0, end)
        wrong = _Level(level.indent, level.place)
        next_line = self._pair(start, colon, wrong, end)
        level.child, level.scalar = wrong.child, True
        return next_line

    def _value(self, start: int, place: Place, level: _Level, end: int) -> int:
        """Reads the value that begins there, whatever it is; returns the start of the next line."""
        text, first, hidden = self.text, start, place.shows is Shows.NOTHING
        while start < end and text[start] in "&!":
            while start < end and text[start] not in " \t":
                start += 1
            start = self.skip_blanks(start, end)
        if start == end:
            self.mask_if(hidden, first, end)
            return end + 1
        match text[start]:
            case "|" | ">" if _BLOCK.match(text, start):
                self.mask_if(hidden, first, end)
                self._odd = hidden
                return self._block(end + 1, level.indent, hidden=hidden)
            case '"' | "'":
                stop = self.end_of_quotes(start)
                self.scalar(first, stop, place)
                self._odd = hidden and stop > end
                return self._rest(stop)
            case "{" | "[":
                if start > first:
                    self.mask_if(hidden, first, start)
                return self._rest(self._flow(start, place))
            case _:
                comment = text.find(" #", start, end)
                stop = end if comment < 0 else comment
                level.scalar, level.child = True, place
                if hidden or _END_OF_KEY.search(text, start, stop):
                    self.mask(first, end)  # what follows a blank and # may be the rest of a secret
                    return end + 1
                self.scalar(first, stop, place)
                if comment >= 0:
                    self.comment(comment + 1, end)
                return end + 1

    def _block(self, start: int, indent: int, *, hidden: bool) -> int:
        """Reads the lines of a block scalar that is deeper than the indentation."""
        text, first = self.text, start
        while start < len(text):
            end = self.end_of_line(start)
            content = start
            while content < end and text[content] in " \t":
                content += 1
            if content < end and (content - start <= indent or (content == start and MARKER.match(text, start))):
                break
            self.mask_if(hidden or not self.sound, content, end)
            start = end + 1
        if self.sound and not hidden:
            self.mask_credentials(first, start)
        return start

    def _rest(self, start: int) -> int:
        """Reads the rest of the line after a value that has ended."""
        end = self.end_of_line(start)
        rest = self.skip_blanks(start, end)
        if rest < end and self.text[rest] == "#":
            self.comment(rest, end)
        elif not (rest == start and MARKER.match(self.text, start) and self.starts_line(start)):
            self.mask(rest, end)
        else:
            return start
        return end + 1

    # --- flows --------------------------------------------------------------------------------------------------

    def _flow(self, start: int, place: Place) -> int:
        """Reads a map or list in brackets; returns the position behind it."""
        text, size, at = self.text, len(self.text), start
        frames: list[_Frame] = []
        hidden = False
        while at < size:
            mark = text[at]
            if mark == "\n" and MARKER.match(text, at + 1):
                return at + 1
            if mark in " \t\n":
                at += 1
            elif mark == "#" and text[at - 1] in " \t\n":
                end = self.end_of_line(at)
                self.mask(at, end) if hidden else self.comment(at, end)
                at = end
            elif mark in "{[":
                frames.append(_Frame(frames[-1].next_place() if frames else place, is_map=mark == "{"))
                at += 1
            elif mark in "}]":
                frames.pop()
                at += 1
                hidden = False
                if not frames:
                    return at
            elif mark == ",":
                frames[-1].child, frames[-1].filled, frames[-1].later = None, False, True
                at += 1
            elif mark == ":":
                frames[-1].child = HIDDEN  # a second colon after one key
                at += 1
            else:
                stop = self.end_of_quotes(at) if mark in "\"'" else self._end_of_plain(at)
                following = self.skip_blanks(stop, size)
                if following < size and text[following] == ":" and frames[-1].child is None:
                    frames[-1].child = self._key(at, following, frames[-1].pairs())
                    stop = following + 1
                else:
                    value = HIDDEN if frames[-1].filled else frames[-1].next_place()
                    frames[-1].filled = True
                    hidden = value.shows is Shows.NOTHING
                    self.scalar(at, stop, value)
                at = stop
        return at

    def _end_of_plain(self, start: int) -> int:
        text, at = self.text, start
        while match := _PLAIN_IN_FLOW.match(text, at):
            at = match.end()
        return max(at, start + 1)

    # --- keys and scalars ---------------------------------------------------------------------------------------

    def _key(self, start: int, colon: int, place: Place) -> Place:
        """The place of the value of the key that ends at the colon. Masks a key that may be part of a secret."""
        stop = start + len(self.text[start:colon].rstrip())
        name = self.text[start:stop]
        name = name[1:-1] if name[:1] in {'"', "'"} else name
        child = place if name == "<<" else place.fields.get(name) or ANYWHERE.get(name)
        if child is not None:
            self._odd = False
            return child
        if place.each is not None and _NAME_OF_VARIABLE.fullmatch(name):
            self._odd = False
        if _LIKE_A_SOURCE.fullmatch(name):
            return HIDDEN
        shown = (bool(_NAME_OF_KEY.fullmatch(name)) or len(name) <= _SHORT) and place.is_known and not self._odd
        self.mask_if(not shown, start, stop)
        if place.shows is Shows.TREE:
            return TREE
        if place.variables and shown:
            return self._variables.place_of(name, place.each or HIDDEN)
        if place.each is not None and not place.each.fields and is_secret_name(name):
            return HIDDEN  # such as the label `token`
        return (place.each if shown else None) or HIDDEN

    # --- positions ----------------------------------------------------------------------------------------------

    def _end_of_key(self, start: int, end: int) -> int | None:
        """The colon of the key that begins there; None without a key."""
        text = self.text
        if text[start] in "\"'":
            quoted = _QUOTED_KEY.match(text, start)
            return quoted.end() - 1 if quoted and quoted.end() <= end + 1 else None
        if text[start] in "{[|>#":
            return None
        colon = _END_OF_KEY.search(text, start, end + 1)
        if colon is None or colon.start() >= end:
            return None
        comment = text.find(" #", start, end)
        return colon.start() if comment < 0 or colon.start() < comment else None


@dataclass(slots=True)
class _Frame:
    """One open bracket."""

    place: Place
    is_map: bool
    child: Place | None = None
    """The place of the value of the key that came last."""
    filled: bool = False
    """Whether a part of the value was read: what follows without a comma continues it."""
    later: bool = False
    """Whether a comma was read."""

    def next_place(self) -> Place:
        """The place of the value that comes next."""
        if self.child is not None:
            return self.child
        first = None if self.is_map or self.later else self.place.first
        return first or (HIDDEN if self.is_map else _item_of(self.place))

    def pairs(self) -> Place:
        """The place of a map whose key comes next; in a list that is an item with one key."""
        return self.place if self.is_map else _item_of(self.place)


def _item_of(place: Place) -> Place:
    return TREE if place.shows is Shows.TREE else place.items or HIDDEN
