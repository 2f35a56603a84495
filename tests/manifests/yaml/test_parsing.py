"""Reading: values by the rules of YAML 1.2, a place for each, and no input that it does not survive."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.manifests.yaml.composing import DEEPEST
from novita_infra.manifests.yaml.parsing import MOST_ERRORS, read, read_text
from novita_infra.manifests.yaml.positions import Path, key_origin_at, label_of, origin_at
from novita_infra.model.addresses import Origin


def data_of(text: str) -> Any:
    reading = read_text(text, "a.yaml")
    assert reading.diagnostics == []
    assert len(reading.documents) == 1
    return reading.documents[0].data


def messages(text: str) -> list[str]:
    return [str(item) for item in read_text(text, "a.yaml").diagnostics]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("Off", "Off"),
        ("y", "y"),
        ("true", True),
        ("FALSE", False),
        ("tRUE", "tRUE"),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-0", 0),
        ("+12", 12),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        ("1:30:00", "1:30:00"),
        ("12e3", 12000.0),
        ("1e-3", 0.001),
        (".5", 0.5),
        ("5.", 5.0),
        ("1.2.3", "1.2.3"),
        ("2024-01-01", "2024-01-01"),
        ("-", [None]),
        ("--", "--"),
        ("-a", "-a"),
        (".", "."),
        ("9223372036854775807", 2**63 - 1),
        ("'12'", "12"),
        ('"true"', "true"),
        ("!!str 12", "12"),
        ("! 12", "12"),
        ("!!int 12", 12),
        ("!!null ''", None),
        ("=", "="),
        ("<<", "<<"),
    ],
)
def test_an_unquoted_word_means_what_yaml_1_2_says(written: str, meant: Any) -> None:
    value = data_of(f"key: {written}\n" if written != "-" else "key:\n  - \n")["key"]
    assert value == meant
    assert type(value) is type(meant)


def test_every_value_and_key_has_its_place() -> None:
    text = 'a: 1\nb:\n  - x\n  - {c: [y, "z"]}\nd:\n  e: |\n    two\n    lines\n'
    document = read_text(text, "a.yaml").documents[0]
    places = {(): (1, 1), ("a",): (1, 4), ("b",): (3, 3), ("b", 0): (3, 5), ("b", 1): (4, 5), ("b", 1, "c"): (4, 9)}
    places |= {("b", 1, "c", 1): (4, 13), ("d",): (6, 3), ("d", "e"): (6, 6)}
    assert {path: origin_at(document.position, path) for path in places} == {
        path: Origin("a.yaml", *place) for path, place in places.items()
    }
    assert key_origin_at(document.position, ("b", 1, "c")) == Origin("a.yaml", 4, 6)
    assert key_origin_at(document.position, ("d", "e")) == Origin("a.yaml", 6, 3)


def test_a_missing_value_is_placed_at_the_key_of_its_mapping() -> None:
    document = read_text("a:\n  b: 1\n", "a.yaml").documents[0]
    assert origin_at(document.position, ("a", "missing", 3)) == Origin("a.yaml", 1, 1)
    assert key_origin_at(document.position, ("a", "missing")) == Origin("a.yaml", 1, 1)


def test_columns_count_characters_and_not_bytes() -> None:
    document = read_text('{"größe 🚀": 1, b: 2}\n', "a.yaml").documents[0]
    assert key_origin_at(document.position, ("b",)) == Origin("a.yaml", 1, 16)


def test_a_byte_order_mark_and_foreign_line_ends_do_not_matter() -> None:
    reading = read(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n---\rc: 3\r", "a.yaml")
    assert [item.data for item in reading.documents] == [{"a": 1, "b": 2}, {"c": 3}]
    assert key_origin_at(reading.documents[0].position, ("b",)) == Origin("a.yaml", 2, 1)
    assert key_origin_at(reading.documents[1].position, ("c",)) == Origin("a.yaml", 4, 1)


@pytest.mark.parametrize(
    "text", ["", "\n\n", "# only words\n", "---\n---\n", "--- # x\n...\n", "~\n", "%YAML 1.2\n---\n"]
)
def test_a_file_without_content_has_no_documents_and_no_error(text: str) -> None:
    reading = read_text(text, "a.yaml")
    assert (reading.documents, reading.diagnostics, reading.torn) == ([], [], False)


def test_aliases_repeat_the_value_and_stand_where_they_are_used() -> None:
    document = read_text("a: &x {k: [1, 2]}\nb: *x\n", "a.yaml").documents[0]
    assert document.data == {"a": {"k": [1, 2]}, "b": {"k": [1, 2]}}
    assert origin_at(document.position, ("b",)) == Origin("a.yaml", 2, 4)
    assert origin_at(document.position, ("b", "k", 1)) == Origin("a.yaml", 1, 15)


def test_merge_keys_fill_in_what_is_not_written() -> None:
    text = (
        "base: &base {a: 1, b: 2}\nmore: &more {b: 3, c: 4}\none: {<<: *base, b: 9}\ntwo: {<<: [*base, *more], d: 5}\n"
    )
    data = data_of(text)
    assert data["one"] == {"a": 1, "b": 9}
    assert data["two"] == {"a": 1, "b": 2, "c": 4, "d": 5}


def test_a_quoted_merge_key_is_a_key_like_any_other() -> None:
    assert data_of('a: {"<<": 1}\n') == {"a": {"<<": 1}}


def test_an_anchor_does_not_outlive_its_document() -> None:
    assert messages("a: &x 1\n---\nb: *x\n") == [
        'a.yaml:3:4: this alias names no anchor above it; mark a value with &..., or write "*..." in quotes'
    ]


def test_aliases_of_aliases_are_counted_before_they_are_made() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    assert len(messages("\n".join(lines))) == 1


def test_a_chain_of_aliases_cannot_get_deeper_than_what_is_counted() -> None:
    lines = ["- &a0 [x]"] + [f"- &a{n} [*a{n - 1}]" for n in range(1, 5000)]
    assert "aliases repeat" in messages("\n".join(lines))[0]


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 10_000, "{a: " * 10_000, "? " * 10_000])
def test_no_depth_of_nesting_breaks_it(text: str) -> None:
    assert len(messages(text)) == 1


def test_as_deep_as_allowed_is_allowed() -> None:
    assert messages("[" * DEEPEST + "]" * DEEPEST) == []


def test_after_a_syntax_error_the_next_documents_are_read_with_their_lines() -> None:
    reading = read_text("a: [1\n---\nb: 2\n---\nc: 'x\n---\nd: 4\n", "a.yaml")
    assert [item.data for item in reading.documents] == [{"b": 2}, {"d": 4}]
    assert [item.origin for item in reading.diagnostics] == [Origin("a.yaml", 1, 4), Origin("a.yaml", 5, 4)]
    assert key_origin_at(reading.documents[1].position, ("d",)) == Origin("a.yaml", 7, 1)
    assert reading.torn


def test_a_file_of_nothing_but_errors_comes_to_an_end() -> None:
    assert len(messages("---\n@\n" * 500)) == MOST_ERRORS


def test_only_a_string_can_be_a_tagged_one() -> None:
    assert messages("a: !!binary aGk=\n") == [
        "a.yaml:1:4: the tag !!binary is not known; leave tags out; text that begins with ! needs quotes"
    ]


def test_whether_there_are_expressions_is_known_for_each_document() -> None:
    reading = read_text("a: ${var.x}\n---\na: 1\n---\n'a': \"x ${var.x}\"\n", "a.yaml")
    assert [item.expressions for item in reading.documents] == [True, False, True]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"a: \xff\n", "a.yaml:1:4: the byte 0xff is not UTF-8; save the file as UTF-8"),
        ("ä: 1\nb: é\n".encode() + b"\xe9", "a.yaml:3:1: the byte 0xe9 is not UTF-8; save the file as UTF-8"),
        (b"a: 1\n\0", "a.yaml:1:1: the file is binary, not text; a manifest is YAML in UTF-8"),
        ("a: ü\n".encode("utf-16-be"), "a.yaml:1:1: the file is UTF-16 or UTF-32 text; save it as UTF-8"),
        ("a: 1\n".encode("utf-32"), "a.yaml:1:1: the file is UTF-16 or UTF-32 text; save it as UTF-8"),
    ],
)
def test_decoding_names_the_place_of_the_first_wrong_byte(raw: bytes, message: str) -> None:
    assert [str(item) for item in read(raw, "a.yaml").diagnostics] == [message]


def test_a_file_of_unreasonable_size_is_not_read() -> None:
    assert "at most" in str(read(b" " * (64 * 2**20 + 1), "a.yaml").diagnostics[0])


def test_a_path_is_named_as_it_would_be_written() -> None:
    assert label_of(("spec", "ports", 0)) == "ports[0]"
    assert label_of(("metadata", "labels", "team")) == "metadata.labels.team"
    assert label_of(("spec",)) == "spec"


@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise(raw: bytes) -> None:
    read(raw, "a.yaml")


_SYNTAX = st.lists(
    st.sampled_from([*"ab1: \n\n  -[]{}'\"&*!|>%@`#,?\t~<$\\\u2028\x85\ufeff", "---\n", "<<: ", "&a ", "*a "])
)


@given(_SYNTAX.map("".join))
def test_no_pile_of_yaml_syntax_makes_it_raise(text: str) -> None:
    reading = read_text(text, "a.yaml")
    lines = text.count("\n") + text.count("\u2028") + text.count("\x85") + 1
    for item in reading.diagnostics:
        assert item.origin is not None
        assert 1 <= item.origin.line <= lines + 1


_TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029\ufeff\ufffe\uffff"))
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXTS
)
_TREES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4), max_leaves=20
)


def written(value: Any, *, indent: int, lines: list[str], path: Path, places: dict[Path, tuple[int, int]]) -> None:
    """Writes the value as block YAML and notes where each value begins."""
    match value:
        case dict() if value:
            for position, (name, item) in enumerate(value.items()):
                lines.append(" " * indent + quoted(name) + ":")
                if position == 0:
                    places[path] = (len(lines), indent + 1)
                below(item, indent=indent, lines=lines, path=(*path, name), places=places)
        case list() if value:
            for position, item in enumerate(value):
                lines.append(" " * indent + "-")
                if position == 0:
                    places[path] = (len(lines), indent + 1)
                below(item, indent=indent, lines=lines, path=(*path, position), places=places)
        case _:
            lines.append(" " * indent + plain(value))
            places[path] = (len(lines), indent + 1)


def below(item: Any, *, indent: int, lines: list[str], path: Path, places: dict[Path, tuple[int, int]]) -> None:
    if isinstance(item, (dict, list)) and item:
        written(item, indent=indent + 2, lines=lines, path=path, places=places)
        return
    places[path] = (len(lines), len(lines[-1]) + 2)
    lines[-1] += " " + plain(item)


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def plain(value: Any) -> str:
    match value:
        case str():
            return quoted(value)
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case float():
            return repr(value)
        case _:
            return str(value)


@given(_TREES.filter(lambda tree: tree is not None))
def test_whatever_is_written_comes_back_with_its_places(tree: Any) -> None:
    lines: list[str] = []
    places: dict[Path, tuple[int, int]] = {}
    written(tree, indent=0, lines=lines, path=(), places=places)
    reading = read(("---\n" + "\n".join(lines) + "\n").encode(), "a.yaml")
    assert reading.diagnostics == []
    document = reading.documents[0]
    assert document.data == tree
    for path, (line, column) in places.items():
        assert origin_at(document.position, path) == Origin("a.yaml", line + 1, column)
