"""References: what the expressions of a written value name."""

from __future__ import annotations

from novita_infra.manifests.language.references import references_in

CASES = {
    "plain $ text": (),
    "${var.region}": ("var.region",),
    "a ${ var.a }-${env.HOME}": ("var.a", "env.HOME"),
    "$${var.no} ${var.yes}": ("var.yes",),
    "${vpc.net.id}": ("vpc.net.id", "vpc.net"),
    '${instance.worker["eu.}x"].ip}': ('instance.worker["eu.}x"].ip', 'instance.worker["eu.}x"]'),
    "${instance.worker[*].endpoints}": ("instance.worker[*].endpoints", "instance.worker"),
    "${instance.a-b.url}": ("instance.a-b.url", "instance.a-b"),
    '${upper(each.value.name) == "var.text" ? local.x : var.y}': (
        "each.value.name",
        "each.value",
        "local.x",
        "var.y",
    ),
    "${var.open": (),
    "${}": (),
}


def test_references_are_listed_with_their_beginnings() -> None:
    assert {text: references_in(text) for text in CASES} == CASES


def test_references_of_lists_and_maps_are_listed_once() -> None:
    value = {"a": ["${var.x}", {"b": "${var.y}${var.x}"}], "c": 1, "${var.key}": None}
    assert references_in(value) == ("var.x", "var.y")
