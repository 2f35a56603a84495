"""Expressions: what they give, and what is reported of those that give nothing."""

# ruff: noqa: E501 -- a table of messages

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.manifests.language.expressions import evaluate
from novita_infra.manifests.language.scope import DeclaredResources, Scope
from novita_infra.model.addresses import Address
from novita_infra.model.computing.effort import Missing, Uncomputable
from novita_infra.model.values import Computation, Ref, Secret, Value, is_secret_name, joined_text

TRAINER = Address("instance", "trainer")
WORKER = Address("instance", "worker-1")
EU, US = Address("instance", "pool", "eu"), Address("instance", "pool", "us")
HUSH = Secret("hush", "var:token")
URL = Ref(TRAINER, "url")


def find(address: Address) -> None:
    if address not in (TRAINER, WORKER, EU, US):
        raise Uncomputable(f"there is no {address}")


def keys(base: Address) -> tuple[str, ...]:
    find(Address(base.type, base.name, "eu") if base.name == "pool" else base)
    return ("eu", "us") if base.name == "pool" else ("",)


def read(address: Address, name: str) -> Value:
    if name == "gpuCount":
        return 4
    raise Missing(f"{address} does not declare {name}", "declare it")


SCOPE = Scope(
    variables={
        "region": "eu",
        "count": 4,
        "price": 0.1,
        "fast": True,
        "token": HUSH,
        "lost": None,
        "text": "${var.region}",
        "disks": [{"name": "a", "gb": 10}, {"name": "b", "gb": 20}],
        "conf": {"a": {"b": 1}, "key": HUSH},
    },
    environ={"USER": "ann", "HF_TOKEN": "hf", "BROKEN": "\udcff"},
    resources=DeclaredResources(
        attributes={"instance": ("id", "url", "endpoints"), "network_storage": ("id",)},
        find=find,
        fields={"instance": ("gpuCount", "image")},
        read=read,
        keys=keys,
    ),
    named={"project": {"name": "demo"}, "environment": {"name": "dev"}},
)


def value_of(text: str) -> Value:
    found = evaluate(text, SCOPE)
    assert found.errors == ()
    return found.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${var.region}", "eu"),
        ("${ var.region }", "eu"),
        ("${var.count}", 4),
        ("${var.fast}", True),
        ("${var.disks}", [{"name": "a", "gb": 10}, {"name": "b", "gb": 20}]),
        ("n${var.count}-${var.fast}-${var.price}", "n4-true-0.1"),
        ("${env.USER}", "ann"),
        ("${env.HF_TOKEN}", Secret("hf", "env:HF_TOKEN")),
        ("${var.token}", HUSH),
        ("Bearer ${var.token}", Secret("Bearer hush", "var:token", joined_text(("Bearer ", HUSH)))),
        ("${instance.trainer.id}", Ref(TRAINER)),
        ("${instance.worker-1.url}", Ref(WORKER, "url")),
        ('${instance.pool["eu"].url}', Ref(EU, "url")),
        ('${instance.pool[var.region + ""].url}', Ref(EU, "url")),
        ("${instance.pool[*].url}", [Ref(EU, "url"), Ref(US, "url")]),
        ("${instance.trainer[*].url}", [URL]),
        ("${instance.trainer.gpuCount}", 4),
        ('${instance.trainer.endpoints["22/tcp"]}', Computation("[]", (Ref(TRAINER, "endpoints"), "22/tcp"))),
        ("http://${instance.trainer.url}/${var.region}", joined_text(("http://", URL, "/", "eu"))),
        ("${project.name}-${environment.name}", "demo-dev"),
        ("$${var.region}", "${var.region}"),
        ("$${HOME} ${var.region} $$", "${HOME} eu $$"),
        ("$$${var.region}", "$${var.region}"),
        ("a $ {b} $", "a $ {b} $"),
        ("${var.text}", "${var.region}"),
        ("${var.text + var.text}", "${var.region}${var.region}"),
        ("${var.disks[1].name}", "b"),
        ("${var.disks[*].gb}", [10, 20]),
        ('${var.conf.a["b"]}', 1),
        ("${{'a': [1, 2.5, null, true,], \"b\": {}}}", {"a": [1, 2.5, None, True], "b": {}}),
        ("${1 + 2 * 3 - 4 / 8}", 6.5),
        ("${(1 + 2) * 3 % 4}", 1),
        ("${-7 % 4}", -3),
        ("${7 / 2 * 2}", 7),
        ("${var.price + 0.2}", 0.3),
        ("${9007199254740993 + 0}", 9007199254740993),
        ("${var.count > 3 && !false || 1 == 2}", True),
        ("${1.0 == 1 && 'a' != 'b' && 'a' < 'b' && null == null && var.region != null}", True),
        ("${'eu' in ['eu', 'us'] && 'a' in var.conf && !(1 in ['1'])}", True),
        ("${var.fast ? var.count > 9 ? 1 : 2 : 3}", 2),
        ("${false && var.conf.none}", False),
        ("${true ? 1 : var.conf.none}", 1),
        (r"""${"a\"\\\n\u00e9\x41" + 'b\'"'}""", 'a"\\\né\x41b\'"'),
        ("${'a}' + \"{$\"}", "a}{$"),
        ("${default(var.conf.none, 'x')}", "x"),
        ("${default(env.NOT_THERE, 'x')}", "x"),
        ("${default(instance.trainer.image, 'x')}", "x"),
        ("${coalesce('', null, env.NOT_THERE, 'x')}", "x"),
        ("${length(var.conf)}", 2),
        ("${length([var.token, instance.trainer.url])}", 2),
        ("${keys(var.conf)}", ["a", "key"]),
        ("${merge(var.conf, {'a': 1})}", {"a": 1, "key": HUSH}),
        ("${[var.token] + ['x']}", [HUSH, "x"]),
        ("${'a,b'.split(',').join('-').replace('a', 'c').trim().contains('c-')}", True),
    ],
)
def test_an_expression_gives_its_value(text: str, value: Any) -> None:
    found = value_of(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "clear"),
    [
        ("${upper(var.token)}", "HUSH"),
        ("${var.token + '!'}", "hush!"),
        ("${join(',', [var.token, 'a'])}", "hush,a"),
        ("${jsonencode(var.conf)}", '{"a":{"b":1},"key":"hush"}'),
        ("${length(var.token) > 3 ? 'long' : 'short'}", "long"),
        ("${{'hush': 'x'}[var.token]}", "x"),
        ("${var.token == 'hush' && true ? 'yes' : 'no'}", "yes"),
        ("${coalesce(var.token, 'x')}", "hush"),
        ("${length(var.token)}${var.region}", "4eu"),
        ("${format('%s/%s', var.region, env.HF_TOKEN)}", "eu/hf"),
        ("${var.conf.key}", "hush"),
        ("${base64encode(sha256(var.token)) == '' ? 'a' : 'b'}", "b"),
        ("${split('u', var.token)[0]}", "h"),
    ],
)
def test_a_value_computed_from_a_secret_is_a_secret(text: str, clear: str) -> None:
    found = value_of(text)
    assert isinstance(found, Secret)
    assert found.value == clear
    assert set(found.source.split("+")) <= {"var:token", "env:HF_TOKEN"}


@pytest.mark.parametrize("text", ["${length(var.token)}", "${var.token == 'a'}", "${[var.token == 'a']}"])
def test_a_number_computed_from_a_secret_is_refused(text: str) -> None:
    (error,) = evaluate(text, SCOPE).errors
    assert error.summary == "a number, or true or false, that is computed from a secret cannot be kept secret"


@pytest.mark.parametrize(
    "text",
    [
        "${{'a': 1}[var.token]}",
        "${['a'][var.token]}",
        "${var.token + 1}",
        "${format(var.token + '%q', 1)}",
        "${range(length(var.token) * 100000)}",
        "${var.token in 'x'}",
        "${instance.pool[var.token].url}",
        "${file(var.token)}",
        "${{var.token: 1}}",
        "${-var.token}",
    ],
)
def test_no_message_about_a_computation_shows_its_secret(text: str) -> None:
    (error,) = evaluate(text, SCOPE).errors
    assert "hush" not in f"{error.summary} {error.hint}"


@pytest.mark.parametrize(
    ("text", "function"),
    [
        ("${instance.trainer.url + '/x'}", "+"),
        ("${upper(instance.trainer.url)}", "upper"),
        ("${instance.trainer.url == 'x' ? 1 : 2}", "?:"),
        ("${default(instance.trainer.url, 'x')}", "default"),
        ("${join(',', instance.pool[*].url)}", "join"),
        ("${instance.trainer.endpoints[*].url}", "[*]"),
        ("${merge(instance.trainer.endpoints, {'a': 1})}", "merge"),
        ("${true && instance.trainer.url == ''}", "=="),
    ],
)
def test_a_computation_over_a_reference_waits_for_it(text: str, function: str) -> None:
    found = value_of(text)
    assert isinstance(found, Computation)
    assert found.function == function
    hash(found)


def test_where_a_secret_is_wanted_every_value_is_wrapped_with_its_source() -> None:
    def secret(text: str) -> Value:
        return evaluate(text, SCOPE, secret=True).value

    assert secret("${var.region}") == Secret("eu", "var:region")
    assert secret("${env.USER}") == Secret("ann", "env:USER")
    assert secret("a${var.count}").value == "a4"
    assert secret("${upper(var.region)}").value == "EU"
    assert secret("${instance.trainer.id}") == Ref(TRAINER)


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("${var.regoin}", 6, 'there is no variable "regoin"; did you mean "region"?'),
        ("a ${env.NOT_THERE}", 8, "the environment variable NOT_THERE is not set; set it: export NOT_THERE=..."),
        ("${env.BROKEN}", 6, "the environment variable BROKEN is not UTF-8 text"),
        ("${instanc.trainer.id}", 2, '"instanc" is no kind of resource; did you mean "instance"?'),
        ("${instance.other.id}", 11, "there is no instance.other"),
        (
            "${instance.trainer}",
            2,
            "instance.trainer names no attribute; write instance.trainer.id; attributes: id, url, endpoints",
        ),
        ("${instance.trainer.urls}", 19, 'instance has no attribute "urls"; did you mean "url"?'),
        ("${instance.trainer.imag}", 19, 'instance has no attribute "imag"; did you mean "image"?'),
        ("${instance.trainer.image}", 19, "instance.trainer does not declare image; declare it"),
        (
            "${instance.pool[1].url}",
            16,
            "the key of a resource is a text that is known before apply and not secret; "
            'write instance.pool["eu"], or instance.pool[*] for all; keys: "eu", "us"',
        ),
        ("${var.region.x}", 13, "a text has no items; a list or a map has"),
        ("${var.conf.aa}", 11, 'there is no key "aa"; did you mean "a"?'),
        ("${var.disks[2].gb}", 12, "there is no item 2 in a list of 2; positions count from 0"),
        ("${project.nme}", 10, 'project has no "nme"; did you mean "name"?'),
        ("${var.region", 0, 'the expression is not closed; add the missing "}", or write $${ for a literal ${'),
        (
            "${HOME}",
            2,
            '"HOME" is not an expression; write ${env.HOME} for a variable of this environment, and $${HOME} for a plain '
            "${HOME}",
        ),
        ("${HOME:-x}", 6, '":" is not expected here; write $${ for a plain ${'),
        ("${}", 2, 'the expression is empty; such as var.x, env.X, instance.trainer.id, 12 or "text"'),
        ("${1 +}", 5, 'a value is missing before its end; such as var.x, env.X, instance.trainer.id, 12 or "text"'),
        ("${(1}", 4, '"}" closes nothing; "(" is closed by ")"'),
        ("${(1", 2, '"(" is not closed; add the missing ")"'),
        ("${(1]}", 4, '"]" closes nothing; "(" is closed by ")"'),
        ("${'a}", 2, "this text has no end; add the missing '"),
        (r"${'\q'}", 3, r"\q is no escape; write \\ for a backslash, \n, \t, \" or \u00e9"),
        ("${1 = 2}", 4, "'=' has no meaning in an expression; equality is =="),
        ("${1 2}", 4, '"2" is not expected here; an operator is missing before it'),
        ("${12ab}", 2, "this is no number; a number is written 12 or 1.5"),
        ("${uper('a')}", 2, 'there is no function "uper"; did you mean "upper"?'),
        ("${upper(1)}", 2, "upper wants a text as argument 1, not a number; write upper(text)"),
        ("${join(',')}", 2, "join takes 2 arguments, not 1; write join(separator, list)"),
        (
            "${'a'.upper()}",
            6,
            'there is no method "upper"; write upper(...); methods: .contains(), .join(), .replace(), .split(), .trim()',
        ),
        (
            "${'1' == 1}",
            6,
            "a text is compared with a number; the environment gives only texts: write the other side in quotes",
        ),
        ("${1 ? 2 : 3}", 4, "true or false is wanted, not a number; compare it: ==, !=, <, in"),
        ("${1 / 0}", 4, "a division by zero"),
        ("${9223372036854775807 + 1}", 22, "the result is a whole number of more than 64 bits"),
        (
            "${'a' + 1}",
            6,
            'a text and a number cannot be added; a text is added to a text; other values stand in a text as format("%s", value)',
        ),
        (
            "x ${var.disks}",
            2,
            "a list cannot stand inside a text; let the expression be the whole value, or use join or jsonencode",
        ),
        ("x ${null}", 2, 'null cannot stand inside a text; give it another value: default(..., "")'),
        ("${range(10 * 1000 * 1000 * 1000)}", 2, "range gives 10,000,000,000 numbers; at most 10,000"),
        ("${file('a')}", 7, "file cannot be used here"),
    ],
)
def test_a_wrong_expression_is_explained_at_its_character(text: str, column: int, message: str) -> None:
    found = evaluate(text, SCOPE)
    assert found.value == text
    assert not found.usable
    (error,) = found.errors
    assert f"{error.summary}; {error.hint}".removesuffix("; ") == message
    assert error.at == column


def test_every_wrong_expression_of_a_string_is_reported() -> None:
    found = evaluate("${var.a} ${var.region} ${1 +} ${var.b}", SCOPE)
    assert [(item.at, item.written) for item in found.errors] == [(6, "${var.a}"), (28, "${1 +}"), (36, "${var.b}")]


def test_a_string_of_thousands_of_wrong_expressions_is_reported_briefly() -> None:
    assert len(evaluate("${x}" * 5000, SCOPE).errors) == 20


def test_a_variable_that_is_reported_already_is_not_reported_again() -> None:
    for text in ("x ${var.lost}", "${upper(var.lost)}", "${default(var.lost, 1)}"):
        found = evaluate(text, SCOPE)
        assert (found.value, found.errors, found.usable) == (text, (), False)


def test_the_resources_that_expressions_name_are_collected() -> None:
    found = evaluate("${instance.trainer.gpuCount} ${true ? 1 : 2} ${join('', instance.pool[*].url)}", SCOPE)
    assert found.needs == {TRAINER, EU, US}


@pytest.mark.parametrize(
    "text",
    [
        "${" + "(" * 60 + "1" + ")" * 60 + "}",
        "${" + "!" * 60 + "true}",
        "${" + "1+" * 60 + "1}",
        "${" + "1?1:" * 60 + "1}",
        "${" + "[" * 60 + "]" * 60 + "}",
        "${1" + " " * 5000 + "}",
        "${" + "var.a" + "[0]" * 60 + "}",
        "${replace('" + "a" * 1000 + "', 'a', '" + "b" * 1000 + "')}",
        "${join('" + "a" * 1000 + "', range(1000))}",
        "${" + "'\\'" * 900 + "}",
    ],
)
def test_depth_and_size_of_expressions_are_bounded(text: str) -> None:
    found = evaluate(text, SCOPE)
    assert len(found.errors) == 1
    assert not found.usable


def test_work_is_bounded_over_all_expressions_of_a_string() -> None:
    scope = Scope({"big": "a" * 200_000}, {}, SCOPE.resources)
    (error,) = evaluate("${length(upper(var.big))}" * 3, scope).errors
    assert error.summary == "the expression does too much work"


def test_names_that_sound_like_secrets_are_taken_for_secrets() -> None:
    assert all(map(is_secret_name, ["HF_TOKEN", "MY_SECRET", "PASSWORD", "DB_PASSWD", "API_KEY", "aws_credentials"]))
    assert not any(map(is_secret_name, ["USER", "HOME", "REGISTRY_USERNAME"]))


WORDS = [
    "var",
    "env",
    "instance",
    "trainer",
    "region",
    ".",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    "${",
    "$",
    "'",
    '"',
    "\\",
    "?",
    ":",
]
WORDS += [
    "*",
    "+",
    "-",
    "/",
    "%",
    "==",
    "<",
    "&&",
    "||",
    "!",
    "in",
    ",",
    " ",
    "1",
    "0.5",
    "\n",
    "é",
    "range",
    "format",
    "merge",
]


@given(st.lists(st.sampled_from(WORDS), max_size=30).map("".join))
def test_no_text_makes_it_raise(text: str) -> None:
    for whole in (text, f"${{{text}}}"):
        found = evaluate(whole, SCOPE)
        assert found.usable or found.value == whole


@given(st.text(max_size=30))
def test_escaping_is_undone_exactly(text: str) -> None:
    assert evaluate(text.replace("${", "$${"), SCOPE).value == text or "$$" in text
