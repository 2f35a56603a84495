"""An edit of a resource: the calls that it must cause, and what the cloud shows afterwards.

The expectations are written by hand: nothing is derived from what the kinds say of themselves.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Resource = tuple[str, str, Mapping[str, Any]]
Spec = Mapping[str, Any]


class Fate(enum.Enum):
    """The effect of an edit on the object."""

    CHANGED = "changed"
    REPLACED = "replaced"
    REFUSED = "refused"
    LEFT = "left"
    """A field that the service chooses is no longer declared: the object remains, the field is not recorded."""
    FOUND = "found"
    """A place is found where the object is: object and recorded field remain as they are."""


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One edit of one object, named `it`."""

    kind: str
    """The address prefix."""
    title: str
    fields: tuple[str, ...]
    """Those that the edit touches."""
    before: Spec
    after: Spec
    fate: Fate
    writes: tuple[str, ...] = ()
    """The simulator's operations that must be called, in order; no other that changes anything."""
    shows: Mapping[str, Any]
    """What the world shows afterwards, by field; every other field must show what it showed before."""
    around: tuple[Resource, ...] = ()
    """Declared beside it, before and after."""
    instead: tuple[Resource, ...] | None = None
    """Declared beside it after the edit, where that is something else."""

    @property
    def id(self) -> str:
        return f"{self.kind}.{'+'.join(self.fields)}-{self.title}".replace(" ", "-")


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What edits of one kind have in common."""

    kind: str
    base: Spec
    """The least that is valid; an edit's own fields come on top."""
    create: tuple[str, ...]
    """The writes of a replacement."""
    without: Mapping[str, Any]
    """What the world shows of a field that was declared and no longer is."""
    around: tuple[Resource, ...] = ()

    def edit(
        self,
        title: str,
        before: Spec,
        after: Spec,
        *writes: str,
        shows: Spec | None = None,
        fate: Fate | None = None,
        fields: tuple[str, ...] = (),
        around: tuple[Resource, ...] | None = None,
        instead: tuple[Resource, ...] | None = None,
    ) -> Edit:
        """From some fields to others, on top of the base; a field that is None is left out of it."""
        old, new = _filled({**self.base, **before}), _filled({**self.base, **after})
        touched = fields or tuple(name for name in {**old, **new} if old.get(name) != new.get(name))
        outcome = fate or (Fate.REPLACED if set(self.create) <= set(writes) else Fate.CHANGED)
        expected = {name: new[name] if name in new else self.without.get(name) for name in touched}
        return Edit(
            kind=self.kind,
            title=title,
            fields=touched,
            before=old,
            after=new,
            fate=outcome,
            writes=writes,
            shows={} if outcome in {Fate.REFUSED, Fate.LEFT, Fate.FOUND} else expected if shows is None else shows,
            around=self.around if around is None else around,
            instead=instead,
        )

    def refused(self, title: str, before: Spec, after: Spec, **more: Any) -> Edit:
        """One that cannot be had."""
        return self.edit(title, before, after, fate=Fate.REFUSED, **more)

    def left(self, title: str, before: Spec, **more: Any) -> Edit:
        """The fields are no longer declared, and what they are is the service's choice."""
        return self.edit(title, before, dict.fromkeys(before), fate=Fate.LEFT, **more)

    def three(self, field: str, first: Any, second: Any, *writes: str, **more: Any) -> Iterator[Edit]:
        """Added, changed, and removed again, all by the same means."""
        yield self.edit("add", {}, {field: first}, *writes, **more)
        yield self.edit("change", {field: first}, {field: second}, *writes, **more)
        yield self.edit("remove", {field: second}, {}, *writes, **more)

    def two(self, field: str, first: Any, second: Any, *writes: str, **more: Any) -> Iterator[Edit]:
        """Added and changed by the same means; when it is removed, the service keeps what it has."""
        yield self.edit("add", {}, {field: first}, *writes, **more)
        yield self.edit("change", {field: first}, {field: second}, *writes, **more)
        yield self.left("remove", {field: second})

    def found(self, first: str, second: str, *writes: str, beside: Resource) -> Iterator[Edit]:
        """A cluster that is found where it is not declared: by what stands `beside`, or where the object is."""
        yield self.edit("change", {"cluster": first}, {"cluster": second}, *writes)
        yield self.edit("add", {"cluster": None}, {"cluster": first}, fate=Fate.FOUND, around=(beside,))
        yield self.edit("remove", {"cluster": first}, {"cluster": None}, fate=Fate.FOUND)

    def required(self, field: str, first: Any, second: Any, *writes: str, **more: Any) -> Iterator[Edit]:
        """Changed; it cannot be removed."""
        yield self.edit("change", {field: first}, {field: second}, *writes, **more)
        yield self.refused("remove", {field: first}, {field: None})


def _filled(spec: Spec) -> Spec:
    return {name: value for name, value in spec.items() if value is not None}
