"""What a job of a pipeline needs of its forge: requests, comments, labels, issues and kept plans."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Final, NamedTuple, Protocol

from novita_infra.model.diagnostics import Problems
from novita_infra.model.frozen import dataclass

DRIFT_LABEL: Final = "novita-infra drift"
"""The label by which the issues about drift are found."""
MOST_BODY: Final = 65_536
"""The most characters of a comment or an issue. GitLab takes more."""


class Role(enum.IntEnum):
    """What a person may do in a repository, in the words of GitHub."""

    NONE = 0
    READ = 1
    TRIAGE = 2
    """GitLab: reporter."""
    WRITE = 3
    """GitLab: developer."""
    MAINTAIN = 4
    """GitLab: maintainer."""
    ADMIN = 5
    """GitLab: owner."""


class Person(NamedTuple):
    """A user of the forge."""

    id: str
    name: str
    is_program: bool = False
    """Whether it is a bot: the token of a pipeline, or an app."""


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """A pull request or merge request."""

    number: int
    head: str
    """The last commit of its branch."""
    base: str
    """The branch that it is merged into."""
    url: str
    labels: frozenset[str] = frozenset()
    is_foreign: bool = False
    """Whether its branch is in a fork."""
    behind: int = 0
    """The commits of the base that its pipeline does not see."""


class Remark(NamedTuple):
    """A comment or an issue that the token of this job wrote."""

    id: str
    body: str


class KeptPlan(NamedTuple):
    """The names under which the job that plans keeps its plan."""

    artefact: str
    """On GitHub."""
    job: str
    """The job whose artefact it is on GitLab."""
    file: str


class ForgeRefusal(Problems):
    """A refused request, with the status of the answer."""

    status: int = 0


class PostUnanswered(Exception):
    """A request that creates something got no answer: it may have been carried out."""


class Forge(Protocol):
    """The repository of this job on its forge. Methods raise ForgeRefusal, and Problems where it is out of reach."""

    name: str
    """For a person."""
    approvers: Role
    """Who may merge by default, and so permit a loss."""

    def request(self, number: int) -> ChangeRequest:
        """The request with this number."""

    def merged_as(self, commit: str, branch: str) -> ChangeRequest | None:
        """The request whose merge into the branch gave the commit; None for a commit that was pushed."""

    def comments(self, number: int) -> Iterator[Remark]:
        """The comments of a request that the token of this job wrote, oldest first."""

    def add_comment(self, number: int, body: str) -> None:
        """Writes a comment. Raises PostUnanswered."""

    def edit_comment(self, number: int, id: str, body: str) -> None:
        """Replaces the text of a comment."""

    def drift_issues(self) -> Iterator[Remark]:
        """The open issues with the label DRIFT_LABEL that the token of this job wrote."""

    def add_issue(self, title: str, body: str) -> None:
        """Opens an issue with the label DRIFT_LABEL. Raises PostUnanswered."""

    def edit_issue(self, id: str, title: str, body: str) -> None:
        """Replaces title and text of an issue."""

    def close_issue(self, id: str) -> None:
        """Closes an issue."""

    def offer_label(self, name: str, description: str, id: str) -> str:
        """Makes a label that can be put on requests, if the one with this id does not exist; returns its id.

        Another one of that name may be on requests for another reason, and is removed where names can change.
        """

    def withdraw_label(self, name: str) -> None:
        """Removes a label from the repository and all that has it, if it exists."""

    def labelled_by(self, number: int, label: str, id: str) -> Person | None:
        """Who put the label on the request last; None if it is not on it, or its author is gone.

        Where a label that is there can get another name, only the one with this id counts.
        """

    def role_of(self, person: Person) -> Role:
        """What the person may do in the repository."""

    def kept_plan(self, request: ChangeRequest, kept: KeptPlan) -> bytes | None:
        """The plan that the newest pipeline of the request kept; None if there is none."""
