"""Generation tasks. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import ClassVar

from novita_infra.inference.tasks import FAILED, SUCCEEDED, GenerationTask
from novita_infra.model.frozen import dataclass
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.listing import Facts, fact


@dataclass(frozen=True, slots=True)
class ResultRow:
    """A file that a task has made."""

    media: str = fact("`image`, `video` or `audio`.")
    type: str = fact("Such as `png`.")
    url: str = fact("A link that needs no key, and is good for a short time.")
    ttl: int | None = fact("Seconds for which the link is good; null if it is not known.")
    file: str | None = fact("The file that it was written to; null if it was not.")


@dataclass(frozen=True, slots=True)
class TaskFacts(Facts):
    """A generation task, as `task get --json` and `task wait --json` print it."""

    name: ClassVar[str] = "task"

    id: str = fact("The id.", title="Id")
    status: str = fact("In the words of the API, such as `TASK_STATUS_SUCCEED`.", title="Status")
    reason: str = fact("Why it failed; empty otherwise.", title="Reason")
    type: str = fact("What it makes, in the words of the API.", title="Type")
    eta: int | None = fact("Seconds that it may still take; null if they are not known.")
    percent: int | None = fact("How much of it is done; null if it is not known.")
    results: tuple[ResultRow, ...] = fact("What it has made.")

    def lines(self) -> Iterator[Line]:
        """The status, and each result: its file, else its link."""
        tone = {SUCCEEDED: Tone.GOOD, FAILED: Tone.BAD}.get(self.status, Tone.CHANGE)
        word = self.status.removeprefix("TASK_STATUS_").lower() or "not known"
        percent = "" if self.percent is None or self.status in {SUCCEEDED, FAILED} else f", {self.percent} %"
        yield line((f"{self.id}: {word}{percent}", tone), f": {self.reason}" if self.reason else "")
        for item in self.results:
            yield line(f"  {item.media}: {item.file or item.url}")


@dataclass(frozen=True, slots=True)
class SubmittedTask(Facts):
    """A task that was begun, as `task submit --json` prints it."""

    name: ClassVar[str] = "submitted_task"

    id: str = fact("The id, for `task wait`.", title="Task")


def task_facts(task: GenerationTask, files: Sequence[Path] = ()) -> TaskFacts:
    """The facts of a task, with the files that its results were written to."""
    rows = (
        ResultRow(item.media, item.type, item.url, item.ttl, None if file is None else str(file))
        for item, file in zip_longest(task.results, files)
        if item is not None
    )
    return TaskFacts(task.id, task.status, task.reason, task.type, task.eta, task.percent, tuple(rows))
