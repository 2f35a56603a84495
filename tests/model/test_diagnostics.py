"""What is told of a word that nobody knows."""

from __future__ import annotations

from novita_infra.model.diagnostics import nearest


def test_the_nearest_word_is_asked_about() -> None:
    assert nearest("imge", ["image", "ports"]) == 'did you mean "image"?'


def test_where_none_is_near_all_are_told_as_long_as_they_are_few() -> None:
    assert nearest("xyz", ["ports", "image", "ports"]) == "known: image, ports"
    assert nearest("xyz", []) == ""


def test_of_thousands_only_the_first_are_told() -> None:
    told = nearest("xyz", [f"instance.worker-{index:04}" for index in range(5000)])
    assert told.endswith(", instance.worker-0039 and 4960 more")
    assert told.startswith("known: instance.worker-0000, ")
