"""Expressions: what they give, and what is said of those that give nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.manifests.language.expressions import ExpressionError, Scope, Unusable, evaluate
from novita_infra.model.addresses import Address
from novita_infra.model.secret_names import is_secret_name
from novita_infra.model.values import Joined, Ref, Secret

TRAINER = Address("instance", "trainer")
EU = Address("instance", "worker", "eu")


def find(address: Address) -> None:
    if address not in (TRAINER, EU):
        raise Unusable(f"there is no {address}")


SCOPE = Scope(
    variables={"region": "eu", "count": 4, "fast": True, "disks": [1], "token": Secret("t", "var:token"), "lost": None},
    environ={"USER": "ann", "HF_TOKEN": "hf", "BROKEN": "\udcff"},
    attributes={"instance": ("id", "url"), "network_storage": ("id",)},
    find=find,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${var.region}", "eu"),
        ("${ var.region }", "eu"),
        ("${var.count}", 4),
        ("${var.fast}", True),
        ("${var.disks}", [1]),
        ("n${var.count}-${var.fast}", "n4-true"),
        ("${env.USER}", "ann"),
        ("${env.HF_TOKEN}", Secret("hf", "env:HF_TOKEN")),
        ("${var.token}", Secret("t", "var:token")),
        ("Bearer ${var.token}", Joined(("Bearer ", Secret("t", "var:token")))),
        ("${instance.trainer.id}", Ref(TRAINER)),
        ('${instance.worker["eu"].url}', Ref(EU, "url")),
        ("http://${instance.trainer.url}/${var.region}", Joined(("http://", Ref(TRAINER, "url"), "/", "eu"))),
        ("$${var.region}", "${var.region}"),
        ("$${HOME} ${var.region} $$", "${HOME} eu $$"),
        ("a $ {b} $", "a $ {b} $"),
    ],
)
def test_an_expression_gives_its_value(text: str, value: Any) -> None:
    assert evaluate(text, SCOPE) == (value, ())


def test_where_a_secret_is_wanted_every_value_is_wrapped_with_its_source() -> None:
    assert evaluate("${var.region}", SCOPE, secret=True) == (Secret("eu", "var:region"), ())
    assert evaluate("${env.USER}", SCOPE, secret=True) == (Secret("ann", "env:USER"), ())
    assert evaluate("a${var.count}", SCOPE, secret=True) == (Joined(("a", Secret("4", "var:count"))), ())
    assert evaluate("${instance.trainer.id}", SCOPE, secret=True) == (Ref(TRAINER), ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("${var.regoin}", 'there is no variable "regoin"; did you mean "region"?'),
        ("${env.NOT_THERE}", "the environment variable NOT_THERE is not set; set it: export NOT_THERE=..."),
        ("${env.BROKEN}", "the environment variable BROKEN is not UTF-8 text; "),
        (
            "${instanc.trainer.id}",
            '"instanc" in ${instanc.trainer.id} is no kind of resource; did you mean "instance"?',
        ),
        ("${instance.other.id}", "there is no instance.other; "),
        (
            "${instance.trainer}",
            "${instance.trainer} names no attribute; write ${instance.trainer.id}; attributes: id, url",
        ),
        ("${instance.trainer.urls}", 'instance has no attribute "urls"; did you mean "url"?'),
        ("${instance.trainer.spec.image}", 'instance has no attribute "spec.image"; known: id, url'),
        (
            "${var.region.x}",
            "${var.region.x} is not an expression; ${var.name} takes a single name of letters, digits and _",
        ),
        ("${var.region", 'the expression is not closed; add the missing "}", or write $${ for a literal ${'),
    ],
)
def test_a_wrong_expression_is_explained(text: str, said: str) -> None:
    value, errors = evaluate(text, SCOPE)
    assert value == text
    assert [f"{item.summary}; {item.hint}" for item in errors] == [said]


def test_what_looks_like_the_shell_is_pointed_at_the_escape() -> None:
    (errors,) = evaluate("echo ${HOME}", SCOPE)[1]
    assert errors.summary == "${HOME} is not an expression"
    assert "write $${HOME} for the plain text" in errors.hint


def test_every_wrong_expression_of_a_string_is_reported_with_its_count() -> None:
    value, errors = evaluate("${var.a} ${var.region} ${var.a}", SCOPE)
    assert value == "${var.a} ${var.region} ${var.a}"
    assert [(item.expression, item.nth) for item in errors] == [("${var.a}", 0), ("${var.a}", 1)]


def test_a_variable_that_was_complained_of_is_not_complained_of_again() -> None:
    assert evaluate("x ${var.lost}", SCOPE) == ("x ${var.lost}", ())


def test_a_list_cannot_stand_inside_a_text() -> None:
    assert evaluate("x ${var.disks}", SCOPE)[1] == (
        ExpressionError("", 0, "a list cannot stand inside a text", "let the expression be the whole value"),
    )


def test_names_that_sound_like_secrets_are_taken_for_secrets() -> None:
    assert all(map(is_secret_name, ["HF_TOKEN", "MY_SECRET", "PASSWORD", "DB_PASSWD", "API_KEY", "aws_credentials"]))
    assert not any(map(is_secret_name, ["USER", "HOME", "REGISTRY_USERNAME"]))


@given(st.text(st.sampled_from(list("${}vare.nisgo[]\"' \n")), max_size=40))
def test_no_text_makes_it_raise(text: str) -> None:
    value, errors = evaluate(text, SCOPE)
    assert value == text or not errors


@given(st.text(max_size=30))
def test_escaping_is_undone_exactly(text: str) -> None:
    assert evaluate(text.replace("${", "$${"), SCOPE) == (text, ()) or "$$" in text
