"""Whatever GitHub or GitLab answers, what reads it raises nothing but a message."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any

import pytest
from damage import damaged_json
from forges import GitHubApi, GitLabApi, SimulatedForge

from novita_infra.forges.forge import ChangeRequest, Forge, KeptPlan, Person
from novita_infra.forges.github import GitHub
from novita_infra.forges.gitlab import GitLab
from novita_infra.model.diagnostics import Problems

KEPT = KeptPlan("novita-infra-a-b", "plan a-b", "a-b.niplan")
REQUEST = ChangeRequest(1, "a" * 40, "main", "https://x")
PERSON = Person("294", "ada")


class Answers:
    """A client of a forge that has one answer for everything."""

    def __init__(self, answer: Any, packed: bytes) -> None:
        self.answer = answer
        self.packed = packed

    def get(self, _path: str, **_: Any) -> Mapping[str, Any]:
        found = self.answer[0] if isinstance(self.answer, list) and self.answer else self.answer
        if not isinstance(found, dict):
            raise Problems([])
        return found

    def pages(self, _path: str, _key: str = "", **_: Any) -> Iterator[Mapping[str, Any]]:
        items = self.answer if isinstance(self.answer, list) else [self.answer]
        yield from (item for item in items if isinstance(item, dict))

    def fetch(self, _path: str, **_: Any) -> bytes:
        return self.packed


READS: dict[str, Callable[[Forge], object]] = {
    "request": lambda forge: forge.request(1),
    "merged_as": lambda forge: forge.merged_as("a" * 40, "main"),
    "comments": lambda forge: [*forge.comments(1)],
    "drift_issues": lambda forge: [*forge.drift_issues()],
    "labelled_by": lambda forge: forge.labelled_by(1, "novita-infra: allow 0", "1"),
    "role_of": lambda forge: forge.role_of(PERSON),
    "kept_plan": lambda forge: forge.kept_plan(REQUEST, KEPT),
}


def sound(system: str) -> Any:
    """An answer that has what every reader looks for."""
    world = SimulatedForge(system)
    request = world.open_request("a" * 40, merged="a" * 40)
    api = GitHubApi(world) if system == "github" else GitLabApi(world)
    user = api._user("ada")
    run = {"id": 1, "head_sha": "a" * 40, "repository_id": 1, "head_repository_id": 1}
    label = {"id": 1, "name": "novita-infra: allow 0"}
    answer = api._pull(request) if isinstance(api, GitHubApi) else api._request(request)
    more = {
        "id": 1,
        "body": "text",
        "event": "labeled",
        "action": "add",
        "actor": user,
        "author": user,
        "label": label,
        "role_name": "write",
        "permission": "write",
        "access_level": 40,
        "name": KEPT.artefact if system == "github" else KEPT.job,
        "status": "success",
        "path": ".github/workflows/novita-infra.yml",
        "workflow_run": run,
    }
    return [answer | more]


@pytest.mark.parametrize("packed", [b"", b"PK", b"PK\x05\x06" + bytes(18)], ids=["nothing", "cut", "empty"])
@pytest.mark.parametrize("system", ["github", "gitlab"])
def test_every_reader_of_a_forge_takes_damage(system: str, packed: bytes) -> None:
    for name, read in READS.items():
        for place, text in damaged_json(sound(system), Random(f"{system} {name}"), 60):
            try:
                answer = json.loads(text)
            except (ValueError, RecursionError):
                continue
            client: Any = Answers(answer, packed)
            forge = GitHub(client, "team/fleet") if system == "github" else GitLab(client, "7")
            try:
                read(forge)
            except Problems:
                continue
            except BaseException as error:
                error.add_note(f"{name} damaged at {place}: {text[:300]}")
                raise
