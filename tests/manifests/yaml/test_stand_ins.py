"""U+0085, U+2028 and U+2029: refused outside of quotes, ordinary characters inside, never a line end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.manifests.yaml.parsing import read_text
from novita_infra.manifests.yaml.positions import position_at

SEPARATORS = ["\x85", "\u2028", "\u2029"]
NAMES = {"\x85": "U+0085 (next line)", "\u2028": "U+2028 (line separator)", "\u2029": "U+2029 (paragraph separator)"}


@pytest.mark.parametrize("separator", SEPARATORS, ids=ascii)
@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        ("cluster: a\n# old name", "  name: other\n", "2:11"),
        ("name: one", "two\n", "1:10"),
        ("text: |\n  one", "two\n", "2:6"),
        ("list: [a,", " b]\n", "1:10"),
        ("a: 'closed' #", "b: 1\n", "1:14"),
        ("a: 1\n---\nb: 2", "\n", "3:5"),
    ],
    ids=["comment", "plain word", "block text", "flow list", "after quotes", "second document"],
)
def test_a_line_separator_outside_of_quotes_is_refused_with_its_place(
    separator: str, before: str, after: str, place: str
) -> None:
    parsed = read_text(before + separator + after, "a.yaml")
    assert [str(item) for item in parsed.diagnostics] == [
        f"a.yaml:{place}: the character {NAMES[separator]} stands outside of quotes; "
        "remove it, or write the value in double quotes"
    ]


@pytest.mark.parametrize("separator", SEPARATORS, ids=ascii)
@pytest.mark.parametrize("quote", ['"', "'"])
def test_a_line_separator_in_quotes_is_a_character_and_no_line_end(separator: str, quote: str) -> None:
    parsed = read_text(f"label: {quote}a{separator}b{quote}\nusername: 5\n", "a.yaml")
    assert parsed.diagnostics == []
    (document,) = parsed.documents
    assert document.data == {"label": f"a{separator}b", "username": 5}
    assert position_at(document.position, ("username",))[1:3] == (2, 11)


def test_a_line_separator_never_turns_a_comment_into_configuration() -> None:
    parsed = read_text("cluster: us\n# old name\u2028name: other\n", "a.yaml")
    assert parsed.documents[0].data == {"cluster": "us"}


def test_line_separators_after_a_syntax_error_are_found_in_the_next_document() -> None:
    parsed = read_text("a: '\u2028'\n---\nx: [\n---\ny: \"\u2029\"\nz: \u2028\n", "a.yaml")
    assert [document.data.get("y") for document in parsed.documents] == [None, "\u2029"]
    assert [str(item).partition(":")[2][:4] for item in parsed.diagnostics] == ["4:1:", "6:4:"]


@given(st.text(st.sampled_from(["\x85", "\u2028", "\u2029", "\ue000", "\ue001", "a", " "]), min_size=1))
def test_quoted_text_is_read_back_with_all_its_line_separators(text: str) -> None:
    parsed = read_text('a: "' + text + '"\n', "a.yaml")
    assert parsed.diagnostics == []
    assert parsed.documents[0].data == {"a": text}
