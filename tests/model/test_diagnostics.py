"""Hints: for an unknown word, and for a person who runs another command."""

from __future__ import annotations

import pytest

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic, hint_elsewhere, nearest, nearest_address, run_again_with


def test_the_nearest_word_is_asked_about() -> None:
    assert nearest("imge", ["image", "ports"]) == 'did you mean "image"?'


def test_without_a_near_word_all_words_are_listed_if_they_are_few() -> None:
    assert nearest("xyz", ["ports", "image", "ports"]) == "known: image, ports"
    assert nearest("xyz", []) == ""


def test_of_thousands_of_words_only_the_first_are_listed() -> None:
    hint = nearest("xyz", [f"instance.worker-{index:04}" for index in range(5000)])
    assert hint.endswith(", instance.worker-0039 and 4960 more")
    assert hint.startswith("known: instance.worker-0000, ")


def test_a_hint_names_the_command_that_takes_its_option() -> None:
    option = "--allow-data-loss vpc.net"
    again = Diagnostic("x", f"if that is wanted, {run_again_with(option)}", option=option)
    assert hint_elsewhere(again, "novita-infra apply") == f"if that is wanted, novita-infra apply {option}"
    bare = Diagnostic("x", f"leave it out: {option}", option=option)
    assert hint_elsewhere(bare, "novita-infra apply") == f"leave it out: novita-infra apply {option}"


def test_a_hint_without_an_option_is_the_same_elsewhere() -> None:
    hint = "`novita-infra orphans --adopt vpc.net` adopts it"
    assert hint_elsewhere(Diagnostic("x", hint), "novita-infra apply") == hint


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("vpc.net", 'its address needs a key: write \'vpc.net["a b"]\'; keys: "a b", "x"'),
        ('vpc.net["y"]', 'vpc.net has the keys "a b", "x"'),
        ("vpc.othr", 'did you mean "vpc.other"?'),
    ],
)
def test_the_nearest_address_is_a_key_or_a_name_alike(text: str, hint: str) -> None:
    known = map(Address.parse, ('vpc.net["x"]', 'vpc.net["a b"]', "vpc.other", "instance.trainer"))
    assert nearest_address(Address.parse(text), known) == hint
