"""The verdicts of policies on a plan, and the reading of what policy programs print. Pure.

Besides our own form, what conftest and `opa eval` print is understood, so that policies for Terraform's plans need no
wrapping.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from novita_infra.model.frozen import dataclass
from novita_infra.model.rules import Policy

_DENYING: Final = ("deny", "violation", "failures")
_WARNING: Final = ("warn", "warnings")
_COUNTED: Final = ("successes", "failures", "warnings", "exceptions")
"""What conftest tells of the rules that it tried."""
_REASONS: Final = ("reason", "msg", "message")
_LONGEST: Final = 1000
"""Characters of a reason that are kept."""
_MOST: Final = 500
"""Reasons of one policy that are kept."""


@dataclass(frozen=True, slots=True)
class VerdictReason:
    """Why a policy speaks against a plan."""

    text: str
    address: str = ""
    """The resource that it is about, as the policy names it; empty where it names none."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict of one policy."""

    deny: tuple[VerdictReason, ...] = ()
    warn: tuple[VerdictReason, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """A policy with its verdict."""

    policy: Policy
    verdict: Verdict = Verdict()
    error: str = ""
    """Why there is no verdict: the policy crashed, took too long, or said what is none."""


class NoVerdict(ValueError):
    """Raised where the answer of a policy is no verdict."""


def verdict_in(answer: Any) -> Verdict:
    """The verdict in what a policy printed. Raises NoVerdict on anything that is none.

    Understood are `{"deny": [...], "warn": [...]}`, a list of reasons to deny, conftest's list of results and the
    results of `opa eval`. A reason is a text, or an object with `reason` (or `msg`) and perhaps `address`.
    """
    match answer:
        case {"result": [_, *_] as results} if len(answer) == 1:
            return _all(verdict_of_value(_value_of(result)) for result in results)
        case [*_]:
            return verdict_of_value(answer)
        case dict() if answer and answer.keys() <= {*_DENYING, *_WARNING}:
            return _named(answer)
        case _:
            raise NoVerdict('neither {"deny": [...], "warn": [...]} nor a list of reasons')


def verdict_of_value(value: Any) -> Verdict:
    """The verdict in the value of a rule or of a whole package of Rego, or in a list of results."""
    match value:
        case [*items] if items and all(_is_result(item) for item in items):
            if not any(item.get(word) for item in items for word in _COUNTED):
                raise NoVerdict("conftest found no rule to try")
            return _all(_named(item) for item in items)
        case [*items]:
            return Verdict(deny=_reasons(items))
        case dict():
            return _named(value)
        case _:
            raise NoVerdict(f"a list of reasons is wanted, not {type(value).__name__}")


def _value_of(result: Any) -> Any:
    match result:
        case {"expressions": [{"value": value}]}:
            return value
        case _:
            raise NoVerdict("a result of opa eval with one expression is wanted")


def _is_result(item: Any) -> bool:
    """Whether it is what conftest says of one file and namespace."""
    return isinstance(item, dict) and ("failures" in item or "warnings" in item or "successes" in item)


def _named(named: Mapping[str, Any]) -> Verdict:
    """By the names of rules: `deny`, `deny_ssh`, `violation`, `warn`; conftest's `failures` and `warnings`."""
    if not _is_result(named) and not any(_is_one_of(name, (*_DENYING, *_WARNING)) for name in named):
        raise NoVerdict("there is neither deny nor warn in it")
    return Verdict(
        deny=_reasons(_items(named, _DENYING)),
        warn=_reasons(_items(named, _WARNING)),
    )


def _items(named: Mapping[str, Any], words: tuple[str, ...]) -> Iterable[Any]:
    for name, items in named.items():
        if _is_one_of(name, words) and items is not None:
            if not isinstance(items, list):
                raise NoVerdict(f"{name} is no list")
            yield from items


def _is_one_of(name: str, words: tuple[str, ...]) -> bool:
    return any(name == word or name.startswith(f"{word}_") for word in words)


def _reasons(items: Iterable[Any]) -> tuple[VerdictReason, ...]:
    return tuple(dict.fromkeys(_reason(item) for item in items))[:_MOST]


def _reason(item: Any) -> VerdictReason:
    match item:
        case str() if item.strip():
            return VerdictReason(_line(item))
        case dict():
            text = next((said for name in _REASONS if isinstance(said := item.get(name), str)), "")
            metadata = item.get("metadata")
            address = item.get("address") or (metadata.get("address") if isinstance(metadata, dict) else None)
            if text.strip():
                return VerdictReason(_line(text), address if isinstance(address, str) else "")
    raise NoVerdict("a reason is a text, or an object with address and reason")


def _line(text: str) -> str:
    return " ".join(text.split())[:_LONGEST]


def _all(verdicts: Iterable[Verdict]) -> Verdict:
    found = list(verdicts)
    return Verdict(
        deny=tuple(reason for verdict in found for reason in verdict.deny),
        warn=tuple(reason for verdict in found for reason in verdict.warn),
    )
