"""The hint for an unknown word."""

from __future__ import annotations

from novita_infra.model.diagnostics import nearest


def test_the_nearest_word_is_asked_about() -> None:
    assert nearest("imge", ["image", "ports"]) == 'did you mean "image"?'


def test_without_a_near_word_all_words_are_listed_if_they_are_few() -> None:
    assert nearest("xyz", ["ports", "image", "ports"]) == "known: image, ports"
    assert nearest("xyz", []) == ""


def test_of_thousands_of_words_only_the_first_are_listed() -> None:
    hint = nearest("xyz", [f"instance.worker-{index:04}" for index in range(5000)])
    assert hint.endswith(", instance.worker-0039 and 4960 more")
    assert hint.startswith("known: instance.worker-0000, ")
