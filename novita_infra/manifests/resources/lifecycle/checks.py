"""Reads `check:`, what an apply asks an object at its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from novita_infra.kinds.kind import Kind
from novita_infra.manifests.yaml.positions import Position, inside, origin
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.durations import parse_duration
from novita_infra.model.lifecycle import MIN_SUCCEEDED, Check
from novita_infra.model.values import Spec, Value, is_known, is_secret

_TIMES: Final = ("timeout", "retries", "interval")


def check_of(
    declared: Value, position: Position, *, secret: Callable[[Value, Position], Value], diagnostics: list[Diagnostic]
) -> Check | None:
    """Returns the check; None without one, and for what does not fit the schema, which is reported already.

    `secret` returns a value that may be a pointer to a secret as a secret.
    """
    if not isinstance(declared, dict):
        return None
    token = secret(declared["token"], inside(position, "token")) if "token" in declared else None
    declared = {name: value for name, value in declared.items() if name != "token"}
    if is_secret(declared) or not is_known(declared):
        hint = "write it out, or use variables: it is part of the plan, which shows it"
        diagnostics.append(Diagnostic("a check takes no secrets and no attributes", hint, origin=origin(position)))
        return None
    types = [name for name in declared if name not in _TIMES]
    asked = declared[types[0]] if len(types) == 1 else None
    if types == [MIN_SUCCEEDED] and isinstance(asked, int | str):
        asked = {MIN_SUCCEEDED: asked}
    if not isinstance(asked, dict):
        return None
    retries = declared.get("retries")
    return Check(
        types[0],
        asked,
        timeout=_seconds(declared.get("timeout"), 60.0),
        retries=retries if isinstance(retries, int) else 5,
        interval=_seconds(declared.get("interval"), 10.0),
        token=token,
    )


def check_count(check: Check | None, spec: Spec, kind: Kind, position: Position) -> list[Diagnostic]:
    """Returns an error if the check wants more requests to succeed than the spec has, as far as that is known."""
    rules, least = kind.resolution.checks, check.asked.get(MIN_SUCCEEDED) if check else None
    most = rules.requests(spec) if rules else None
    if most is None or not isinstance(least, int) or least <= most:
        return []
    summary = f"{MIN_SUCCEEDED} is {least:,}, and there are only {most:,} requests"
    return [Diagnostic(summary, f"at most {most:,}, or a part, such as 95%", origin=origin(position))]


def _seconds(text: Value, otherwise: float) -> float:
    try:
        return parse_duration(str(text)) or otherwise if text is not None else otherwise
    except ValueError:
        return otherwise
