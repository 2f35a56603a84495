"""GitHub: requests, comments, labels, issues and artefacts through its REST API (2022-11-28)."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote

from novita_infra.api.json_values import int_of
from novita_infra.forges.forge import DRIFT_LABEL, ChangeRequest, ForgeRefusal, KeptPlan, Person, Remark, Role
from novita_infra.forges.sending import ForgeClient, text_below, where_there
from novita_infra.model.diagnostics import problem

HEADERS: Final = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
_PIPELINE: Final = "github-actions[bot]"
"""The user of the token that a workflow has."""
_ROLES: Final = {
    "none": Role.NONE,
    "read": Role.READ,
    "triage": Role.TRIAGE,
    "write": Role.WRITE,
    "maintain": Role.MAINTAIN,
    "admin": Role.ADMIN,
}
_MOST_PLAN: Final = 64 << 20
"""Bytes of a plan that are unpacked at most."""


class GitHub:
    """Implements Forge."""

    name = "GitHub"
    approvers = Role.WRITE

    def __init__(self, client: ForgeClient, repository: str, *, workflow: str = "") -> None:
        """`repository` is `owner/name`. `workflow` is the file of this workflow: plans of another do not count."""
        self._client = client
        self._path = f"/repos/{repository}"
        self._workflow = workflow

    def request(self, number: int) -> ChangeRequest:
        return _request_of(self._client.get(f"{self._path}/pulls/{number}"))

    def merged_as(self, commit: str, branch: str) -> ChangeRequest | None:
        for item in self._client.pages(f"{self._path}/commits/{commit}/pulls"):
            is_it = item.get("merged_at") and item.get("merge_commit_sha") == commit
            if is_it and text_below(item, "base", "ref") == branch:
                return _request_of(item)
        return None

    def comments(self, number: int) -> Iterator[Remark]:
        yield from self._own(self._client.pages(f"{self._path}/issues/{number}/comments"), "id")

    def add_comment(self, number: int, body: str) -> None:
        self._client.send("POST", f"{self._path}/issues/{number}/comments", {"body": body})

    def edit_comment(self, number: int, id: str, body: str) -> None:  # noqa: ARG002 -- its id is enough here
        self._client.send("PATCH", f"{self._path}/issues/comments/{id}", {"body": body})

    def drift_issues(self) -> Iterator[Remark]:
        items = self._client.pages(f"{self._path}/issues", state="open", labels=DRIFT_LABEL)
        yield from self._own((item for item in items if "pull_request" not in item), "number")

    def add_issue(self, title: str, body: str) -> None:
        self._client.send("POST", f"{self._path}/issues", {"title": title, "body": body, "labels": [DRIFT_LABEL]})

    def edit_issue(self, id: str, title: str, body: str) -> None:
        self._client.send("PATCH", f"{self._path}/issues/{id}", {"title": title, "body": body})

    def close_issue(self, id: str) -> None:
        self._client.send("PATCH", f"{self._path}/issues/{id}", {"state": "closed", "state_reason": "completed"})

    def offer_label(self, name: str, description: str, id: str) -> str:  # noqa: ARG002 -- events keep old names
        label = {"name": name, "color": "d73a4a", "description": description}
        try:
            self._client.send("POST", f"{self._path}/labels", label)
        except ForgeRefusal as refusal:
            if refusal.status != 422 or not self._has_label(name):
                raise
        return ""

    def withdraw_label(self, name: str) -> None:
        try:
            self._client.send("DELETE", f"{self._path}/labels/{quote(name, safe='')}")
        except ForgeRefusal as refusal:
            if refusal.status != 404:
                raise

    def labelled_by(self, number: int, label: str, id: str) -> Person | None:  # noqa: ARG002 -- events keep old names
        person = None
        for item in self._client.pages(f"{self._path}/issues/{number}/events"):
            event = text_below(item, "event")
            if event in {"labeled", "unlabeled"} and text_below(item, "label", "name") == label:
                person = _person_of(item.get("actor")) if event == "labeled" else None
        return person

    def role_of(self, person: Person) -> Role:
        path = f"{self._path}/collaborators/{quote(person.name, safe='')}/permission"
        if (found := where_there(lambda: self._client.get(path))) is None:
            return Role.NONE
        named = _ROLES.get(text_below(found, "role_name"))  # a role that an organization made has its own name
        return _ROLES.get(text_below(found, "permission"), Role.NONE) if named is None else named

    def kept_plan(self, request: ChangeRequest, kept: KeptPlan) -> bytes | None:
        listed = self._client.pages(f"{self._path}/actions/artifacts", "artifacts", name=kept.artefact)
        fitting = [item for item in listed if _is_of(item, request, kept)]
        for item in sorted(fitting, key=lambda item: int_of(item.get("id"), 0) or 0, reverse=True):
            run = self._client.get(f"{self._path}/actions/runs/{text_below(item, 'workflow_run', 'id')}")
            path = text_below(run, "path").partition("@")[0]
            if text_below(run, "event") == "pull_request" and (not self._workflow or path == self._workflow):
                packed = self._client.fetch(f"{self._path}/actions/artifacts/{text_below(item, 'id')}/zip")
                return _unpacked(packed, kept.file)
        return None

    def _has_label(self, name: str) -> bool:
        return where_there(lambda: self._client.get(f"{self._path}/labels/{quote(name, safe='')}")) is not None

    def _own(self, items: Iterator[Mapping[str, Any]], id: str) -> Iterator[Remark]:
        for item in items:
            if text_below(item, "user", "login") == self._login:
                yield Remark(text_below(item, id), text_below(item, "body"))

    @cached_property
    def _login(self) -> str:
        """The user whose comments are ours: a stranger can copy the first line of one."""
        try:
            return text_below(self._client.get("/user"), "login")
        except ForgeRefusal as refusal:
            if refusal.status in {401, 403}:  # no user has the token of a workflow
                return _PIPELINE
            raise


def _request_of(item: Mapping[str, Any]) -> ChangeRequest:
    labels = item.get("labels")
    names = [text_below(label, "name") for label in labels] if isinstance(labels, list) else []
    return ChangeRequest(
        number=int_of(item.get("number"), 0) or 0,
        head=text_below(item, "head", "sha"),
        base=text_below(item, "base", "ref"),
        url=text_below(item, "html_url"),
        labels=frozenset(names),
        is_foreign=is_from_fork(item),
    )


def is_from_fork(item: Mapping[str, Any]) -> bool:
    """Whether the branch of a pull request is in another repository, or in one that is gone."""
    return text_below(item, "head", "repo", "id") != text_below(item, "base", "repo", "id")


def _is_of(item: Mapping[str, Any], request: ChangeRequest, kept: KeptPlan) -> bool:
    """Whether an artefact is from a run of the last commit of the request, in this repository."""
    run = item.get("workflow_run")
    return (
        item.get("name") == kept.artefact
        and not item.get("expired")
        and text_below(run, "head_sha") == request.head
        and text_below(run, "head_repository_id") == text_below(run, "repository_id")
    )


def _unpacked(packed: bytes, name: str) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive, archive.open(name) as file:
            plan = file.read(_MOST_PLAN + 1)
    except (KeyError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError):
        raise problem(f"the artefact of the plan has no readable {name}", "plan again: run its job again") from None
    if len(plan) > _MOST_PLAN:
        raise problem(f"{name} in the artefact of the plan is larger than {_MOST_PLAN >> 20} MB")
    return plan


def _person_of(value: Any) -> Person | None:
    login = text_below(value, "login")
    is_program = text_below(value, "type") != "User" or login.endswith("[bot]")
    return Person(text_below(value, "id"), login, is_program) if login else None
