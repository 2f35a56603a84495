"""The one comment of a request, and the one issue of an environment: found by the first line, written or updated."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from novita_infra.forges.forge import MOST_BODY, Forge, PostUnanswered, Remark
from novita_infra.model.diagnostics import problem

_TRIES: Final = 3
_RECORD: Final = re.compile(
    r"<!-- novita-infra record ([0-9a-f]{40,64}) (ready|refused) (sha256:[0-9a-f]{64}|-) ([0-9]{1,20}|-) -->"
)


class PlanRecord(NamedTuple):
    """What the comment on a plan records for the jobs that come after it."""

    head: str
    """The last commit of the request when it was planned."""
    digest: str = ""
    """The digest of the plan; empty where there was none."""
    is_ready: bool = False
    """Whether it can be applied."""
    label: str = ""
    """The id of the label that was offered for it; empty for none."""

    def line(self) -> str:
        """The second line of the comment."""
        word = "ready" if self.is_ready else "refused"
        return f"<!-- novita-infra record {self.head} {word} {self.digest or '-'} {self.label or '-'} -->"


def record_in(body: str) -> PlanRecord | None:
    """The record in the second line of a comment."""
    match = _RECORD.fullmatch(_lines(body)[1])
    if match is None:
        return None
    return PlanRecord(match[1], match[3].removeprefix("-"), match[2] == "ready", match[4].removeprefix("-"))


def put_comment(forge: Forge, number: int, body: str) -> None:
    """Writes the comment, or updates the one that begins with the same line. Raises Problems."""

    def edit(remark: Remark) -> None:
        forge.edit_comment(number, remark.id, body)

    _put(body, lambda: forge.comments(number), add=lambda: forge.add_comment(number, body), edit=edit)


def put_issue(forge: Forge, title: str, body: str) -> None:
    """Opens the issue, or updates the open one that begins with the same line. Raises Problems."""

    def edit(remark: Remark) -> None:
        forge.edit_issue(remark.id, title, body)

    _put(body, forge.drift_issues, add=lambda: forge.add_issue(title, body), edit=edit)


def close_issues(forge: Forge, mark: str, body: str, title: str) -> int:
    """Closes the open issues that begin with the line `mark`, with a last text; returns how many."""
    found = [*_marked(forge.drift_issues(), mark)]
    for remark in found:
        forge.edit_issue(remark.id, title, body)
        forge.close_issue(remark.id)
    return len(found)


def comment_with(forge: Forge, number: int, mark: str) -> Remark | None:
    """The comment of ours that begins with the line `mark`."""
    return next(_marked(forge.comments(number), mark), None)


def _put(
    body: str, present: Callable[[], Iterator[Remark]], *, add: Callable[[], None], edit: Callable[[Remark], None]
) -> None:
    if len(body) > MOST_BODY:
        raise problem(f"a text of {len(body):,} characters is too long for {MOST_BODY:,}", "report this")
    mark = _lines(body)[0]
    for _ in range(_TRIES):
        remark = next(_marked(present(), mark), None)
        try:
            if remark is None:
                add()
            elif remark.body != body:
                edit(remark)
        except PostUnanswered as error:
            why = str(error)
            continue  # it may be there by now
        return
    raise problem(f"a comment or an issue could not be written: {why}", "run the job again")


def _marked(remarks: Iterator[Remark], mark: str) -> Iterator[Remark]:
    return (remark for remark in remarks if _lines(remark.body)[0] == mark)


def _lines(body: str) -> tuple[str, str]:
    """The first two lines, as forges give them back: some with a carriage return."""
    lines = [*(line.rstrip("\r") for line in body.split("\n", 2)), ""]
    return lines[0], lines[1]
