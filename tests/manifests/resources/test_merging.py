"""Merging of patches: mappings by names, lists by the key of their entries; every value keeps its place."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from novita_infra.kinds import KINDS
from novita_infra.manifests.resources.merging import DIRECTIVE, Merged, Placed, entry_key_of, merge
from novita_infra.manifests.yaml.positions import Path, Position, inside, position_at
from novita_infra.model.diagnostics import Severity

NAMES = st.sampled_from("abc")
SCALARS = st.integers(0, 3) | st.sampled_from(["x", "y"]) | st.booleans()
MAPS = st.recursive(
    st.dictionaries(NAMES, SCALARS | st.lists(SCALARS, max_size=2), max_size=3),
    lambda inner: st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)
ENTRIES = st.builds(lambda key, rest: {"key": key, **rest}, st.integers(0, 4), MAPS)
UNIQUE = st.lists(ENTRIES, max_size=4, unique_by=lambda entry: entry["key"])
BASES = st.fixed_dictionaries({}, optional={"mounts": UNIQUE, "a": MAPS, "b": SCALARS, "c": st.lists(SCALARS)})
WORDS = st.sampled_from(["delete", "replace", "delet"])
CHANGED_MAPS = st.recursive(
    st.dictionaries(NAMES, SCALARS | st.none() | st.lists(SCALARS, max_size=2), max_size=3)
    | st.builds(lambda word, rest: {DIRECTIVE: word, **rest}, WORDS, MAPS),
    lambda inner: st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)
CHANGED = st.builds(lambda key, rest: {"key": key, **rest}, st.integers(0, 4), CHANGED_MAPS)
ANY_ENTRY = CHANGED | MAPS | SCALARS | st.just({DIRECTIVE: "replace"})
PATCHES = st.fixed_dictionaries(
    {},
    optional={
        "mounts": st.lists(CHANGED, max_size=4) | st.lists(ANY_ENTRY, max_size=3) | SCALARS | CHANGED_MAPS,
        "a": CHANGED_MAPS | st.none(),
        "b": CHANGED_MAPS | SCALARS,
        "c": st.lists(ANY_ENTRY, max_size=3),
        DIRECTIVE: WORDS,
    },
)


def placed(data: Any, file: str = "base") -> Placed:
    """The data with a line of its own for every value."""
    lines = count(1)

    def position(value: Any) -> Position:
        line = next(lines)
        inner: dict[str, Position] | list[Position] | None = None
        if isinstance(value, dict):
            inner = {name: position(item) for name, item in value.items()}
        elif isinstance(value, list):
            inner = [position(item) for item in value]
        return (file, line, 1, line, 1, inner)

    return Placed(data, position(data))


def keyed(path: Path) -> str:
    return "key" if path == ("mounts",) else ""


def merged(base: Any, patch: Any) -> Merged:
    return merge(placed(base), placed(patch, "patch"), keyed)


def said(found: Merged) -> list[str]:
    return [f"{item.origin.line if item.origin else 0}: {item.summary}; {item.hint}" for item in found.diagnostics]


def entries(*keys: Any) -> dict[str, Any]:
    return {"mounts": [{"key": key, "n": 1} for key in keys]}


@given(BASES)
def test_merging_with_nothing_changes_nothing(base: Any) -> None:
    found = merged(base, {})
    assert (found.data, found.position) == placed(base)
    assert [*found.diagnostics, *found.replaced, *found.absent] == []


@given(BASES, PATCHES)
def test_merging_a_patch_twice_is_merging_it_once(base: Any, patch: Any) -> None:
    once = merged(base, patch)
    again = merge(Placed(once.data, once.position), placed(patch, "patch"), keyed)
    assert (again.data, again.position) == (once.data, once.position)


@given(BASES, PATCHES)
def test_a_directive_never_reaches_the_result(base: Any, patch: Any) -> None:
    assert DIRECTIVE not in json.dumps(merged(base, patch).data)


@given(UNIQUE, st.lists(CHANGED, max_size=4))
def test_entries_keep_the_order_of_the_base_and_new_ones_follow(base: list[Any], patch: list[Any]) -> None:
    found = merged({"mounts": base}, {"mounts": patch})
    known = [entry["key"] for entry in base]
    keys = [entry["key"] for entry in found.data["mounts"]]
    remaining = [key for key in known if key in keys]
    assert keys[: len(remaining)] == remaining
    assert set(keys[len(remaining) :]).isdisjoint(known)
    assert len(set(keys)) == len(keys)


@given(BASES, PATCHES)
def test_every_value_of_a_merge_has_a_place_in_the_base_or_the_patch(base: Any, patch: Any) -> None:
    one, other = placed(base), placed(patch, "patch")
    found = merge(one, other, keyed)
    lines = {"base": leaves(one), "patch": leaves(other)}
    for place, value in leaves(Placed(found.data, found.position)).items():
        assert lines[place[0]][place] == value


def leaves(tree: Placed) -> dict[tuple[str, int], Any]:
    """The single values by file and line."""
    data, position = tree
    if isinstance(data, (dict, list)):
        parts = data if isinstance(data, dict) else range(len(data))
        inner = [leaves(Placed(data[part], inside(position, part))) for part in parts]
        return {place: value for found in inner for place, value in found.items()}
    return {(position[0], position[1]): data}


def test_an_entry_with_the_same_key_is_merged_and_keeps_its_place() -> None:
    found = merged(entries("x", "y"), {"mounts": [{"key": "y", "n": None, "m": 2}, {"key": "z"}]})
    assert found.data == {"mounts": [{"key": "x", "n": 1}, {"key": "y", "m": 2}, {"key": "z"}]}
    files = [position_at(found.position, ("mounts", *path))[0] for path in ((0,), (1, "key"), (1, "m"), (2,))]
    assert files == ["base", "base", "patch", "patch"]
    assert position_at(found.position, ("mounts",))[0] == "base"


def test_keys_are_compared_as_written_whatever_their_type() -> None:
    base = {"mounts": [{"key": {"id": "1"}, "n": 1}, {"key": "1", "n": 1}, {"key": 1, "n": 1}, "${var.more}"]}
    found = merged(base, {"mounts": [{"key": {"id": "1"}, "n": 2}, {"key": "1", "n": 3}, {"key": 1, "n": 4}]})
    assert found.data["mounts"] == [
        {"key": {"id": "1"}, "n": 2},
        {"key": "1", "n": 3},
        {"key": 1, "n": 4},
        "${var.more}",
    ]


def test_delete_removes_an_entry_and_replace_stands_against_merging() -> None:
    assert merged(entries("x", "y"), {"mounts": [{DIRECTIVE: "delete", "key": "x"}]}).data == entries("y")
    alone = merged(entries("x", "y"), {"mounts": [{DIRECTIVE: "replace", "key": "x", "m": 2}]})
    assert alone.data == {"mounts": [{"key": "x", "m": 2}, {"key": "y", "n": 1}]}
    whole = merged(entries("x", "y"), {"mounts": [{"key": "z"}, {DIRECTIVE: "replace"}]})
    assert whole.data == {"mounts": [{"key": "z"}]}
    scalars = merged({"c": [1, 2]}, {"c": [{DIRECTIVE: "replace"}, 3]})
    assert scalars.data == {"c": [3]}
    mapping = merged({"a": {"x": 1, "y": {"z": 2}}}, {"a": {DIRECTIVE: "replace", "y": {}}})
    assert mapping.data == {"a": {"y": {}}}
    for found in (alone, whole, scalars, mapping):
        assert [*found.diagnostics, *found.replaced, *found.absent] == []


def test_deleting_an_absent_entry_names_the_keys_that_exist() -> None:
    found = merged(entries("x", "y"), {"mounts": [{DIRECTIVE: "delete", "key": "z"}]})
    (absent,) = found.absent
    assert (absent.path, absent.key, absent.wanted, absent.known) == (("mounts",), "key", '"z"', ('"x"', '"y"'))
    assert (absent.place.file, absent.place.line) == ("patch", 3)
    assert found.data == entries("x", "y")
    assert len(merged({}, {"mounts": [{DIRECTIVE: "delete", "key": "z"}]}).absent) == 1


def test_a_key_that_stands_twice_in_the_base_is_reported_where_a_patch_names_it() -> None:
    base = entries("x", "x", "y")
    assert not merged(base, {"mounts": [{"key": "y", "n": 2}]}).diagnostics
    found = merged(base, {"mounts": [{"key": "x", "n": 2}]})
    assert found.data == base
    assert said(found) == [
        '3: mounts has two entries with key "x": the patch cannot tell which is meant; '
        "they are at base:3:1 and base:6:1; let only one have it"
    ]


def test_an_empty_list_of_a_patch_is_reported_because_it_changes_nothing() -> None:
    found = merged(entries("x"), {"mounts": []})
    assert found.data == entries("x")
    assert found.diagnostics[0].severity is Severity.WARNING
    assert said(found) == [
        "2: the empty list changes nothing: entries of mounts are merged; "
        "null removes the list; an entry {$patch: delete} with its key removes one entry"
    ]
    assert not merged({}, {"mounts": []}).diagnostics
    assert merged({}, {"mounts": []}).data == {"mounts": []}


def test_a_list_with_other_entries_than_mappings_is_replaced_and_reported() -> None:
    found = merged(entries("x"), {"mounts": ["${var.mount}"]})
    assert found.data == {"mounts": ["${var.mount}"]}
    (replaced,) = found.replaced
    assert (replaced.path, replaced.before) == (("mounts",), entries("x")["mounts"])
    assert [item.path for item in merged(entries("x"), {"mounts": "${var.mounts}"}).replaced] == [("mounts",)]


def test_texts_with_a_port_are_merged_by_their_port() -> None:
    def ports(base: list[Any], patch: list[Any]) -> Any:
        found = merge(placed({"ports": base}), placed({"ports": patch}, "patch"), lambda _: "port")
        assert not found.replaced
        assert not found.diagnostics
        return found.data["ports"], [item.key for item in found.absent]

    base = ["22/tcp", "8888/http"]
    assert ports(base, ["6006/http"]) == (["22/tcp", "8888/http", "6006/http"], [])
    assert ports(base, ["8888/tcp", "22/tcp"]) == (["22/tcp", "8888/tcp"], [])
    assert ports(base, [{"$patch": "delete", "port": 22}, "80/http"]) == (["8888/http", "80/http"], [])
    assert ports(base, [{"$patch": "delete", "port": "8888/http"}]) == (["22/tcp"], [])
    assert ports(base, [{"$patch": "delete", "port": 9}]) == (base, ["port"])
    assert ports(base, [{"$patch": "replace"}, "80/http"]) == (["80/http"], [])
    assert ports(["${var.port}/http"], ["${var.port}/tcp"]) == (["${var.port}/tcp"], [])


def test_the_fields_of_kinds_say_by_which_key_their_entries_are_merged() -> None:
    keys = {
        f"{kind.type}.{field.name}": entry_key_of(kind)(("spec", field.name))
        for kind in KINDS.values()
        for field in kind.fields
        if field.schema.get("type") == "array" and field.schema["items"].get("type") == "object"
    }
    assert keys == {
        "endpoint.networkStorages": "mountPath",
        "instance.networkStorages": "mountPath",
        "instance.tools": "name",
    }
    assert entry_key_of(KINDS["instance"])(("spec", "ports")) == "port"
    assert entry_key_of(KINDS["instance"])(("lifecycle", "networkStorages")) == ""
