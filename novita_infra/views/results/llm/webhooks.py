"""The events that a listener has taken. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from novita_infra.inference.tasks import SUCCEEDED, GenerationTask
from novita_infra.model.frozen import dataclass
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.listing import Facts, fact


@dataclass(frozen=True, slots=True)
class WebhookEvent(Facts):
    """The end of a task, as `webhook listen --json` prints one on each line."""

    name: ClassVar[str] = "webhook_event"
    is_line: ClassVar[bool] = True

    task: str = fact("The id of the task.")
    status: str = fact("In the words of the API, such as `TASK_STATUS_SUCCEED`.")
    event: Any = fact("The event, made from what the API answers about the task; without the secret of its address.")
    exit_code: int | None = fact("That of the command; null without one, and if it could not be started or was killed.")
    trouble: str = fact("Why the command has failed; empty otherwise.")

    def lines(self) -> Iterator[Line]:
        """The task, and how the command ended."""
        word = self.status.removeprefix("TASK_STATUS_").lower()
        ended = "" if self.exit_code is None else f"; the command ended with {self.exit_code}"
        yield line((f"{self.task}: {word}", Tone.GOOD if self.status == SUCCEEDED else Tone.CHANGE), ended)
        if self.trouble:
            yield line((f"  {self.trouble}", Tone.BAD))


def webhook_event(
    task: GenerationTask, event: Mapping[str, Any], *, exit_code: int | None = None, trouble: str = ""
) -> WebhookEvent:
    """The facts of an event."""
    return WebhookEvent(task.id, task.status, event, exit_code, trouble)
