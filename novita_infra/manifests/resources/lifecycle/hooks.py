"""Reads `hooks` of the project file, of an environment, and of a resource's lifecycle. It does not run them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from novita_infra.manifests.yaml.positions import Position, inside, origin, position_at
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.lifecycle import Hook, HookEvent, OnHookFailure
from novita_infra.model.values import Value, is_known, is_secret

_DEFAULT_TIMEOUT = 60.0


def hooks_of(
    said: Value,
    position: Position,
    events: tuple[HookEvent, ...],
    *,
    seconds: Callable[[Value, Position], float],
    diagnostics: list[Diagnostic],
) -> tuple[Hook, ...]:
    """Returns the hooks of these events, in their order; what does not fit the schema is skipped.

    `seconds` returns a duration in seconds, and reports an invalid one. Other errors are added to `diagnostics`.
    """
    found: list[Hook] = []
    for event in events:
        listed = said.get(event.value) if isinstance(said, dict) else None
        for index, item in enumerate(listed if isinstance(listed, list) else ()):
            found += _hook(item, event, position_at(position, (event.value, index)), seconds, diagnostics)
    return tuple(found)


def _hook(
    item: Any,
    event: HookEvent,
    position: Position,
    seconds: Callable[[Value, Position], float],
    diagnostics: list[Diagnostic],
) -> Iterator[Hook]:
    words = item.get("run") if isinstance(item, dict) else None
    if not isinstance(words, list) or not words:
        return
    if is_secret(words) or not is_known(words):
        hint = "it gets the address and the id on its standard input; a secret belongs into its environment"
        summary = "the words of a hook take no secrets and no attributes"
        diagnostics.append(Diagnostic(summary, hint, origin=origin(inside(position, "run"))))
        return
    if not all(isinstance(word, str) and word for word in words):
        return
    yield Hook(
        event=event,
        words=tuple(words),
        timeout=seconds(item["timeout"], inside(position, "timeout")) if "timeout" in item else _DEFAULT_TIMEOUT,
        on_failure=OnHookFailure.WARN if item.get("onFailure") == OnHookFailure.WARN.value else OnHookFailure.STOP,
    )
