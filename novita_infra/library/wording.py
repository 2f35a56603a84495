"""Messages for a program: the options of the command become the keyword arguments of the library. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from novita_infra.model.diagnostics import Diagnostic, Problems

NAMING: Final[Mapping[str, str]] = {
    "--target": "targets",
    "--exclude": "excludes",
    "--replace": "replaces",
    "--allow-data-loss": "allow_data_loss",
    "--create-anyway": "create_anyway",
    "--var-file": "var_files",
}
"""The options that take names, which are lists in the library."""
FLAGS: Final[Mapping[str, str]] = {
    "--allow-large-change": "allow_large_change=True",
    "--check": "checks=True",
    "--new-state": "new_state=True",
    "--sim": "simulated=True",
    "--destroy": "destroy=True",
}
OTHERS: Final[Mapping[str, str]] = {
    "--env or NOVITA_INFRA_ENV": "environment",
    "--env": "environment",
    "--var": "variables",
    "--refresh": "refresh",
    "--runway HOURS": "runway_minutes",
    "--runway": "runway_minutes",
    "--lock-timeout": "lock_timeout",
    "--parallelism": "parallelism",
    "--max-calls": "max_calls",
}
"""The other options; a value stands behind some of them."""

_QUOTED: Final = r"'[^']*'(?:\"'\"'[^']*')*"
_WORD: Final = rf"(?:{_QUOTED}|[\w.\[\]\"*:=/@-]*[\w\]\"*])"
_VALUE: Final = rf"(?:[ =](?P<value>{_QUOTED}|(?=\S*[.*:/\[]){_WORD}))?"
_LONGEST_FIRST: Final = sorted((*NAMING, *FLAGS, *OTHERS), key=len, reverse=True)
_OPTION: Final = re.compile(rf"(?<![\w-])(?P<option>{'|'.join(map(re.escape, _LONGEST_FIRST))})(?![\w-]){_VALUE}")
_LAST: Final = re.compile(r"(?P<option>--env|--refresh)[ =](?P<value>(?!or\b|and\b)[\w-]+)(?=$|[;,)])")
_VARIABLE: Final = re.compile(r"--var (?P<name>[\w-]+)=\.\.\.")
_COMMAND: Final = re.compile(r"`(?!--)[^`]*`|\bnovita-infra [a-z][^;`]*")
"""A command line that a person types, which stays as it is."""


def for_programs(item: Diagnostic) -> Diagnostic:
    """The message with keyword arguments in the place of options."""
    return replace(item, summary=in_keywords(item.summary), hint=in_keywords(item.hint))


def problems_for_programs(problems: Problems) -> Problems:
    """The problems with such messages."""
    return Problems(map(for_programs, problems.diagnostics), code=problems.code)


def all_for_programs(items: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The messages, each in such words."""
    return tuple(map(for_programs, items))


def in_keywords(text: str) -> str:
    """The text with keyword arguments in the place of options, but not inside of the command lines that it names."""
    if "--" not in text:
        return text
    parts, end = list[str](), 0
    for command in _COMMAND.finditer(text):
        parts += [_replaced(text[end : command.start()]), command[0]]
        end = command.end()
    return "".join([*parts, _replaced(text[end:])])


def _replaced(text: str) -> str:
    text = _VARIABLE.sub(lambda found: f"variables={{{found['name']!r}: ...}}", text)
    text = _LAST.sub(lambda found: f"{OTHERS[found['option']]}={found['value']!r}", text)
    return _OPTION.sub(_keyword, text)


def _keyword(found: re.Match[str]) -> str:
    option, value = found["option"], found["value"]
    if option in NAMING:
        return f"{NAMING[option]}={[*_words(value)]!r}" if value else NAMING[option]
    rest = found[0].removeprefix(option)
    return f"{FLAGS.get(option) or OTHERS[option]}{rest}"


def _words(value: str) -> list[str]:
    try:
        return shlex.split(value) if value.startswith("'") else [value]
    except ValueError:
        return [value]
