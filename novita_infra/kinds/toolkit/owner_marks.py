"""Owner marks of objects: as an env entry, or at the end of a text for people.

A mark identifies the create that made an object, when the answer to that create was lost. It is never part of a spec:
the readers remove it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from novita_infra.api.json_values import objects_of, text_of
from novita_infra.kinds.kind import SpecError
from novita_infra.kinds.toolkit.translation import env_list, env_of
from novita_infra.model.values import Value

ENV_NAME: Final = "NOVITA_INFRA_OWNER"
MOST_ENV: Final = 100
"""The API's limit of entries (gpu-instance-create-instance); where it is reached there is no room for a mark."""

# Each takes away exactly what is put on, and blanks after it that somebody or the service may have added.
_NOTE: Final = re.compile(r" ?\[novita-infra (?P<mark>\S+)\]\s*\Z")
_COMMENT: Final = re.compile(r"(?:\n\n)?<!-- novita-infra (?P<mark>[^<>\s]+) -->\s*\Z")


def env_with_mark(env: Value, mark: str) -> list[dict[str, str]]:
    """The API's list of the variables, with the mark as one more entry where there is room."""
    entries = env_list(env)
    return [*entries, {"key": ENV_NAME, "value": mark}] if mark and len(entries) < MOST_ENV else entries


def env_without_mark(value: Any) -> dict[str, str]:
    """The declared variables of the API's list."""
    env = env_of(value)
    env.pop(ENV_NAME, None)
    return env


def mark_of_env(value: Any) -> str:
    """The mark among the API's list of variables; empty where there is none."""
    return next((text_of(item.get("value")) for item in objects_of(value) if item.get("key") == ENV_NAME), "")


def note_with_mark(note: str, mark: str) -> str:
    """A note, with the mark at its end."""
    return " ".join(filter(None, (note, f"[novita-infra {mark}]"))) if mark else note


def note_without_mark(value: Any) -> str:
    """The declared note."""
    return _NOTE.sub("", text_of(value))


def mark_of_note(value: Any) -> str:
    """The mark at the end of a note; empty where there is none."""
    found = _NOTE.search(text_of(value))
    return found["mark"] if found else ""


def readme_with_mark(readme: str, mark: str) -> str:
    """A readme in Markdown, with the mark as an invisible comment at its end."""
    return f"{readme}\n\n<!-- novita-infra {mark} -->" if mark else readme


def readme_without_mark(value: Any) -> str:
    """The declared readme."""
    return _COMMENT.sub("", text_of(value))


def mark_of_readme(value: Any) -> str:
    """The mark at the end of a readme; empty where there is none."""
    found = _COMMENT.search(text_of(value))
    return found["mark"] if found else ""


def marked_text_errors(text: Value, *, name: str) -> Iterator[SpecError]:
    """The error of a declared note or readme that ends in an owner mark, which would be taken for the object's own."""
    if mark_of_note(text) or mark_of_readme(text):
        hint = "novita-infra puts such a mark at the end itself; leave it out"
        yield SpecError((name,), "the text ends in an owner mark", hint)
