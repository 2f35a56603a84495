"""The places of a document whose text is public: by the schemas of the kinds and of the project file. Pure.

An excerpt of a file shows a value only at such a place. Every other place counts as secret, also one that nobody knows.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from functools import cache, reduce
from typing import Any, Final

from novita_infra.kinds import KINDS
from novita_infra.kinds.field import Field, Secrecy
from novita_infra.model.frozen import dataclass
from novita_infra.schema.frame import VERSION
from novita_infra.schema.resources import frame_schema, project_schema
from novita_infra.schema.secret_pointers import SECRET_POINTERS

_EXAMPLE: Final = re.compile("`([^`]{1,60})`")
_SCALARS: Final = frozenset({"string", "integer", "number", "boolean"})


class Shows(enum.IntEnum):
    """What of a single value is shown."""

    NOTHING = 0
    VARIABLE = 1
    """The name of an environment variable."""
    NAME = 2
    """A name, an address or a path; any other text is a mistake, and may be a secret."""
    SOURCE = 3
    """Where a module is, without what stands before an @, which may be a credential."""
    FLAG = 4
    """`true`, `false` or another spelling of them."""
    VALUE = 5
    """Any value."""
    TREE = 6
    """Everything, and everything inside."""


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a document."""

    shows: Shows = Shows.NOTHING
    fields: Mapping[str, Place] = field(default_factory=dict)
    """The places inside a map, by key."""
    each: Place | None = None
    """The place at every other key of a map whose keys the writer chooses; None where no other key is known."""
    items: Place | None = None
    """The place of each item of a list."""
    first: Place | None = None
    """The place of the first item, where that differs."""
    variables: bool = False
    """Whether the keys of the map are names of variables, some of which are secret."""

    @property
    def is_known(self) -> bool:
        """Whether anything is known of it, so that its keys may be shown."""
        return bool(self.shows or self.fields or self.each or self.items)


HIDDEN: Final = Place()
"""A place of which nothing is shown but where its secret comes from."""
TREE: Final = Place(Shows.TREE)


_COMMAND: Final = Place(items=HIDDEN, first=Place(Shows.NAME))
"""A program with its arguments, of which only the program is shown."""


def _of_pointer(name: str, schema: Mapping[str, Any], variables: Sequence[str]) -> Place:
    """The place of a part of a pointer: a name, or names by their keys. Of a command only the program is shown."""
    match schema["type"]:
        case "object":
            return Place(fields={key: _of_pointer(key, part, variables) for key, part in schema["properties"].items()})
        case "array":
            return _COMMAND
        case _:
            return Place(Shows.VARIABLE if name in variables else Shows.NAME)


ANYWHERE: Final = {
    "$patch": Place(Shows.NAME),
    **{item.key: _of_pointer(item.key, item.schema, item.variables) for item in SECRET_POINTERS.values()},
}
"""The keys that are public wherever they stand: those that point at a secret, and the directive of a patch."""


@cache
def public_places(*, sound: bool = False) -> Place:
    """The root of any document: a resource of any kind, or the project file.

    In a text without a mistake (`sound`), every value is at its place: what a plan shows of it is public, too.
    """
    free = TREE if sound else HIDDEN
    frame, project = (_of(schema, schema.get("$defs", {})) for schema in (frame_schema(), project_schema()))
    spec = _merged(
        Place(fields={item.name: _of_field(item, sound=sound)}) for kind in KINDS.values() for item in kind.fields
    )
    fields = {**dict(_merged([frame, project]).fields), "spec": spec}
    fields["check"] = replace(fields["check"], fields={**fields["check"].fields, "token": HIDDEN})
    lifecycle = fields["lifecycle"]
    fields["hooks"] = _with_hidden_words(fields["hooks"])
    of_resource = _with_hidden_words(lifecycle.fields["hooks"])
    fields["lifecycle"] = replace(lifecycle, fields={**lifecycle.fields, "hooks": of_resource})
    flag = Place(Shows.FLAG)
    declaration = Place(
        fields={**_within(fields, "variables").fields, "default": HIDDEN, "secret": flag, "sensitive": flag}
    )
    environment = _within(fields, "environments")
    patch = environment.fields["patches"].items or HIDDEN
    patch = replace(patch, fields={**patch.fields, "spec": spec, "lifecycle": fields["lifecycle"]})
    default = fields["defaults"].items or HIDDEN
    default = replace(default, fields={**default.fields, "spec": spec, "lifecycle": fields["lifecycle"]})
    use = {
        "source": Place(Shows.SOURCE),
        "inputs": Place(each=HIDDEN),  # another file says which of them are secret
        "patches": Place(items=patch),
    }
    policies = fields["policies"].items or HIDDEN
    policies = Place(items=replace(policies, fields={**policies.fields, "run": HIDDEN}))
    notifications = _without_addresses(fields["notifications"].items or HIDDEN)
    environment = replace(
        environment,
        fields={
            **environment.fields,
            "variables": Place(each=HIDDEN, variables=True),
            "patches": Place(items=patch),
            "policies": policies,
            "hooks": fields["hooks"],
            "notifications": notifications,
        },
    )
    declarations = Place(each=declaration, variables=True)
    fields |= {
        "spec": replace(spec, fields={**spec.fields, **use}),
        "variables": declarations,
        "inputs": declarations,
        "environments": Place(each=environment, items=Place(Shows.NAME)),
        "source": use["source"],  # a mistake: it belongs into spec
        "forEach": TREE if sound else replace(fields["forEach"], each=HIDDEN),
        "defaults": Place(items=default),
        "policies": policies,
        "notifications": notifications,
        "outputs": Place(each=free),
        "locals": Place(each=free),
    }
    state = fields["state"]
    keys = _of(project_schema()["properties"]["state"]["properties"]["encryption"], {})
    keys = replace(keys, fields={**_with_program(keys).fields, "fallback": _with_program(keys.fields["fallback"])})
    fields["state"] = replace(state, fields={**state.fields, "backend": Place(Shows.VALUE), "encryption": keys})
    root = _opened(Place(fields=fields))
    return replace(root, items=root)


@cache
def known_words() -> frozenset[str]:
    """Every key that any document may have, the words of its head, and examples of descriptions: messages say them."""
    keys = {VERSION["const"], "Project", *KINDS, *(kind.name for kind in KINDS.values())}
    keys.update(word for kind in KINDS.values() for item in kind.fields for word in _EXAMPLE.findall(item.doc))
    waiting = [public_places()]
    while waiting:
        place = waiting.pop()
        keys.update(place.fields)
        waiting += place.fields.values()
        waiting += filter(None, (place.each, place.items if place is not public_places() else None))
    return frozenset(keys)


def _with_hidden_words(hooks: Place) -> Place:
    """The place of hooks, which shows of the words of each only the program."""
    events = {}
    for event, place in hooks.fields.items():
        hook = place.items or HIDDEN
        events[event] = replace(place, items=replace(hook, fields={**hook.fields, "run": _COMMAND}))
    return replace(hooks, fields=events)


def _without_addresses(notification: Place) -> Place:
    """The place of notifications, which shows no address of a webhook: whoever has one can write there."""
    webhook = notification.fields["webhook"]
    webhook = replace(webhook, fields={**webhook.fields, "url": HIDDEN})
    return Place(items=replace(notification, fields={**notification.fields, "webhook": webhook}))


def _opened(place: Place) -> Place:
    """The place, in which a map or a list shows a value of a wrong type, too, if nothing inside of it is secret."""
    fields = {name: _opened(item) for name, item in place.fields.items()}
    each, items = (_opened(item) if item else None for item in (place.each, place.items))
    inside = [*fields.values(), *filter(None, (each, items))]
    shows = Shows.VALUE if not place.shows and inside and all(item.shows for item in inside) else place.shows
    return replace(place, shows=shows, fields=fields, each=each, items=items)


def _with_program(place: Place) -> Place:
    """The place of keys of a state, in which of a command only the program is shown."""
    return replace(place, fields={**place.fields, "command": _COMMAND})


def _within(fields: Mapping[str, Place], name: str) -> Place:
    return fields[name].each or HIDDEN


def _of_field(item: Field, *, sound: bool) -> Place:
    match item.secrecy:
        case Secrecy.VALUE:
            return HIDDEN
        case Secrecy.TEXT if not sound:
            return HIDDEN
        case Secrecy.ITEMS:
            return Place(each=Place(Shows.VALUE) if sound else HIDDEN)
        case _:
            place = _of(item.schema, {})
            return _with_reference(place, item.refers_at) if item.refers else place


def _with_reference(place: Place, path: tuple[str, ...]) -> Place:
    """The place with a reference at the path inside."""
    if not path:
        return Place(Shows.NAME, fields={"id": Place(Shows.NAME)})
    if path[0] == "*":
        return replace(place, items=_with_reference(place.items or HIDDEN, path[1:]))
    inner = _with_reference(place.fields.get(path[0], HIDDEN), path[1:])
    return replace(place, fields={**place.fields, path[0]: inner})


def _of(schema: Any, defs: Mapping[str, Any]) -> Place:
    """The place that a JSON Schema describes."""
    if not isinstance(schema, Mapping):
        return HIDDEN
    parts = [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]
    parts += [schema[name] for name in ("then", "else") if name in schema]
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        parts.append(defs.get(name, {}))
        defs = {**defs, name: {}}  # nothing is known of a definition inside of itself
    types = schema.get("type", ())
    scalar = bool(_SCALARS & {types, *types}) if isinstance(types, str) else bool(_SCALARS & set(types))
    each = schema.get("additionalProperties")
    own = Place(
        Shows.VALUE if scalar or "enum" in schema or "const" in schema else Shows.NOTHING,
        {name: _of(part, defs) for name, part in schema.get("properties", {}).items()},
        _of(each, defs) if isinstance(each, Mapping) else None,
        _of(schema["items"], defs) if "items" in schema else None,
    )
    return _merged([own, *(_of(part, defs) for part in parts)])


def _merged(places: Iterable[Place]) -> Place:
    return reduce(_both, places, Place())


def _both(one: Place, other: Place) -> Place:
    """What is known of either. A field that is secret in one kind is secret wherever it has that name."""
    fields = {**one.fields, **other.fields}
    for name in one.fields.keys() & other.fields.keys():
        hidden = not (one.fields[name].is_known and other.fields[name].is_known)
        fields[name] = HIDDEN if hidden else _both(one.fields[name], other.fields[name])
    shows = max(one.shows, other.shows)
    if one.shows and other.shows:
        shows = min(one.shows, other.shows)
    return Place(shows, fields, one.each or other.each, one.items or other.items)
