"""GitLab: requests, comments, labels, issues and artefacts through its REST API (v4)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote

from novita_infra.api.json_values import int_of
from novita_infra.forges.forge import DRIFT_LABEL, ChangeRequest, ForgeRefusal, KeptPlan, Person, Remark, Role
from novita_infra.forges.sending import ForgeClient, text_below, where_there

_ROLES: Final = ((50, Role.ADMIN), (40, Role.MAINTAIN), (30, Role.WRITE), (20, Role.TRIAGE), (10, Role.READ))
"""Access levels, the highest first. Levels between them, such as planner, count as the lower one."""

_TOKENS: Final = re.compile(r"(project|group)_[0-9]+_bot")
"""The beginning of the names of users that stand for an access token."""


class GitLab:
    """Implements Forge."""

    name = "GitLab"
    approvers = Role.MAINTAIN

    def __init__(self, client: ForgeClient, project: str) -> None:
        """`project` is the id of the project."""
        self._client = client
        self._path = f"/projects/{quote(project, safe='')}"

    def request(self, number: int) -> ChangeRequest:
        return _request_of(
            self._client.get(f"{self._path}/merge_requests/{number}", include_diverged_commits_count="true")
        )

    def merged_as(self, commit: str, branch: str) -> ChangeRequest | None:
        for item in self._client.pages(f"{self._path}/repository/commits/{commit}/merge_requests"):
            results = {text_below(item, name) for name in ("merge_commit_sha", "squash_commit_sha", "sha")}
            if item.get("state") == "merged" and item.get("target_branch") == branch and commit in results:
                return _request_of(item)
        return None

    def comments(self, number: int) -> Iterator[Remark]:
        notes = self._client.pages(f"{self._path}/merge_requests/{number}/notes", sort="asc", order_by="created_at")
        for item in notes:
            if not item.get("system") and text_below(item, "author", "id") == self._user:
                yield Remark(text_below(item, "id"), text_below(item, "body"))

    def add_comment(self, number: int, body: str) -> None:
        self._client.send("POST", f"{self._path}/merge_requests/{number}/notes", {"body": body})

    def edit_comment(self, number: int, id: str, body: str) -> None:
        self._client.send("PUT", f"{self._path}/merge_requests/{number}/notes/{id}", {"body": body})

    def drift_issues(self) -> Iterator[Remark]:
        issues = self._client.pages(f"{self._path}/issues", state="opened", labels=DRIFT_LABEL, author_id=self._user)
        for item in issues:
            if text_below(item, "author", "id") == self._user:
                yield Remark(text_below(item, "iid"), text_below(item, "description"))

    def add_issue(self, title: str, body: str) -> None:
        self._client.send("POST", f"{self._path}/issues", {"title": title, "description": body, "labels": DRIFT_LABEL})

    def edit_issue(self, id: str, title: str, body: str) -> None:
        self._client.send("PUT", f"{self._path}/issues/{id}", {"title": title, "description": body})

    def close_issue(self, id: str) -> None:
        self._client.send("PUT", f"{self._path}/issues/{id}", {"state_event": "close"})

    def offer_label(self, name: str, description: str, id: str) -> str:
        label = {"name": name, "color": "#d73a4a", "description": description}
        try:
            present = text_below(self._client.get(f"{self._path}/labels/{quote(name, safe='')}"), "id")
        except ForgeRefusal as refusal:
            if refusal.status != 404:
                raise
        else:
            if present == id:
                return id
            self.withdraw_label(name)
        return text_below(self._client.send("POST", f"{self._path}/labels", label), "id")

    def withdraw_label(self, name: str) -> None:
        try:
            self._client.send("DELETE", f"{self._path}/labels/{quote(name, safe='')}")
        except ForgeRefusal as refusal:
            if refusal.status != 404:
                raise

    def labelled_by(self, number: int, label: str, id: str) -> Person | None:
        person = None
        for item in self._client.pages(f"{self._path}/merge_requests/{number}/resource_label_events"):
            action = text_below(item, "action")
            is_it = bool(id) and text_below(item, "label", "id") == id and text_below(item, "label", "name") == label
            if action in {"add", "remove"} and is_it:
                person = self._person_of(item.get("user")) if action == "add" else None
        return person

    def role_of(self, person: Person) -> Role:
        path = f"{self._path}/members/all/{quote(person.id, safe='')}"
        if (member := where_there(lambda: self._client.get(path))) is None:
            return Role.NONE
        level = int_of(member.get("access_level"), 0) or 0
        is_active = member.get("state", "active") == "active"
        return next((role for least, role in _ROLES if is_active and level >= least), Role.NONE)

    def kept_plan(self, request: ChangeRequest, kept: KeptPlan) -> bytes | None:
        pipelines = self._client.pages(f"{self._path}/merge_requests/{request.number}/pipelines")
        fitting = [
            item
            for item in pipelines
            if item.get("source", "merge_request_event") == "merge_request_event"
            and text_below(item, "project_id") in {"", self._id}
        ]
        for pipeline in sorted(fitting, key=lambda item: int_of(item.get("id"), 0) or 0, reverse=True):
            jobs = [*self._client.pages(f"{self._path}/pipelines/{text_below(pipeline, 'id')}/jobs")]
            for job in sorted(jobs, key=lambda item: int_of(item.get("id"), 0) or 0, reverse=True):
                if job.get("name") == kept.job:
                    return self._artefact(text_below(job, "id"), kept.file) if job.get("status") == "success" else None
        return None

    def _artefact(self, job: str, file: str) -> bytes | None:
        return where_there(lambda: self._client.fetch(f"{self._path}/jobs/{job}/artifacts/{quote(file)}"))

    def _person_of(self, value: Any) -> Person | None:
        id, name = text_below(value, "id"), text_below(value, "username")
        is_program = bool(_TOKENS.match(name)) or id == self._user
        return Person(id, name, is_program) if id else None

    @cached_property
    def _id(self) -> str:
        return text_below(self._client.get(self._path), "id")

    @cached_property
    def _user(self) -> str:
        """The id of the user whose comments are ours: a stranger can copy the first line of one."""
        return text_below(self._client.get("/user"), "id")


def _request_of(item: Any) -> ChangeRequest:
    labels = item.get("labels")
    return ChangeRequest(
        number=int_of(item.get("iid"), 0) or 0,
        head=text_below(item, "sha"),
        base=text_below(item, "target_branch"),
        url=text_below(item, "web_url"),
        labels=frozenset(map(str, labels if isinstance(labels, list) else [])),
        is_foreign=text_below(item, "source_project_id") != text_below(item, "target_project_id"),
        behind=int_of(item.get("diverged_commits_count"), 0) or 0,
    )
