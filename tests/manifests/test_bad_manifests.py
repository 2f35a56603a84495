"""The corpus of bad manifests: each gives its messages, and nothing but them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from bad_manifests import BadManifests, bad_manifests

from novita_infra.diagnostics import EXIT_ERROR, Problems
from novita_infra.manifests.project import load

CASES = bad_manifests()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_manifests_give_their_messages(case: BadManifests, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(case.folder)
    with pytest.raises(Problems) as caught:
        load(
            Path(case.path),
            environment=case.environment,
            variables=case.variables,
            var_files=[Path(name) for name in case.var_files],
            environ=case.environ,
        )
    assert "".join(f"{item}\n" for item in caught.value.diagnostics) == case.expected
    assert caught.value.code == EXIT_ERROR


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
