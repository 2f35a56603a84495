"""Pairs of request and answer, in tests/contract/pairs and the folders of kinds: reading, filling in and comparing.

A file is a list of pairs; that of a kind has them under `pairs`, beside the `operations` of the reference.

In a value, `$name` stands for the id of a thing that the pair was given; `<text>`, `<int>` and their like stand for any
value of that sort. A list that begins with `<some>` names some of the items. An object with the key `<more>` may have
other fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quick_yaml import read_yaml

PROFILES = ("live", "documented", "strict")
_NAME = re.compile(r"\$([a-z]+)")


def _is(kind: type, *, beside: type | None = None) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kind) and not (beside and isinstance(value, beside))


def _matches(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


SORTS: Mapping[str, tuple[Callable[[Any], bool], Any]] = {
    "<text>": (lambda value: isinstance(value, str) and value != "", "text"),
    "<text?>": (_is(str), ""),
    "<int>": (_is(int, beside=bool), 7),
    "<number>": (lambda value: isinstance(value, int | float) and not isinstance(value, bool), 7.5),
    "<flag>": (_is(bool), True),
    "<digits>": (_matches("-?[0-9]+"), "7"),
    "<time>": (_matches("[0-9]{9,10}"), "1767225600"),
    "<usd>": (_matches(r"-?[0-9]+\.[0-9]{5}"), "0.00007"),
    "<url>": (_matches("https://.+"), "https://sample.novita.ai"),
    "<log>": (_matches("((http://|https://|/).+)?"), "https://log.sample.novita.ai/i"),
    "<any>": (lambda _: True, None),
}
"""By placeholder: what it stands for, and a sample of it."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One request and its answer, under the profiles that answer so."""

    where: str
    said: Mapping[str, Any]
    profiles: tuple[str, ...]
    answer: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.where}[{'+'.join(self.profiles)}]"


def read(folder: Path) -> list[Pair]:
    """All pairs of the folder, one for each form that the answer has."""
    return [pair for path in sorted(folder.glob("*.yaml")) for pair in _pairs(path)]


def _pairs(path: Path) -> Iterator[Pair]:
    subject = path.parent.name if path.stem == "pairs" else path.stem
    data = read_yaml(path.read_text(encoding="utf-8"))
    for index, said in enumerate((data.get("pairs") if isinstance(data, dict) else data) or []):
        where = f"{subject}-{index}-{said['operation']}"
        instead = said.get("instead", {})
        usual = tuple(name for name in said.get("profiles", PROFILES) if name not in instead)
        if usual:
            yield Pair(where, said, usual, _refusal(said["answer"], "live"))
        for profile, answer in instead.items():
            yield Pair(where, said, (profile,), _refusal(answer, profile))


def _refusal(answer: Mapping[str, Any], profile: str) -> Mapping[str, Any]:
    """An answer with its short form `refusal: REASON` written out."""
    if "refusal" not in answer:
        return answer
    status = answer.get("status", 400)
    body = {"code": status, "reason": answer["refusal"], "message": "<text>", "metadata": "<any>"}
    return {"status": status, "body": body}


def filled(value: Any, ids: Mapping[str, str]) -> Any:
    """The value with the ids of what was given."""
    if isinstance(value, str):
        return _NAME.sub(lambda match: ids[match[1]], value)
    if isinstance(value, list):
        return [filled(item, ids) for item in value]
    if isinstance(value, Mapping):
        return {name: filled(item, ids) for name, item in value.items()}
    return value


def sampled(value: Any) -> Any:
    """The value with a sample in place of every placeholder."""
    if isinstance(value, str):
        return SORTS[value][1] if value in SORTS else value
    if isinstance(value, list):
        return [sampled(item) for item in value if item != "<some>"]
    if isinstance(value, Mapping):
        return {name: sampled(item) for name, item in value.items() if name != "<more>"}
    return value


def differences(wanted: Any, found: Any, at: str = "") -> Iterator[str]:
    """Where a found value is not as wanted."""
    match wanted:
        case str() if wanted in SORTS:
            if not SORTS[wanted][0](found):
                yield f"{at}: {found!r} is no {wanted}"
        case {}:
            yield from _of_objects(wanted, found, at)
        case ["<some>", *items]:
            for item in items:
                if not isinstance(found, list) or all(any(differences(item, one)) for one in found):
                    yield f"{at}: none is like {item!r}"
        case list():
            if not isinstance(found, list) or len(found) != len(wanted):
                yield f"{at}: {found!r} is no list of {len(wanted)}"
                return
            for index, (item, one) in enumerate(zip(wanted, found, strict=True)):
                yield from differences(item, one, f"{at}[{index}]")
        case _:
            if type(wanted) is not type(found) or wanted != found:
                yield f"{at}: {found!r} is not {wanted!r}"


def _of_objects(wanted: Mapping[str, Any], found: Any, at: str) -> Iterator[str]:
    if not isinstance(found, Mapping):
        yield f"{at}: {found!r} is no object"
        return
    for name in [name for name in wanted if name != "<more>"]:
        if name in found:
            yield from differences(wanted[name], found[name], f"{at}.{name}")
        else:
            yield f"{at}.{name} is missing"
    if "<more>" not in wanted:
        yield from (f"{at}.{name} is too much" for name in found if name not in wanted)
