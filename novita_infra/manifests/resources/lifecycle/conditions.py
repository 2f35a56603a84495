"""Reads the parts of a `lifecycle` about other resources: replacement triggers and conditions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from novita_infra.kinds import KINDS
from novita_infra.manifests.language.scope import Reported, Scope
from novita_infra.manifests.yaml.positions import Position, inside, origin, origin_at
from novita_infra.model.addresses import KEY, Address
from novita_infra.model.computing.effort import Uncomputable
from novita_infra.model.diagnostics import Diagnostic, nearest
from novita_infra.model.lifecycle import Condition, Trigger
from novita_infra.model.values import Ref, Value, is_secret, refs

_TRIGGER: Final = re.compile(rf'(?P<address>[^."]+\.[^."\[]+(?:\["{KEY}"\])?)(?P<path>(?:\.[A-Za-z0-9_-]+)*)')
_ELSEWHERE: Final = ("$ref", "$dynamicRef")


def triggers_of(
    listed: Value, position: Position, scope: Scope, *, own: Address, diagnostics: list[Diagnostic]
) -> tuple[Trigger, ...]:
    """Returns the triggers of a list such as `[vpc.net, instance.a.image]`; errors are added to `diagnostics`."""
    found: list[Trigger] = []
    for index, item in enumerate(listed if isinstance(listed, list) else ()):
        try:
            found += _triggers(item, scope, own)
        except Reported:
            pass
        except Uncomputable as error:
            diagnostics.append(Diagnostic(error.summary, error.hint, origin=origin(inside(position, index))))
    return tuple(dict.fromkeys(found))


def conditions_of(
    listed: Value, position: Position, *, own: Address, itself: bool, diagnostics: list[Diagnostic]
) -> tuple[Condition, ...]:
    """Returns the conditions of a list of `{value: ..., is: SCHEMA, message: ...}`.

    `itself` tells whether they may refer to their own resource.
    """
    found: list[Condition] = []
    for index, item in enumerate(listed if isinstance(listed, list) else ()):
        match item:
            case {"value": value, "is": dict() | bool() as schema, "message": str(message)}:
                place = inside(position, index)
                diagnostics.extend(_faults_of_value(value, place, own, itself=itself))
                diagnostics.extend(_faults_of_schema(schema, place))
                found.append(Condition(value, schema, message))
    return tuple(found)


def instances_of(address: Address, scope: Scope) -> tuple[Address, ...]:
    """Returns the resources that exist of an address: all keys of one without a key. Raises Uncomputable, Reported."""
    if address.type not in KINDS:
        raise Uncomputable(f'"{address.type}" is no kind of resource', nearest(address.type, tuple(KINDS)))
    if not address.key:
        return tuple(address.with_key(key) for key in scope.resources.keys(address))
    scope.resources.find(address)
    return (address,)


def _triggers(item: Value, scope: Scope, own: Address) -> Iterator[Trigger]:
    """Parses one trigger. Raises Uncomputable and Reported."""
    if isinstance(item, Ref):
        raise Uncomputable(f"{item} is a value", f"write the address: {item.address}, or {item.address}.FIELD")
    match = _TRIGGER.fullmatch(item) if isinstance(item, str) else None
    if match is None:
        raise Uncomputable(
            f'"{item}" is no address', "write an address, or a field of it: vpc.net, instance.trainer.image"
        )
    try:
        address = scope.absolute(Address.parse(match["address"]))
    except ValueError as error:
        raise Uncomputable(f'"{item}" is no address', "an address looks like network_storage.data") from error
    instances = instances_of(address, scope)
    if own in instances:
        raise Uncomputable(f"{own} cannot trigger its own replacement", "name another resource")
    path = tuple(match["path"].split(".")[1:])
    fields = KINDS[address.type].by_name
    if path and path[0] not in fields:
        raise Uncomputable(f'{KINDS[address.type].name} has no field "{path[0]}"', nearest(path[0], tuple(fields)))
    yield from (Trigger(one, path) for one in instances)


def _faults_of_value(value: Value, position: Position, own: Address, *, itself: bool) -> Iterator[Diagnostic]:
    place = origin_at(position, ("value",))
    if is_secret(value):
        yield Diagnostic("a condition takes no secret", "use a value that is not secret", origin=place)
    if not itself and any(ref.address == own for ref in refs(value)):
        yield Diagnostic(
            "a precondition cannot look at the resource itself",
            "it may not be there yet; a postcondition can",
            origin=place,
        )


def _faults_of_schema(schema: Value, position: Position) -> Iterator[Diagnostic]:
    import jsonschema_rs  # noqa: PLC0415 -- few manifests have conditions

    place = origin_at(position, ("is",))
    if refs(schema) or is_secret(schema):
        yield Diagnostic("the schema of a condition is plain", "it takes variables, and nothing else", origin=place)
        return
    if any(not str(target).startswith("#") for target in _targets(schema)):
        # Nothing is fetched while manifests are read.
        yield Diagnostic("the schema refers to another one", "write out what it shall be", origin=place)
        return
    try:
        jsonschema_rs.Draft202012Validator(schema)
    except ValueError as error:
        said = str(error).split("\n", 1)[0]
        yield Diagnostic(f"this is no JSON Schema: {said}", "such as {type: integer, minimum: 1}", origin=place)


def _targets(schema: Any) -> Iterator[Any]:
    """Yields every reference of a schema."""
    match schema:
        case dict():
            for name, item in schema.items():
                yield from [item] if name in _ELSEWHERE else _targets(item)
        case list():
            for item in schema:
                yield from _targets(item)
