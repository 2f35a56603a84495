"""Simulated forges on the loopback: the part of GitHub's and GitLab's REST API that pipelines use, with its hard edges.

Both have pages, limits of rates and of lengths, tokens without permissions, comments of strangers, and answers that get
lost. They are stricter than the real ones where those are undefined.
"""

from __future__ import annotations

import io
import json
import re
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from state_server import _Server

PIPELINE = "github-actions[bot]"
TOKEN_USER = "project_7_bot_0123"
NOW = 1_800_000_000
LEVELS = {"none": 0, "read": 10, "triage": 20, "write": 30, "maintain": 40, "admin": 50}


@dataclass
class Comment:
    id: int
    author: str
    body: str


@dataclass
class Request:
    number: int
    head: str
    author: str = "ada"
    base: str = "main"
    is_foreign: bool = False
    behind: int = 0
    merged: str = ""
    """The commit of the merge."""
    labels: list[str] = field(default_factory=list)
    events: list[tuple[str, str, str]] = field(default_factory=list)
    """Who put (`labeled`) or removed (`unlabeled`) which label."""
    comments: list[Comment] = field(default_factory=list)


@dataclass
class Issue:
    number: int
    author: str
    title: str
    body: str
    labels: list[str]
    is_open: bool = True
    is_request: bool = False
    """Whether it is a pull request, which GitHub lists among the issues."""


@dataclass
class Artefact:
    """A file that a job kept."""

    id: int
    name: str
    """On GitHub that of the artefact, on GitLab that of the job."""
    files: dict[str, bytes]
    request: int
    head: str
    workflow: str = ".github/workflows/novita-infra.yml"
    event: str = "pull_request"
    is_foreign: bool = False
    succeeded: bool = True


@dataclass
class Fault:
    """What happens to the next request that fits."""

    fits: str
    """A regular expression over `METHOD /path`."""
    status: int = 0
    """The status that is answered; 0 to cut the connection."""
    headers: dict[str, str] = field(default_factory=dict)
    body: str = "{}"
    carried_out: bool = False
    """Whether the request is carried out before."""


class Refused(Exception):
    """An answer other than 2xx."""

    def __init__(self, status: int, message: str, errors: Any = None) -> None:
        super().__init__(message)
        self.status = status
        self.data = {"message": message, **({"errors": errors} if errors else {})}


@dataclass
class SimulatedForge:
    """The world of one repository."""

    system: str
    """`github` or `gitlab`."""
    address: str = ""
    token: str = "ghs_the-token-of-the-job"
    permissions: set[str] = field(default_factory=lambda: {"pull-requests", "issues", "actions"})
    """Those of the token."""
    roles: dict[str, str] = field(default_factory=lambda: {"ada": "write", "grace": "maintain", "mallory": "read"})
    requests: dict[int, Request] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)
    labels: set[str] = field(default_factory=set)
    label_ids: dict[str, int] = field(default_factory=dict)
    """Of every label that there was."""
    artefacts: list[Artefact] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    number: int = 0
    guard: threading.Lock = field(default_factory=threading.Lock)

    @property
    def me(self) -> str:
        """The user of the token."""
        return PIPELINE if self.system == "github" else TOKEN_USER

    def next_id(self) -> int:
        self.number += 1
        return self.number

    # what people do

    def open_request(self, head: str, **more: Any) -> Request:
        request = Request(self.next_id(), head, **more)
        self.requests[request.number] = request
        return request

    def put_label(self, request: Request, label: str, by: str) -> None:
        assert label in self.labels, f"a person chooses from {self.labels}"
        request.labels.append(label)
        request.events.append(("labeled", by, label))

    def remove_label(self, request: Request, label: str, by: str) -> None:
        request.labels.remove(label)
        request.events.append(("unlabeled", by, label))

    def comment(self, request: Request, author: str, body: str) -> Comment:
        made = Comment(self.next_id(), author, body)
        request.comments.append(made)
        return made

    def keep(self, name: str, files: dict[str, bytes], request: Request, **more: Any) -> Artefact:
        made = Artefact(self.next_id(), name, files, request.number, request.head, **more)
        self.artefacts.append(made)
        return made

    def ours(self, request: Request) -> list[str]:
        """The comments of the pipelines on a request."""
        return [item.body for item in request.comments if item.author == self.me]

    def open_issues(self) -> list[Issue]:
        return [item for item in self.issues if item.is_open]

    # what both APIs share

    def may(self, permission: str) -> None:
        if permission not in self.permissions:
            raise Refused(403, "Resource not accessible by integration")

    def add_label(self, name: str) -> dict[str, Any]:
        self.labels.add(name)
        self.label_ids[name] = self.next_id()
        return {"id": self.label_ids[name], "name": name}

    def rename_label(self, name: str, new: str) -> None:
        """A member gives a label another name, wherever it is."""
        self.labels = (self.labels - {name}) | {new}
        self.label_ids[new] = self.label_ids.pop(name)
        for item in self.requests.values():
            item.labels = [new if label == name else label for label in item.labels]
            if self.system == "gitlab":  # events of GitHub keep the name of their time
                item.events = [(event, by, new if label == name else label) for event, by, label in item.events]

    def write(self, body: Any, most: int) -> str:
        if not isinstance(body, str) or not body.strip():
            raise Refused(422, "Validation Failed", [{"message": "body can't be blank"}])
        if len(body) > most:
            raise Refused(422, "Validation Failed", [{"message": f"body is too long (maximum is {most} characters)"}])
        check_quick_actions(body)
        return body

    def request(self, number: str) -> Request:
        if int(number) not in self.requests:
            raise Refused(404, "Not Found")
        return self.requests[int(number)]

    def drop_label(self, name: str) -> None:
        if name not in self.labels:
            raise Refused(404, "Not Found")
        self.labels.discard(name)
        for item in self.requests.values():
            item.labels = [label for label in item.labels if label != name]


def check_quick_actions(body: str) -> None:
    """A line that begins with a slash outside of code is a command to GitLab, carried out in the name of the token."""
    fence = ""
    for line in body.split("\n"):
        mark = re.match(r"(```+)", line)
        if mark and not fence:
            fence = mark[1]
        elif fence and line.startswith(fence):
            fence = ""
        elif not fence and line.startswith("/"):
            raise AssertionError(f"a quick action: {line!r}")


Route = tuple[str, str, Callable[..., Any]]


class GitHubApi:
    """Answers as GitHub does."""

    def __init__(self, forge: SimulatedForge) -> None:
        self.forge = forge
        repo = "/repos/team/fleet"
        self.routes: list[Route] = [
            ("GET", "/user", self.user),
            ("GET", f"{repo}/pulls/(\\d+)", self.pull),
            ("GET", f"{repo}/commits/(\\w+)/pulls", self.pulls_of),
            ("GET", f"{repo}/issues/(\\d+)/comments", self.comments),
            ("POST", f"{repo}/issues/(\\d+)/comments", self.add_comment),
            ("PATCH", f"{repo}/issues/comments/(\\d+)", self.edit_comment),
            ("GET", f"{repo}/issues/(\\d+)/events", self.events),
            ("GET", f"{repo}/issues", self.issues),
            ("POST", f"{repo}/issues", self.add_issue),
            ("PATCH", f"{repo}/issues/(\\d+)", self.edit_issue),
            ("POST", f"{repo}/labels", self.add_label),
            ("GET", f"{repo}/labels/(.+)", self.label),
            ("DELETE", f"{repo}/labels/(.+)", self.delete_label),
            ("GET", f"{repo}/collaborators/([^/]+)/permission", self.permission),
            ("GET", f"{repo}/actions/artifacts", self.artifacts),
            ("GET", f"{repo}/actions/runs/(\\d+)", self.run),
            ("GET", f"{repo}/actions/artifacts/(\\d+)/zip", self.archive),
            ("GET", "/store/(\\d+)", self.stored),
        ]

    def is_known(self, headers: Any, path: str) -> bool:
        if path.startswith("/store/"):  # another service: it refuses a token that is not its own
            assert "Authorization" not in headers, "the token went to the store of files"
            return True
        return bool(headers.get("Authorization") == f"Bearer {self.forge.token}")

    def user(self, **_: Any) -> Any:
        raise Refused(403, "Resource not accessible by integration")

    def pull(self, number: str, **_: Any) -> Any:
        return self._pull(self.forge.request(number))

    def pulls_of(self, commit: str, **_: Any) -> Any:
        return [self._pull(item) for item in self.forge.requests.values() if commit in {item.merged, item.head}]

    def _pull(self, item: Request) -> Any:
        return {
            "number": item.number,
            "html_url": f"https://github.com/team/fleet/pull/{item.number}",
            "merged_at": "2026-11-30T00:00:00Z" if item.merged else None,
            "merge_commit_sha": item.merged or "f" * 40,
            "head": {"sha": item.head, "ref": "a", "repo": {"id": 2 if item.is_foreign else 1}},
            "base": {"ref": item.base, "repo": {"id": 1}},
            "labels": [{"name": name} for name in item.labels],
            "user": {"login": item.author},
        }

    def comments(self, number: str, **_: Any) -> Any:
        return [
            {"id": item.id, "body": item.body, "user": self._user(item.author)}
            for item in self.forge.request(number).comments
        ]

    def add_comment(self, number: str, body: Any, **_: Any) -> Any:
        self.forge.may("pull-requests")
        made = self.forge.comment(self.forge.request(number), PIPELINE, self.forge.write(body.get("body"), 65_536))
        return {"id": made.id}

    def edit_comment(self, id: str, body: Any, **_: Any) -> Any:
        self.forge.may("pull-requests")
        for request in self.forge.requests.values():
            for item in request.comments:
                if item.id == int(id):
                    assert item.author == PIPELINE, "it may edit all comments, and must edit its own alone"
                    item.body = self.forge.write(body.get("body"), 65_536)
                    return {"id": item.id}
        raise Refused(404, "Not Found")

    def events(self, number: str, **_: Any) -> Any:
        others = [{"event": "head_ref_force_pushed", "actor": None}] * 40
        made = [
            {"event": event, "actor": self._user(by) if by else None, "label": {"name": label}}
            for event, by, label in self.forge.request(number).events
        ]
        return [*others, *made]

    def issues(self, state: str = "open", labels: str = "", **_: Any) -> Any:
        return [
            {
                "number": item.number,
                "title": item.title,
                "body": item.body,
                "user": self._user(item.author),
                **({"pull_request": {}} if item.is_request else {}),
            }
            for item in self.forge.issues
            if (item.is_open or state != "open") and (not labels or labels in item.labels)
        ]

    def add_issue(self, body: Any, **_: Any) -> Any:
        self.forge.may("issues")
        text = self.forge.write(body.get("body"), 65_536)
        made = Issue(self.forge.next_id(), PIPELINE, body["title"], text, body.get("labels", []))
        self.forge.issues.append(made)
        return {"number": made.number}

    def edit_issue(self, number: str, body: Any, **_: Any) -> Any:
        self.forge.may("issues")
        return _edit(self.forge, number, body, "body", closes=body.get("state") == "closed", most=65_536)

    def add_label(self, body: Any, **_: Any) -> Any:
        self.forge.may("issues")
        if len(body["name"]) > 50 or len(body.get("description", "")) > 100 or not _is_hex(body["color"]):
            raise Refused(422, "Validation Failed", [{"resource": "Label", "code": "invalid"}])
        if body["name"] in self.forge.labels:
            raise Refused(422, "Validation Failed", [{"resource": "Label", "code": "already_exists", "field": "name"}])
        return self.forge.add_label(body["name"])

    def label(self, name: str, **_: Any) -> Any:
        if name not in self.forge.labels:
            raise Refused(404, "Not Found")
        return {"id": self.forge.label_ids[name], "name": name}

    def delete_label(self, name: str, **_: Any) -> Any:
        self.forge.may("issues")
        self.forge.drop_label(name)
        return None

    def permission(self, login: str, **_: Any) -> Any:
        role = self.forge.roles.get(login)
        if role is None:
            raise Refused(404, f"{login} is not a user")
        legacy = {"maintain": "write", "triage": "read"}.get(role, role)
        return {"permission": legacy, "role_name": role, "user": self._user(login)}

    def artifacts(self, name: str = "", **_: Any) -> Any:
        self.forge.may("actions")
        found = [
            {
                "id": item.id,
                "name": item.name,
                "expired": False,
                "workflow_run": {
                    "id": item.id,
                    "head_sha": item.head,
                    "repository_id": 1,
                    "head_repository_id": 2 if item.is_foreign else 1,
                },
            }
            for item in reversed(self.forge.artefacts)
            if not name or item.name == name
        ]
        return {"total_count": len(found), "artifacts": found}

    def run(self, id: str, **_: Any) -> Any:
        self.forge.may("actions")
        item = next(item for item in self.forge.artefacts if item.id == int(id))
        return {"id": item.id, "event": item.event, "path": item.workflow}

    def archive(self, id: str, **_: Any) -> Any:
        self.forge.may("actions")
        return Moved(f"{self.forge.address.replace('127.0.0.1', 'localhost')}/store/{id}?sig=signed")

    def stored(self, id: str, **_: Any) -> Any:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in next(item for item in self.forge.artefacts if item.id == int(id)).files.items():
                archive.writestr(name, data)
        return packed.getvalue()

    def _user(self, login: str) -> Any:
        return {"login": login, "id": sum(login.encode()), "type": "Bot" if login.endswith("[bot]") else "User"}


class GitLabApi:
    """Answers as GitLab does."""

    def __init__(self, forge: SimulatedForge) -> None:
        self.forge = forge
        project = "/api/v4/projects/7"
        self.routes: list[Route] = [
            ("GET", "/api/v4/user", self.user),
            ("GET", project, self.project),
            ("GET", f"{project}/merge_requests/(\\d+)", self.request),
            ("GET", f"{project}/repository/commits/(\\w+)/merge_requests", self.requests_of),
            ("GET", f"{project}/merge_requests/(\\d+)/notes", self.notes),
            ("POST", f"{project}/merge_requests/(\\d+)/notes", self.add_note),
            ("PUT", f"{project}/merge_requests/(\\d+)/notes/(\\d+)", self.edit_note),
            ("GET", f"{project}/merge_requests/(\\d+)/resource_label_events", self.events),
            ("GET", f"{project}/merge_requests/(\\d+)/pipelines", self.pipelines),
            ("GET", f"{project}/pipelines/(\\d+)/jobs", self.jobs),
            ("GET", f"{project}/jobs/(\\d+)/artifacts/(.+)", self.artefact),
            ("GET", f"{project}/issues", self.issues),
            ("POST", f"{project}/issues", self.add_issue),
            ("PUT", f"{project}/issues/(\\d+)", self.edit_issue),
            ("POST", f"{project}/labels", self.add_label),
            ("GET", f"{project}/labels/(.+)", self.label),
            ("DELETE", f"{project}/labels/(.+)", self.delete_label),
            ("GET", f"{project}/members/all/(\\d+)", self.member),
        ]

    def is_known(self, headers: Any, path: str) -> bool:  # noqa: ARG002 -- as that of GitHub
        return bool(headers.get("PRIVATE-TOKEN") == self.forge.token)

    def user(self, **_: Any) -> Any:
        return self._user(TOKEN_USER)

    def project(self, **_: Any) -> Any:
        return {"id": 7}

    def request(self, number: str, include_diverged_commits_count: str = "", **_: Any) -> Any:
        item = self.forge.request(number)
        behind = {"diverged_commits_count": item.behind} if include_diverged_commits_count == "true" else {}
        return self._request(item) | behind

    def requests_of(self, commit: str, **_: Any) -> Any:
        return [self._request(item) for item in self.forge.requests.values() if commit in {item.merged, item.head}]

    def _request(self, item: Request) -> Any:
        return {
            "iid": item.number,
            "sha": item.head,
            "state": "merged" if item.merged else "opened",
            "merge_commit_sha": item.merged or None,
            "squash_commit_sha": None,
            "target_branch": item.base,
            "source_project_id": 9 if item.is_foreign else 7,
            "target_project_id": 7,
            "labels": item.labels,
            "web_url": f"https://gitlab.com/team/fleet/-/merge_requests/{item.number}",
            "author": self._user(item.author),
        }

    def notes(self, number: str, **_: Any) -> Any:
        found = [
            {"id": item.id, "body": item.body, "author": self._user(item.author), "system": False}
            for item in self.forge.request(number).comments
        ]
        return [
            *({"id": n, "body": "added 1 commit", "author": self._user("ada"), "system": True} for n in range(30)),
            *found,
        ]

    def add_note(self, number: str, body: Any, **_: Any) -> Any:
        self.forge.may("pull-requests")
        made = self.forge.comment(self.forge.request(number), TOKEN_USER, self.forge.write(body.get("body"), 1_000_000))
        return {"id": made.id}

    def edit_note(self, number: str, id: str, body: Any, **_: Any) -> Any:
        self.forge.may("pull-requests")
        item = next((item for item in self.forge.request(number).comments if item.id == int(id)), None)
        if item is None or item.author != TOKEN_USER:
            raise Refused(403 if item else 404, "403 Forbidden" if item else "404 Not found")
        item.body = self.forge.write(body.get("body"), 1_000_000)
        return {"id": item.id}

    def events(self, number: str, **_: Any) -> Any:
        return [
            {
                "action": "add" if event == "labeled" else "remove",
                "user": self._user(by) if by else None,
                "label": {"id": self.forge.label_ids[label], "name": label} if label in self.forge.labels else None,
            }
            for event, by, label in self.forge.request(number).events
        ]

    def pipelines(self, number: str, **_: Any) -> Any:
        return [
            {
                "id": item.id,
                "sha": item.head,
                "source": item.event.replace("pull_request", "merge_request_event"),
                "project_id": 9 if item.is_foreign else 7,
            }
            for item in reversed(self.forge.artefacts)
            if item.request == int(number)
        ]

    def jobs(self, id: str, **_: Any) -> Any:
        item = next(item for item in self.forge.artefacts if item.id == int(id))
        others = [{"id": 1000 + n, "name": f"test {n}", "status": "success"} for n in range(25)]
        return [*others, {"id": item.id, "name": item.name, "status": "success" if item.succeeded else "failed"}]

    def artefact(self, id: str, name: str, **_: Any) -> Any:
        item = next(item for item in self.forge.artefacts if item.id == int(id))
        if name not in item.files:
            raise Refused(404, "404 Not Found")
        return item.files[name]

    def issues(self, state: str = "", labels: str = "", author_id: str = "", **_: Any) -> Any:
        return [
            {"iid": item.number, "title": item.title, "description": item.body, "author": self._user(item.author)}
            for item in self.forge.issues
            if (item.is_open or state != "opened")
            and (not labels or labels in item.labels)
            and author_id in {"", str(self._user(item.author)["id"])}
        ]

    def add_issue(self, body: Any, **_: Any) -> Any:
        self.forge.may("issues")
        text = self.forge.write(body.get("description"), 1_048_576)
        made = Issue(self.forge.next_id(), TOKEN_USER, body["title"], text, body.get("labels", "").split(","))
        self.forge.issues.append(made)
        return {"iid": made.number}

    def edit_issue(self, number: str, body: Any, **_: Any) -> Any:
        self.forge.may("issues")
        return _edit(self.forge, number, body, "description", closes=body.get("state_event") == "close", most=1_048_576)

    def add_label(self, body: Any, **_: Any) -> Any:
        if not body["color"].startswith("#") or not _is_hex(body["color"][1:]):
            raise Refused(400, "color is invalid")
        if body["name"] in self.forge.labels:
            raise Refused(409, "Label already exists")
        return self.forge.add_label(body["name"])

    def label(self, name: str, **_: Any) -> Any:
        if name not in self.forge.labels:
            raise Refused(404, "404 Label Not Found")
        return {"id": self.forge.label_ids[name], "name": name}

    def delete_label(self, name: str, **_: Any) -> Any:
        self.forge.drop_label(name)
        return None

    def member(self, id: str, **_: Any) -> Any:
        for login, role in self.forge.roles.items():
            if self._user(login)["id"] == int(id):
                return self._user(login) | {"access_level": LEVELS[role]}
        raise Refused(404, "404 Not found")

    def _user(self, login: str) -> Any:
        return {"id": sum(login.encode()), "username": login, "state": "active"}


class Moved:
    """An answer that sends elsewhere."""

    def __init__(self, place: str) -> None:
        self.place = place


def _is_hex(text: str) -> bool:
    return re.fullmatch("[0-9a-f]{6}", text) is not None


def _edit(forge: SimulatedForge, number: str, body: Any, key: str, *, closes: bool, most: int) -> Any:
    item = next((item for item in forge.issues if item.number == int(number)), None)
    if item is None:
        raise Refused(404, "Not Found")
    item.title = body.get("title", item.title)
    item.body = forge.write(body[key], most) if key in body else item.body
    item.is_open = item.is_open and not closes
    return {"number": item.number}


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection; a subclass has the API."""

    protocol_version = "HTTP/1.1"
    api: ClassVar[GitHubApi | GitLabApi]

    def serve(self) -> None:
        forge = self.api.forge
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")
        with forge.guard:
            forge.calls.append(f"{self.command} {path}")
            fault = next((item for item in forge.faults if re.fullmatch(item.fits, f"{self.command} {path}")), None)
            if fault:
                forge.faults.remove(fault)
                if fault.carried_out:
                    self._answer(path, parts.query, body)
                if not fault.status:
                    self.close_connection = True
                    return
                self._send(fault.status, fault.body.encode(), fault.headers)
                return
            status, data, headers = self._answer(path, parts.query, body)
        self._send(status, data, headers)

    def _answer(self, path: str, query: str, body: Any) -> tuple[int, bytes, dict[str, str]]:
        if not self.api.is_known(self.headers, path):
            return 401, json.dumps({"message": f"Bad credentials: {self.headers}"}).encode(), {}
        parameters = {name: values[-1] for name, values in parse_qs(query).items()}
        for method, pattern, work in self.api.routes:
            match = re.fullmatch(pattern, path)
            if match and method == self.command:
                try:
                    found = work(
                        *match.groups(), **({"body": body} if method in {"POST", "PUT", "PATCH"} else parameters)
                    )
                except Refused as refused:
                    return refused.status, json.dumps(refused.data).encode(), {}
                return self._found(found, path, parameters)
        return 404, b'{"message": "Not Found"}', {}

    def _found(self, found: Any, path: str, parameters: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
        if isinstance(found, Moved):
            return 302, b"", {"Location": found.place}
        if isinstance(found, bytes):
            return 200, found, {"Content-Type": "application/octet-stream"}
        if found is None:
            return 204, b"", {}
        default = 30 if self.api.forge.system == "github" else 20
        size, page = min(100, int(parameters.get("per_page", default))), int(parameters.get("page", 1))
        size = min(size, 10)  # smaller pages than any real one, so that every list has several
        headers = {}
        items = found.get("artifacts") if isinstance(found, dict) else found
        if isinstance(items, list):
            more = len(items) > page * size
            items = items[(page - 1) * size : page * size]
            if more:
                rest = "&".join(
                    f"{name}={value.replace(' ', '%20')}" for name, value in parameters.items() if name != "page"
                )
                headers["Link"] = (
                    f'<{self.api.forge.address}{path.replace(" ", "%20")}?{rest}&page={page + 1}>; rel="next", '
                    f'<{self.api.forge.address}{path}?page=99>; rel="last"'
                )
            found = {**found, "artifacts": items} if isinstance(found, dict) else items
        return 200, json.dumps(found).encode(), headers

    def _send(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self.send_response_only(status)
        for name, text in {"Date": formatdate(NOW, usegmt=True), **headers}.items():
            self.send_header(name, text)
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Prints nothing."""


class _ForgeServer(_Server):
    """A server whose clients may leave in the middle of an answer."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def simulated_forge(system: str) -> Iterator[SimulatedForge]:
    """The forge while it runs."""
    forge = SimulatedForge(system)
    api = GitHubApi(forge) if system == "github" else GitLabApi(forge)
    methods = {f"do_{name}": _Handler.serve for name in ("GET", "POST", "PUT", "PATCH", "DELETE")}
    server = _ForgeServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"api": api, **methods}))
    forge.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield forge
    finally:
        server.shutdown()
        server.end_connections()
        server.server_close()
        thread.join()


def job_environment(forge: SimulatedForge, event: dict[str, Any], folder: Any) -> dict[str, str]:
    """The variables of a job. `event` has `commit` with `request` (a Request), or with `branch`, or with neither."""
    request: Request | None = event.get("request")
    commit = event["commit"]
    if forge.system == "github":
        payload: dict[str, Any] = {}
        if request:
            payload = {"pull_request": GitHubApi(forge)._pull(request), "number": request.number}
        file = folder / "event.json"
        file.write_text(json.dumps(payload), encoding="utf-8")
        name = "pull_request" if request else "push" if event.get("branch") else "schedule"
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": forge.address,
            "GITHUB_REPOSITORY": "team/fleet",
            "GITHUB_WORKFLOW_REF": "team/fleet/.github/workflows/novita-infra.yml@refs/heads/main",
            "GITHUB_EVENT_PATH": str(file),
            "GITHUB_EVENT_NAME": name,
            "GITHUB_SHA": commit,
            "GITHUB_REF_NAME": event.get("branch", "main"),
            "GITHUB_RUN_ID": "1",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_TOKEN": forge.token,
        }
    variables = {
        "GITLAB_CI": "true",
        "CI_API_V4_URL": f"{forge.address}/api/v4",
        "CI_PROJECT_ID": "7",
        "CI_COMMIT_SHA": commit,
        "CI_JOB_URL": "https://gitlab.com/team/fleet/-/jobs/1",
        "CI_DEFAULT_BRANCH": "main",
        "CI_PIPELINE_SOURCE": "merge_request_event" if request else "push" if event.get("branch") else "schedule",
        "NOVITA_INFRA_GITLAB_TOKEN": forge.token,
    }
    if request:
        variables |= {
            "CI_MERGE_REQUEST_IID": str(request.number),
            "CI_MERGE_REQUEST_PROJECT_ID": "7",
            "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "9" if request.is_foreign else "7",
            "CI_MERGE_REQUEST_EVENT_TYPE": "detached",
        }
    elif event.get("branch"):
        variables["CI_COMMIT_BRANCH"] = event["branch"]
    return variables
