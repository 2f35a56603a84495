"""What the complaints of git mean: trying again cannot help, it may help, or a push may have been carried out."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from novita_infra.api.credentials import without_credentials
from novita_infra.model.diagnostics import Problems, problem
from novita_infra.programs.git_faults import ADVICE, GitFault, git_fault_in
from novita_infra.state.backends.git.urls import without_login
from novita_infra.state.objects.objects import AnswerLost, OutOfReach

Failure: TypeAlias = Problems | OutOfReach | AnswerLost

_ACCESS: Final = (
    "`git push` to it must work without a question, with a key or a token that may write; in GitHub Actions: "
    "permissions: {contents: write}"
)
_ADVICE: Final = {
    **ADVICE,
    GitFault.ACCESS: _ACCESS,
    GitFault.ABSENT: "check state.remote, and whether this machine may read the repository",
}
_MAYBE_DONE: Final = re.compile(
    r"rpc failed|hung up unexpectedly|send-pack|disconnect|remote failed to report|early eof|broken pipe|sideband"
)
_WHILE_CONNECTING: Final = re.compile(
    r"unable to access|could not read from remote repository|unable to connect|hung up upon initial contact"
)
"""Complaints before anything is sent."""
_RACE: Final = re.compile(
    r"stale info|fetch first|failed to update ref|failed to lock|cannot lock ref|incorrect old value|already exists"
    r"|reference conflict|non-fast-forward|remote ref updated since checkout|failed to update"
)
"""Refusals of a push whose ref had another commit, at once or while the server wrote."""
_PROTECTED: Final = (
    "let this user or job push to it: the rules for protected branches in the settings of the repository"
)
_REFUSED: Final = re.compile(r"^!\t[^\t\n]*\t(?P<how>\[[^\]\n]*\])(?: \((?P<why>.*)\))?$", re.MULTILINE)
_SAID: Final = re.compile(r"(?:remote:|error: remote unpack failed:)(.*)")
"""What the server said beside its refusal."""
_MOST_WORDS: Final = 300


def is_missing_ref(complaints: bytes) -> bool:
    """Whether the remote answered that it has no such ref."""
    return b"couldn't find remote ref" in complaints


def is_race(report: bytes) -> bool:
    """Whether the server refused a push because the ref has another commit by now. `report` is that of --porcelain."""
    match = _refusal(report)
    return (
        match is not None
        and match["how"] != "[remote failure]"
        and _RACE.search((match["why"] or "").lower()) is not None
    )


def refused_push(report: bytes, complaints: bytes, *, place: str) -> Failure | None:
    """The failure of a push that the server answered; None if it did not."""
    match = _refusal(report)
    if match is None:
        return None
    why = match["why"] or "no reason given"
    if match["how"] == "[remote failure]":
        return AnswerLost(f"{place}: {why}")
    said = [match[1].strip() for line in _lines(complaints) if (match := _SAID.match(line))]
    words = _shown(" ".join([why, *(line for line in said if line)]))
    fault = git_fault_in(words)
    return problem(f"the server refused the push to {place}: {words}", _ADVICE[fault] if fault else _PROTECTED)


def failure_of(complaints: bytes, trouble: str, *, place: str, pushes: bool) -> Failure:
    """The failure of a command that got no answer. `trouble` is the reason why it was ended, if it was."""
    if trouble:
        return (AnswerLost if pushes else OutOfReach)(f"{place}: git {trouble}")
    lines = [line for line in _lines(complaints) if line]
    telling = [line for line in lines if re.match(r"(?:fatal|error|ssh|remote):", line)] or lines or ["it failed"]
    words, everything = _shown(re.sub(r"^(?:fatal|error): ", "", telling[0])), " ".join(lines).lower()
    if fault := git_fault_in(everything):
        return problem(f"git cannot reach {place}: {words}", _ADVICE[fault])
    if pushes and (_MAYBE_DONE.search(everything) or not _WHILE_CONNECTING.search(everything)):
        return AnswerLost(f"{place}: {words}")
    return OutOfReach(f"{place}: {words}")


def _refusal(report: bytes) -> re.Match[str] | None:
    return _REFUSED.search(report.decode("utf-8", "replace"))


def _lines(complaints: bytes) -> list[str]:
    return [line.strip() for line in complaints.decode("utf-8", "replace").split("\n")]


def _shown(words: str) -> str:
    """The words on one line, without credentials and at a readable length."""
    return without_credentials(without_login(" ".join(words.split())), certain=True)[:_MOST_WORDS]
