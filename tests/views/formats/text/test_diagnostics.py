"""Problems as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic, Severity
from novita_infra.views.content.diagnostics import excerpt
from novita_infra.views.content.lines import plain
from novita_infra.views.formats.text.diagnostics import diagnostic_lines


def _excerpt_of(*diagnostics: Diagnostic, text: str | None = None) -> str:
    return plain(diagnostic_lines(diagnostics, lambda _: text))


def test_an_error_shows_its_place_the_line_and_a_caret() -> None:
    wrong = Diagnostic('unknown field "imgae"', 'did you mean "image"?', origin=Origin("a.yaml", 2, 3))
    assert _excerpt_of(wrong, text="spec:\n  imgae: x\n") == (
        'error: a.yaml:2:3: unknown field "imgae"; did you mean "image"?\n     2 |   imgae: ********\n       |   ^\n'
    )


def test_an_error_without_a_file_is_one_line() -> None:
    assert _excerpt_of(Diagnostic("no key", "set NOVITA_API_KEY")) == "error: no key; set NOVITA_API_KEY\n"


def test_an_unreadable_file_costs_only_the_excerpt() -> None:
    assert _excerpt_of(Diagnostic("wrong", origin=Origin("gone.yaml", 1, 1))) == "error: gone.yaml:1:1: wrong\n"


def test_several_errors_are_counted_and_warnings_are_not() -> None:
    warning = Diagnostic("odd", severity=Severity.WARNING)
    assert _excerpt_of(warning, Diagnostic("a"), Diagnostic("b")).splitlines()[-1] == "2 errors."
    assert _excerpt_of(warning) == "warning: odd\n"


@pytest.mark.parametrize(
    "written",
    [
        "  password: hunter2",
        "  password: 'hunter2 and more'",
        "  API_TOKEN: hunter2",
        "login: {username: me, password: hunter2}",
        "- HF_TOKEN=hunter2",
        '  "secretKey": "hunter2"',
        "  password: hunter2,hunter2}hunter2",
        "  pasword: hunter2",
        "login: {username: me, passwrd: hunter2, password: hunter2}",
        "  registryLogn: me:hunter2",
        "tok: {type: string, secret: true, default: hunter2}",
        "tok: {default: 'hunter2, hunter2', secrt: true}",
        "tok: {type: string, secret: true, defalt: hunter2",
    ],
)
def test_a_line_that_may_hold_a_secret_is_shown_without_it(written: str) -> None:
    message = _excerpt_of(Diagnostic("wrong", origin=Origin("a.yaml", 1, 3)), text=written)
    assert "hunter2" not in message
    assert "********" in message


@pytest.mark.parametrize("number", [4, 8, 9, 10])
def test_what_a_secret_variable_is_given_is_not_shown_even_if_the_file_is_no_yaml(number: int) -> None:
    text = """\
variables:
  tok:
    type: string
    default: hunter2,hunter2

    secret: true
environments:
  dev: {variables: {tok: hunter2, tk: "hunter2, hunter2"}, patches: [}
  prod: {variables: {region: here, tok: hunter2
  odd: {variables: {tok: 'hunter2'}}
"""
    message = _excerpt_of(Diagnostic("wrong", origin=Origin("a.yaml", number, 1)), text=text)
    assert "hunter2" not in message
    assert "********" in message


def test_that_something_is_secret_is_no_secret() -> None:
    text = "variables:\n  tok: {type: string, secret: true, default: hunter2}  # of the hub"
    wrong = Diagnostic("wrong", origin=Origin("a.yaml", 2, 56))
    assert _excerpt_of(wrong, text=text).splitlines()[1:] == [
        "     2 |   tok: {type: string, secret: true, default: ********}  # of the hub",
        f"       | {' ' * 56}^",
    ]


def test_the_default_of_a_variable_that_is_not_secret_is_shown() -> None:
    text = "variables:\n  tok:\n    secret: true\n  region:\n    default: here"
    assert "default: here" in _excerpt_of(Diagnostic("wrong", origin=Origin("a.yaml", 5, 5)), text=text)


def test_what_is_known_to_be_secret_is_not_shown_whatever_its_name() -> None:
    wrong = Diagnostic("wrong", origin=Origin("a.vars.yaml", 1, 1), hidden=(7,))
    assert _excerpt_of(wrong, text="note: hunter2, and more\n").splitlines()[1] == "     1 | note: ********"
    whole = Diagnostic("wrong", origin=Origin("a", 1, 1), hidden=(0,))
    assert _excerpt_of(whole, text="hunter2") == "error: a:1:1: wrong\n"


def test_where_a_secret_comes_from_is_shown() -> None:
    message = _excerpt_of(
        Diagnostic("wrong", origin=Origin("a.yaml", 1, 13)), text="  password: {fromEnv: REGISTRY_PASSWORD}"
    )
    assert "{fromEnv: REGISTRY_PASSWORD}" in message


def test_the_caret_stands_below_its_column_as_a_terminal_shows_it() -> None:
    text = "kind: 日本語\u202ee\u0301 a-b\n"
    column = text.index("a-b") + 1
    _, row, caret = _excerpt_of(Diagnostic("wrong", origin=Origin("a.yaml", 1, column)), text=text).splitlines()
    assert row == "     1 | kind: 日本語\\u202ee\u0301 a-b"
    assert caret == "       | " + " " * len(r"kind: ......\u202ee ") + "^"


def test_a_message_with_foreign_lines_is_one_line() -> None:
    wrong = Diagnostic("no\nerror: forged", "see\r\nSuccess!", Origin("a\nb.yaml", 1, 1))
    assert _excerpt_of(wrong, text="") == "error: a\\nb.yaml:1:1: no\\nerror: forged; see\\r\\nSuccess!\n"


def test_a_very_long_line_is_cut_around_its_column() -> None:
    text = f"kind: {'a' * 4994}b{'c' * 5000}"
    found = excerpt(Diagnostic("wrong", origin=Origin("a.yaml", 1, 5001)), lambda _: text)
    assert found is not None
    text, column = found
    assert (len(text), text[column]) == (100, "b")


@given(st.text(), st.integers(1, 50), st.integers(1, 300))
def test_any_origin_in_any_text_can_be_shown(text: str, line: int, column: int) -> None:
    message = _excerpt_of(Diagnostic("wrong", origin=Origin("a.yaml", line, column)), text=text)
    assert message.startswith(f"error: a.yaml:{line}:{column}: wrong\n")
    assert "\x1b" not in message
