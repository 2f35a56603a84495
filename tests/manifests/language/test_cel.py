"""Expressions and CEL agree where both have a language: precedence, literals, escapes, operators."""

from __future__ import annotations

import cel
from draws import draws
from hypothesis import given, settings
from hypothesis import strategies as st

from novita_infra.manifests.language.expressions import evaluate, is_expression
from novita_infra.manifests.language.scope import DeclaredResources, Scope

VARIABLES = {"n": 3, "t": "a'b", "b": True, "l": [1, 2, 3], "m": {"a": 1, "b": {"c": "x"}}, "s": ["a", "b"]}
SCOPE = Scope(VARIABLES, {}, DeclaredResources(attributes={}))


def spaced(*parts: st.SearchStrategy[str] | str) -> st.SearchStrategy[str]:
    """The parts one after the other, with and without blanks between them."""
    words = [st.just(part) if isinstance(part, str) else part for part in parts]
    return st.tuples(st.sampled_from(["", " "]), *words).map(lambda made: made[0].join(made[1:]))


def any_of(*words: str) -> st.SearchStrategy[str]:
    return st.sampled_from(words)


def grouped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return inner.map(lambda text: f"({text})")


def choice(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return grouped(spaced(BOOLEANS, "?", inner, ":", inner))


NUMBERS: st.SearchStrategy[str] = st.deferred(
    lambda: st.one_of(
        any_of("0", "1", "7", "12", "var.n", "var.l[1]", "var.m.a", 'var.m["a"]', "[4, 5][0]", "{'k': 9}.k"),
        spaced(NUMBERS, any_of("+", "*", " - "), NUMBERS),
        spaced(NUMBERS, "%", any_of("2", "5")),
        spaced("-", grouped(NUMBERS)),
        grouped(NUMBERS),
        choice(NUMBERS),
    )
)
TEXTS: st.SearchStrategy[str] = st.deferred(
    lambda: st.one_of(
        any_of('"a"', "'b'", "var.t", "var.m.b.c", "var.s[0]", "''", '"it\'s"', "'a}b{'", '"é"'),
        any_of(r'"\n\t\\\""', r"'\'\x41\u00e9\U0001F600'", r"'\a\b\f\v\r\?\`'", r'"$\u007b"'),
        spaced(TEXTS, "+", TEXTS),
        grouped(TEXTS),
        choice(TEXTS),
    )
)
BOOLEANS: st.SearchStrategy[str] = st.deferred(
    lambda: st.one_of(
        any_of(
            "true", "false", "var.b", "1 in var.l", "'a' in var.m", "!(2 in [1])", "null == null", "var.t.contains('b')"
        ),
        spaced(NUMBERS, any_of("==", "!=", "<", "<=", ">", ">="), NUMBERS).map(lambda text: f"({text})"),
        spaced(TEXTS, any_of("==", "!=", "<", ">="), TEXTS).map(lambda text: f"({text})"),
        spaced(BOOLEANS, any_of("&&", "||"), BOOLEANS),
        spaced("!", grouped(BOOLEANS)),
        spaced(grouped(TEXTS), ".contains(", TEXTS, ")"),
        grouped(BOOLEANS),
        choice(BOOLEANS),
    )
)
LISTS = st.one_of(
    st.lists(NUMBERS, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
    st.lists(TEXTS, max_size=2).map(lambda items: f"[{','.join(items)}] + var.s"),
    st.tuples(TEXTS, NUMBERS).map(lambda pair: f"{{'k': {pair[0]}, 'n': {pair[1]}}}"),
)


@settings(max_examples=draws(30))
@given(st.one_of(NUMBERS, TEXTS, BOOLEANS, LISTS))
def test_cel_gives_the_same_value(expression: str) -> None:
    found = evaluate(f"${{{expression}}}", SCOPE)
    if found.errors and any(word in found.errors[0].summary for word in ("nested more than", "64 bits")):
        return  # CEL has other limits
    expected = cel.evaluate(expression.replace("var.", "var_."), {"var_": VARIABLES})
    assert found.errors == ()
    assert found.value == expected
    assert type(found.value) is type(expected)


TOKENS = "1 2 'a' true null var.n var.l + - * % == < && || ! ? : in ( ) [ ] { } , . 'k':"


@settings(max_examples=draws(100))
@given(st.lists(st.sampled_from(TOKENS.split()), min_size=1, max_size=9).map(" ".join))
def test_what_has_a_value_has_the_same_one_in_cel(expression: str) -> None:
    text = f"${{{expression}}}"
    found = evaluate(text, SCOPE)
    if found.usable and is_expression(text):
        expected = cel.evaluate(expression.replace("var.", "var_."), {"var_": VARIABLES})
        assert found.value == expected
        assert type(found.value) is type(expected)
