"""JSON forms of dataclass fields that are not written under their own name and type.

A field takes one of these as its `metadata`. `encode` and `decode_as` obey it, so that a dataclass can be regrouped
while the files that hold it stay readable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import Field
from typing import Any, Final

from novita_infra.model.frozen import dataclass

_FORM: Final = "json"


@dataclass(frozen=True, slots=True)
class JsonForm:
    """How one field is written."""

    name: str = ""
    """The key in JSON; empty for the name of the field."""
    inline: bool = False
    """Whether the members of the nested dataclass are written among those of the outer one."""
    write: Callable[[Any], str] | None = None
    """The value as text, where the value itself has no JSON form."""
    read: Callable[[str], Any] | None = None
    """The value that `write` wrote so."""


INLINE: Final[Mapping[str, Any]] = {_FORM: JsonForm(inline=True)}
"""The members of the nested dataclass are written among those of the outer one."""


def key_form(key: str) -> Mapping[str, Any]:
    """The field is written under this key: for a field that was renamed since files with it were written."""
    return {_FORM: JsonForm(key)}


def text_form(name: str, write: Callable[[Any], str], read: Callable[[str], Any]) -> Mapping[str, Any]:
    """The field is written as text under this key."""
    return {_FORM: JsonForm(name, write=write, read=read)}


def form_of(item: Field[Any]) -> JsonForm:
    """The form of the field; the plain one where it has none of its own."""
    form: JsonForm = item.metadata.get(_FORM, _PLAIN)
    return form


_PLAIN: Final = JsonForm()
