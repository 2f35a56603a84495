"""Renames: a deleted and a created resource whose object could be kept under the new address. Frozen values."""

from __future__ import annotations

import json
import re
import shlex
from typing import Final

from novita_infra.model.addresses import Address
from novita_infra.model.frozen import dataclass

_NAME: Final = re.compile("[A-Za-z_][A-Za-z0-9_-]*")
_WORDS: Final = frozenset({"y", "yes", "n", "no", "on", "off", "true", "false", "null"})
"""What some readers of YAML take for something other than a text."""


@dataclass(frozen=True, slots=True)
class Rename:
    """A resource that a plan deletes and one that it creates, which agree in everything but the name."""

    source: Address
    """The resource that is deleted."""
    target: Address
    """The resource that is created."""
    id: str
    """The object that would be kept."""
    name: str = ""
    """The name that the manifest of the target must declare to keep the object: objects of the kind cannot be renamed,
    and the new name would replace it. Empty where the manifest is right as it is."""
    options: tuple[str, ...] = ()
    """The words that name the environment and the project on a command line."""
    whole: bool = False
    """Whether one entry moves every key of the name: each has its key under the new name, too."""

    @property
    def command(self) -> str:
        """The command that gives the record its new address, as it is typed."""
        return shlex.join(("novita-infra", "state", "mv", str(self.source), str(self.target), *self.options))

    @property
    def entry(self) -> str:
        """The entry of `moved` in the project file that does the same, as it is pasted."""
        source, target = (self.source.base, self.target.base) if self.whole else (self.source, self.target)
        return f"- {{from: {_quoted(source)}, to: {_quoted(target)}}}"

    @property
    def advice(self) -> str:
        """What keeps the object, for a hint."""
        moving = f"add `{self.entry}` to `moved:` in the project file, or move its record now: `{self.command}`"
        if not self.name:
            return f"to keep the object, {moving}"
        return (
            f"to keep the object, which cannot be renamed, declare `name: {_in_yaml(self.name)}` in the spec of "
            f"{self.target}, and {moving}"
        )


def _quoted(address: Address) -> str:
    """The address as a value in YAML."""
    text = str(address).replace("'", "''")
    return f"'{text}'" if address.key else text


def _in_yaml(text: str) -> str:
    """The text as a value in a manifest: in quotes, unless every reader of YAML takes it for a text."""
    return text if _NAME.fullmatch(text) and text.lower() not in _WORDS else json.dumps(text)
