"""Dotenv files are read as python-dotenv reads them, without the replacement of names, and a bad line is an error."""

from __future__ import annotations

import contextlib
import io
import re
import time

import pytest
from dotenv.parser import parse_stream
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.manifests.secrets.dotenv import NoDotenv, parse_dotenv

LINES = {
    "A=b": "b",
    "A = b ": "b",
    "export A=b": "b",
    "A=": "",
    "A=b # a comment": "b",
    "A=b#c": "b#c",
    "A= #c": "",
    "A=#c": "#c",
    "A='b # c' # d": "b # c",
    "A='it\\'s'": "it's",
    "A='b\\n'": "b\\n",
    'A="b\\n\\t\\"\\\\"': 'b\n\t"\\',
    'A="b\nc"': "b\nc",
    "A=b=c": "b=c",
    "A=${B}": "${B}",
    "'A'=b": "b",
    "A=b\r\nB=c\r\n": "b",
    "A=a\nA=b": "b",
    "\ufeffB=1\nA=b": "b",
    "# A=1\n\n  A=b": "b",
    'A="$(rm -rf ~)`id`"': "$(rm -rf ~)`id`",
}


@pytest.mark.parametrize(("text", "value"), LINES.items())
def test_a_dotenv_value_is_what_is_written(text: str, value: str) -> None:
    assert parse_dotenv(text)["A"] == value


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("A b", 1),
        ("A=1\n\n=b", 3),
        ("A=1\r\nB='c", 2),
        ("A=1\rB=2\rC='a' b", 3),
        ('A="b" c', 1),
        ("export", None),
        ("A", None),
        ("A='b\n\nB=\"c", 1),
    ],
)
def test_a_dotenv_line_that_is_none_is_named(text: str, line: int | None) -> None:
    if line is None:
        assert "A" not in parse_dotenv(text)
        return
    with pytest.raises(NoDotenv) as caught:
        parse_dotenv(text)
    assert caught.value.line == line


PIECES = st.sampled_from(
    [
        "A",
        "B1",
        "=",
        " = ",
        "'",
        '"',
        "\\",
        "\\n",
        "\\'",
        '\\"',
        "#",
        " #",
        " ",
        "\t",
        "\n",
        "\r\n",
        "\r",
        "export ",
        "$",
        "é",
    ]
)


@given(st.lists(PIECES, max_size=14).map("".join))
def test_every_dotenv_file_that_is_accepted_is_read_as_python_dotenv_reads_it(text: str) -> None:
    bindings = list(parse_stream(io.StringIO(text, newline="")))
    try:
        values = parse_dotenv(text)
    except NoDotenv:
        return
    assert not any(binding.error for binding in bindings)
    assert values == {item.key: item.value for item in bindings if item.key is not None and item.value is not None}


@given(st.lists(PIECES, max_size=14).map("".join))
def test_a_dotenv_file_is_refused_only_where_python_dotenv_sees_an_error_too(text: str) -> None:
    try:
        parse_dotenv(text)
    except NoDotenv:
        if not re.search(r"export[ \t]+#", text):
            assert any(binding.error for binding in parse_stream(io.StringIO(text, newline="")))


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=40))
def test_any_value_in_double_quotes_comes_back(value: str) -> None:
    written = value.replace("\\", "\\\\").replace('"', '\\"')
    assert parse_dotenv(f'A="{written}"') == {"A": value}


@pytest.mark.parametrize(
    "text", [" " * 10**6, "A=" + " \t" * 5 * 10**5 + "x", "A='" + "\\'" * 5 * 10**5, "'" * 10**6, "#" * 10**6]
)
def test_a_dotenv_file_of_a_megabyte_takes_linear_time(text: str) -> None:
    began = time.process_time()
    with contextlib.suppress(NoDotenv):
        parse_dotenv(text)
    assert time.process_time() - began < 2
