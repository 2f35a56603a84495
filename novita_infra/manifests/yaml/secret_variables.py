"""Which variables of a project file are secret, as far as its text tells, however damaged it is.

A declaration may be misspelled or stand at a wrong indentation: in doubt a variable is secret.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from novita_infra.schema.public_places import HIDDEN, TREE, Place

_FAR: Final = 2000
"""Characters before the word `secret` that are searched for the variable that it is about; a tenth as many lines."""
_ANY_KEY: Final = re.compile(r"""(?<![\w.-])([\w.-]{1,64})["']?[ \t]*:""")
_NEAR: Final = 0.75
"""The similarity from which a name counts as a misspelling of another."""
_SAYS: Final = re.compile(r"""(?<![\w.-])(?P<name>[\w.-]{4,12})["']?[ \t]*:(?P<value>[ \t]*["']?[\w~]*)""")
_KEY: Final = re.compile(r"""[ \t]*(?:-[ \t]+)*["']?(?P<name>[\w.-]{1,64})["']?[ \t]*:(?P<rest>[^\n]*)""")
_AROUND: Final = re.compile(r"""(?<![\w.-])(?P<name>[\w.-]{1,64})["']?[ \t]*:[ \t]*\{[^{}]*$""")
"""The name of the flow mapping that is open at the end of a text."""
_SECTIONS: Final = frozenset({"variables", "environments", "spec", "metadata"})


class SecretVariables:
    """The variables that a text declares, and those among them that are secret."""

    def __init__(self, text: str) -> None:
        self._keys = Counter(_ANY_KEY.findall(text)) if "variables" in text else Counter()
        """How often each key stands in the text. A variable that is declared and set has two."""
        self._lines = text.split("\n") if "variables" in text else []
        self._all = False
        """Whether it is not clear which variable is secret."""
        self._names: set[str] = set()
        for number, line in enumerate(self._lines):
            if self._all:
                break
            self._names.update(self._declared(number, line))

    def place_of(self, name: str, declaration: Place) -> Place:
        """The place of a variable's declaration or value. `declaration` has fields only for a declaration."""
        hidden = self._all or _is_near(name, *self._names) or not (self._keys[name] > 1 or declaration.fields)
        if declaration.fields:
            return Place(fields={**declaration.fields, "default": HIDDEN if hidden else TREE})
        return HIDDEN if hidden else TREE

    def _declared(self, number: int, line: str) -> Iterator[str]:
        """The variables that the line may declare to be secret."""
        for match in _SAYS.finditer(line):
            alike = len(set(match["name"].lower()) & set("secret")) > 2  # a cheap test before a dear one
            if (
                self._all
                or not (alike and _is_near(match["name"], "secret"))
                or match["value"].strip(" \t\"'").lower() == "false"
            ):
                continue
            around = _AROUND.search(line, max(0, match.start() - _FAR), match.start())
            names = [around["name"].lower()] if around else list(self._above(number))
            self._all = self._all or not names or not _SECTIONS.isdisjoint(names)
            yield from names

    def _above(self, number: int) -> Iterator[str]:
        """The key around the line by its indentation, and the last key above it that has a value below."""
        own, around, opened = _indent(self._lines[number]), "", ""
        if not own:
            return
        for line in reversed(self._lines[max(0, number - _FAR // 10) : number]):
            key = _KEY.match(line)
            if key is None:
                continue
            if not opened and key["rest"].strip() in {"", "{"}:
                opened = key["name"].lower()
            if _indent(line) < own:
                around = key["name"].lower()
                break
        yield from filter(None, dict.fromkeys((around, opened)))


def _is_near(name: str, *known: str) -> bool:
    return bool(known) and bool(difflib.get_close_matches(name.lower(), known, n=1, cutoff=_NEAR))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t-"))
