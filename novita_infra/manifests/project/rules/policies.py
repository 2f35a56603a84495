"""Reads the policies that a project file lists. It does not run them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from novita_infra.manifests.language.expressions import OPENING
from novita_infra.manifests.yaml.positions import Position, inside, origin, origin_at
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.durations import parse_duration
from novita_infra.model.rules import Judge, OnError, Policy


def policies_of(listed: Any, position: Position) -> tuple[tuple[Policy, ...], list[Diagnostic]]:
    """Returns the policies of a list, and diagnostics beyond the schema of the project file."""
    policies: list[Policy] = []
    diagnostics: list[Diagnostic] = []
    for index, item in enumerate(listed if isinstance(listed, list) else ()):
        place = inside(position, index)
        policy = _policy(item, place) if isinstance(item, dict) else None
        if policy is None:
            continue  # the schema of the project file reports it
        if any(OPENING in word for word in policy.words):
            hint = "a policy gets the whole plan; its variables and environment are in there"
            diagnostics.append(Diagnostic("a policy takes no expressions", hint, origin=policy.origin))
        if not policy.timeout:
            diagnostics.append(
                Diagnostic(
                    f'"{item["timeout"]}" is no length of time',
                    "it looks like 90s, 30m, 2h or 1d",
                    origin=origin_at(place, ("timeout",)),
                )
            )
        if any(policy.name == other.name for other in policies):
            hint = "give one of them another `name`"
            diagnostics.append(Diagnostic(f'two policies are named "{policy.name}"', hint, origin=policy.origin))
        policies.append(policy)
    return tuple(policies), diagnostics


def named_after(words: tuple[str, ...]) -> str:
    """Returns the name of a policy without one."""
    return PurePath(words[0]).stem


def _policy(item: Mapping[str, Any], position: Position) -> Policy | None:
    by = next((judge for judge in Judge if judge.value in item), None)
    words = _words(item[by.value]) if by else ()
    if by is None or not words:
        return None
    return Policy(
        name=str(item.get("name") or named_after(words)),
        by=by,
        words=words,
        each=item.get("of") == "change",
        timeout=_timeout(str(item.get("timeout", "30s"))),
        on_error=OnError.WARN if item.get("onError") == OnError.WARN.value else OnError.DENY,
        origin=origin(position),
    )


def _words(value: Any) -> tuple[str, ...]:
    words = value if isinstance(value, list) else [value]
    return tuple(words) if all(isinstance(word, str) and word for word in words) else ()


def _timeout(text: str) -> float:
    """Seconds; 0 for an invalid duration, which the schema reports."""
    try:
        return parse_duration(text)
    except ValueError:
        return 0.0
