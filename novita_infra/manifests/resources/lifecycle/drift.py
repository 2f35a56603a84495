"""Reads `onDrift` and `ignoreChanges` of manifests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from novita_infra.kinds.kind import Kind
from novita_infra.manifests.language.secrets import is_lacking
from novita_infra.manifests.yaml.positions import Position, inside, origin, origin_at, position_at
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic, nearest
from novita_infra.model.lifecycle import Cause, Ignored, OnDrift
from novita_infra.model.resources import Declared
from novita_infra.model.values import Value


def on_drift_of(said: Value) -> dict[Cause, OnDrift]:
    """Returns the response to each named cause; one word sets all. Values that do not fit the schema are skipped."""
    known = {answer.value: answer for answer in OnDrift}
    if isinstance(said, str):
        return dict.fromkeys(Cause, known[said]) if said in known else {}
    answers = said if isinstance(said, dict) else {}
    return {cause: known[answers[cause.value]] for cause in Cause if answers.get(cause.value) in known}


def ignored_of(listed: Value, position: Position, kind: Kind, *, diagnostics: list[Diagnostic]) -> tuple[Ignored, ...]:
    """Returns the rules of a list such as `[ports, {field: env.DEBUG, until: 2027-01-31}]`; errors go to
    `diagnostics`.
    """
    found = []
    for index, item in enumerate(listed if isinstance(listed, list) else ()):
        place = inside(position, index)
        rule = {"field": item} if isinstance(item, str) else item
        if not isinstance(rule, dict) or not isinstance(rule.get("field"), str):
            continue
        at = origin(place) if isinstance(item, str) else origin_at(place, ("field",))
        path = _path(rule["field"], kind)
        errors = list(_faults(path, kind))
        diagnostics.extend(Diagnostic(summary, hint, origin=at) for summary, hint in errors)
        until = _end_of(rule.get("until"))
        if until is None:
            summary, hint = f'"{rule["until"]}" is no day', "a day looks like 2027-01-31"
            diagnostics.append(Diagnostic(summary, hint, origin=origin_at(place, ("until",))))
        if not errors and until is not None:
            reason = rule.get("reason")
            found.append(Ignored(path, reason if isinstance(reason, str) else "", until))
    return tuple(found)


def _path(text: str, kind: Kind) -> tuple[str, ...]:
    """Returns the parts of a path. Keys of a map may contain dots."""
    name, dot, rest = text.partition(".")
    field = kind.by_name.get(name)
    if not dot:
        return (name,)
    return (name, rest) if field is not None and _is_map(field.schema) else (name, *rest.split("."))


def _is_map(schema: Mapping[str, Any]) -> bool:
    return isinstance(schema.get("additionalProperties"), Mapping)


def _faults(path: tuple[str, ...], kind: Kind) -> Iterator[tuple[str, str]]:
    name, *inner = path
    if name not in kind.by_name:
        yield f'{kind.name} has no field "{name}"', nearest(name, tuple(kind.by_name))
        return
    schema: Mapping[str, Any] = kind.by_name[name].schema
    for depth, part in enumerate(inner, start=1):
        if _is_map(schema):
            return
        known = schema.get("properties", {})
        if part not in known:
            whole = ".".join(path[:depth])
            hint = nearest(part, tuple(known)) or f"leave out all of it: {whole}"
            yield f'{whole} of {kind.name} has nothing named "{part}"', hint
            return
        schema = known[part]


def _end_of(day: Value) -> float | None:
    """Returns the end of the day in Unix seconds; 0 if none is given, None if it is no day."""
    if day is None:
        return 0.0
    try:
        return (datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=1)).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


def without_lacking(declared: Declared, kind: Kind) -> Declared:
    """Returns the resource without what its fields lack: these parts of the spec are not compared."""
    spec, ignored = dict(declared.spec), list(declared.lifecycle.ignored)
    for name, value in declared.spec.items():
        if not is_lacking(value):
            continue
        items = value if kind.by_name[name].secret_items and isinstance(value, dict) else {}
        keys = [key for key, item in items.items() if is_lacking(item)]
        paths = [(name, key) for key in keys] if keys else [(name,)]
        ignored += [Ignored(path, lacking=True) for path in paths]
        if not items:
            del spec[name]
    if len(ignored) == len(declared.lifecycle.ignored):
        return declared
    return replace(declared, spec=spec, lifecycle=replace(declared.lifecycle, ignored=tuple(ignored)))


def without_ignored(declared: Declared, kind: Kind, position: Position) -> tuple[Declared, set[Origin]]:
    """Returns the resource without the secrets that are not set and not compared anyway, and the places of these.

    Only a create needs them, and the plan of one says so.
    """
    ignored = {rule.path for rule in declared.lifecycle.ignored}
    names = {
        name
        for name, value in declared.spec.items()
        if (name,) in ignored and kind.by_name[name].secret and is_lacking(value)
    }
    spec = {name: value for name, value in declared.spec.items() if name not in names}
    places = {origin(position_at(position, ("spec", name))) for name in names}
    return (replace(declared, spec=spec), places) if names else (declared, places)
