"""Where an object carries its owner mark: an env entry, or the end of a text that people read.

A mark tells which create made an object, when the answer to that create was lost. It is never part of what is declared:
the readers take it off again.
"""

from __future__ import annotations

import re
from typing import Any, Final

from novita_infra.api.json_values import objects_of, text_of
from novita_infra.kinds.toolkit.translation import env_list, env_of
from novita_infra.model.addresses import Address
from novita_infra.model.values import Value

ENV_NAME: Final = "NOVITA_INFRA_OWNER"
MOST_ENV: Final = 100
"""The API's limit of entries (gpu-instance-create-instance); where it is reached there is no room for a mark."""

_NOTE: Final = re.compile(r"(?:(?<=\S) )?\[novita-infra (?P<mark>[^\[\]\s]+)\]$")
_UNSPOKEN: Final = re.compile(r"[^\w.-]+")
_COMMENT: Final = re.compile(r"\n*<!-- novita-infra (?P<mark>[^<>\s]+) -->\n*$")


def mark_safe(project: str) -> str:
    """The project's name as a mark tells it: what could end the mark is a hyphen."""
    return _UNSPOKEN.sub("-", project)


def owner(project: str, environment: str, address: Address) -> str:
    """The part of a mark that tells for what an object was made; the operation that made it follows after a slash."""
    return "/".join((mark_safe(project), environment, str(address).replace('"', "")))


def env_with_mark(env: Value, mark: str) -> list[dict[str, str]]:
    """The API's list of the variables, with the mark as one more where there is room."""
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
    """A note of one line, with the mark at its end."""
    return " ".join(filter(None, (note, f"[novita-infra {mark}]"))) if mark else note


def note_without_mark(value: Any) -> str:
    """The declared note."""
    return _NOTE.sub("", text_of(value))


def mark_of_note(value: Any) -> str:
    """The mark at the end of a note; empty where there is none."""
    found = _NOTE.search(text_of(value))
    return found["mark"] if found else ""


def readme_with_mark(readme: str, mark: str) -> str:
    """A readme in Markdown, with the mark as a comment that nobody sees at its end."""
    return f"{readme}\n\n<!-- novita-infra {mark} -->" if mark else readme


def readme_without_mark(value: Any) -> str:
    """The declared readme."""
    return _COMMENT.sub("", text_of(value))


def mark_of_readme(value: Any) -> str:
    """The mark at the end of a readme; empty where there is none."""
    found = _COMMENT.search(text_of(value))
    return found["mark"] if found else ""
