"""The corpus of bad manifests: each gives its messages, and nothing but them."""

from __future__ import annotations

import os

import pytest
from bad_manifests import BadManifests, bad_manifests

CASES = bad_manifests()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_manifests_give_their_messages(case: BadManifests, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(case.folder)
    assert case.messages() == case.expected


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_messages_come_sorted_once_and_without_secrets(case: BadManifests) -> None:
    lines = case.expected.splitlines()
    assert lines
    assert len(set(lines)) == len(lines)
    assert not any(word in case.expected for word in ("pssst", "12345678", "Traceback", "None", "jsonschema"))


def test_the_corpus_holds_what_it_is_meant_to_hold() -> None:
    kinds = {case.name.split("-")[0] for case in CASES}
    assert len(CASES) >= 60
    assert kinds >= {"bytes", "empty", "syntax", "yaml", "document", "field", "type", "limit", "reference", "cycle"}
    assert kinds >= {"expression", "variable", "secret", "project", "patch", "lifecycle", "address", "name", "check"}
    assert not os.environ.get("NOT_THERE")
