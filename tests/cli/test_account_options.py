"""The view of an account: the addresses of recorded objects, and what the words of a command mean."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from novita_infra.kinds import KINDS
from novita_infra.model.diagnostics import Problems
from novita_infra.operations.account.targets import targets_of
from novita_infra.operations.account.view import AccountOptions, open_account_view

Invoke = Callable[..., Result]


@pytest.fixture
def applied(run: Invoke, project: Path) -> Path:
    """A project that was applied."""
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    return project


def _titles(folder: Path, *words: str, environment: str = "") -> list[str]:
    async def find() -> list[str]:
        where = AccountOptions(project=folder, environment=environment, sim=True)
        async with open_account_view(where, {}) as view:
            return [item.title for item in await targets_of(view, words, list(KINDS.values()))]

    return asyncio.run(find())


def _messages(folder: Path, *words: str) -> list[str]:
    with pytest.raises(Problems) as caught:
        _titles(folder, *words)
    return [str(item) for item in caught.value.diagnostics]


def test_words_are_addresses_patterns_and_ids(applied: Path) -> None:
    everything = _titles(applied, "*")
    assert "network_storage.data" in everything
    assert _titles(applied, "network_storage.*", "network_storage.data") == ["network_storage.data"]


def test_every_word_that_means_nothing_is_reported_with_the_nearest_name(applied: Path) -> None:
    messages = _messages(applied, "network_storage.dota", "abc123", "label:team=none")
    assert len(messages) == 3
    assert messages[0] == (
        'no object of this project is recorded as network_storage.dota; did you mean "network_storage.data"?'
    )
    assert messages[1].startswith("abc123 is neither an address nor an id in this account; known: ")
    assert messages[2].startswith("no object of this project has the label team=none")


def test_a_folder_without_a_project_needs_ids(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert _messages(empty, "instance.web") == [
        "no state is known that records instance.web; go to the folder of its project, or name its id"
    ]


def test_the_objects_of_another_environment_have_no_addresses(applied: Path) -> None:
    with pytest.raises(Problems, match="prod"):
        _titles(applied, "*", environment="prod")
