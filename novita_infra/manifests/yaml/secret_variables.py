"""Which variables of a project, or inputs of a module, are secret, as far as the text tells, however damaged it is.

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
_SAYS: Final = re.compile(r"""(?P<name>[^:,\n]{4,20}):(?P<value>[ \t]*["']?[\w~]*)""")
"""A key with the word that follows; other characters than letters do not count in the key."""
_KEY: Final = re.compile(r"""[ \t]*(?:-[ \t]+)*["']?(?P<name>[\w.-]{1,64})["']?[ \t]*:(?P<rest>[^\n]*)""")
_AROUND: Final = re.compile(r"""(?<![\w.-])(?P<name>[\w.-]{1,64})["']?[ \t]*:[ \t]*\{[^{}]*$""")
"""The name of the flow mapping that is open at the end of a text."""
_DECLARING: Final = ("variables", "inputs")
"""The keys under which a text declares them: of a project, and of a module."""
_SECTIONS: Final = frozenset({*_DECLARING, "environments", "spec", "metadata"})


class SecretVariables:
    """The variables that a text declares, and those among them that are secret."""

    def __init__(self, text: str) -> None:
        declares = any(word in text for word in _DECLARING)
        self._keys = Counter(_ANY_KEY.findall(text)) if declares else Counter()
        """How often each key stands in the text. A variable that is declared and set has two."""
        self._lines = text.split("\n") if declares else []
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
            name = "".join(filter(str.isalpha, match["name"])).lower()
            if self._all or len(set(name) & set("secret")) < 3 or not _is_near(name, "secret", "sensitive"):
                continue
            if match["value"].strip(" \t\"'").lower() == "false":
                continue
            end = match.end("name")
            around = _AROUND.search(line, max(0, end - _FAR), end)
            names = [around["name"].lower()] if around else list(self._above(number))
            self._all = self._all or not names or not _SECTIONS.isdisjoint(names)
            yield from names

    def _above(self, number: int) -> Iterator[str]:
        """The key around the line by its indentation, and the last key above it that has a value below.

        Nothing if what stands around the line is no key with a value below: then the indentation is wrong.
        """
        own, opened = _indent(self._lines[number]), ""
        for line in reversed(self._lines[max(0, number - _FAR // 10) : number] if own else ()):
            key = _KEY.match(line)
            opens = key is not None and key["rest"].strip()[:1] in {"", "{", "[", "&", "!", "#"}
            if key is not None and opens and not opened:
                opened = key["name"].lower()
            if line.strip()[:1] not in {"", "#"} and _indent(line) < own:
                if key is not None and opens:
                    yield from dict.fromkeys((key["name"].lower(), opened))
                return


def _is_near(name: str, *known: str) -> bool:
    return bool(known) and bool(difflib.get_close_matches(name.lower(), known, n=1, cutoff=_NEAR))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t-"))
