"""Lookups of objects that exist already: made by a person, or by another project. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from novita_infra.kinds.field import Secrecy
from novita_infra.kinds.kind import Kind
from novita_infra.kinds.toolkit.field_schemas import TEXT
from novita_infra.lookups.found import Criteria, NoAnswer
from novita_infra.lookups.lookup import ALL, CHOOSE, LookupType, Match, Matches, Needs, ReadSoFar
from novita_infra.model.diagnostics import nearest
from novita_infra.model.resources import PRESENT, Live
from novita_infra.model.values import Value

_ALL: Final = {"enum": [ALL], "description": "What to take where several fit: `all` of them, by id."}


def existing_object(kind: Kind, name: str, *, example: Mapping[str, Value]) -> LookupType:
    """The lookup of an object of the kind by name or id, under this name."""
    placed = kind.placement.cluster
    shown = {item.name: item.doc for item in kind.fields if item.secrecy is Secrecy.PUBLIC and not item.refers}
    cluster = {"cluster": {**TEXT, "description": "Its cluster, by id."}} if placed else {}
    attributes = {"id": "its id", "name": "its name", **{key: doc for key, doc in shown.items() if key != "name"}}

    def needs(_criteria: Criteria, _known: ReadSoFar) -> Needs:
        return Needs(lists=frozenset({kind.type}))

    def find(criteria: Criteria, known: ReadSoFar) -> Matches | NoAnswer:
        lives = [live for live in known.lists[kind.type] if live.phase in PRESENT]
        found = [live for live in lives if _fits(live, criteria, placed)]
        if not found:
            return _missing(kind, criteria, lives)
        ordered = sorted(found, key=lambda live: (live.name, live.id))
        return Matches(tuple(_match(live, attributes, placed) for live in ordered))

    return LookupType(
        name=name,
        summary=f"A {kind.name} that exists already.",
        criteria={
            "name": {**TEXT, "description": "Its name."},
            "id": {**TEXT, "description": "Its id."},
            **cluster,
            CHOOSE: _ALL,
        },
        one_of=("name", "id", *cluster),
        attributes=attributes,
        example=example,
        needs=needs,
        find=find,
        narrowing="id or cluster" if placed else "id",
    )


def _fits(live: Live, criteria: Criteria, placed: str) -> bool:
    has = {"name": live.name, "id": live.id, "cluster": live.values.get(placed)}
    return all(has[key] == value for key, value in criteria.items() if key != CHOOSE)


def _match(live: Live, attributes: Mapping[str, str], placed: str) -> Match:
    has = {**live.values, **live.outputs, "id": live.id, "name": live.name}
    where = f" in {live.values[placed]}" if placed and live.values.get(placed) else ""
    return Match(
        key=live.id,
        text=f"{live.name} ({live.id}){where}" if live.name else f"{live.id}{where}",
        attributes={name: has.get(name) for name in attributes},
    )


def _missing(kind: Kind, criteria: Criteria, lives: list[Live]) -> NoAnswer:
    asked = ", ".join(f'{key} "{value}"' for key, value in criteria.items() if key != CHOOSE)
    summary = f"the account has no {kind.name} with the {asked}"
    if not lives:
        return NoAnswer(summary, "it has none at all")
    key = "name" if "name" in criteria or "id" not in criteria else "id"
    known = sorted({live.name if key == "name" else live.id for live in lives} - {""})
    return NoAnswer(summary, nearest(str(criteria.get(key, "")), known))
