"""Credentials of registries: never edited, without an owner mark and without a status."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edits import Edit, Subject
from hypothesis import strategies as st

from kind_facts.common import attribute, deletes
from kind_facts.facts import Fleet, FleetPart, KindFacts, OutsiderCalls

AUTH = Subject(
    kind="registry_auth",
    base={"username": "bot", "password": {"fromEnv": "OLD"}},
    create=("registry_auths.save", "registry_auths.delete"),
    without={"name": "it"},
)


def _edits() -> Iterator[Edit]:
    """A credential is never edited: the new one is created first, then the old one is deleted."""
    replaced = AUTH.create
    yield from AUTH.three("name", "other", "another", *replaced)
    yield from AUTH.required("username", "bot", "robot", *replaced)
    new = {"password": {"fromEnv": "NEW"}}
    yield AUTH.edit("change", {}, new, *replaced, shows={"password": "new-secret"})
    yield AUTH.refused("remove", {}, {"password": None})
    shows = {"password": "new-secret", "name": "other"}
    yield AUTH.edit("replaced", {}, {**new, "name": "other"}, *replaced, shows=shows)


def _specs(fleet: Fleet) -> dict[str, dict[str, Any]]:
    return {
        name: {"username": fleet.draw(st.sampled_from("uv")), "password": "p"}
        for name in fleet.choose("registry_auth", "ab")
    }


def _create(name: str, spec: Mapping[str, Any], apart: bool) -> tuple[str, dict[str, Any]]:
    user = "outsider" if apart else spec.get("username", "u")
    return "registry_auths.save", {"name": name, "username": user, "password": "theirs"}


FACTS = KindFacts(
    kind="RegistryAuth",
    example_edit={"username": "edited"},
    table="registry_auths",
    edits=tuple(_edits()),
    sights={name: attribute(name) for name in ("name", "username", "password")},
    outsiders=OutsiderCalls(
        create=_create, delete=deletes("registry_auths.delete"), marked=False, apart=("username", "outsider")
    ),
    fleet=FleetPart(order=0, specs=_specs, wished={"a": "hub"}),
    given={
        "auth": (
            "/repository/auth/save",
            {"name": "hub", "username": "robot", "password": "hunter2"},
            0,
            "registry_auths",
        )
    },
    operations={"create": "save"},
    has_status=False,
)
