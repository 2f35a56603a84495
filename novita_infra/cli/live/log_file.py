"""The log of a command as a file: JSON lines, without secrets, for its owner alone.

A line has the form of Terraform's machine-readable UI. The notes, the diagnostics, the plan and the events of a run
stand in it, and each call of the API.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from novita_infra.api.known_secrets import OF_THIS_RUN
from novita_infra.api.redaction import without_secrets
from novita_infra.model.diagnostics import Diagnostic, naming_file, reason
from novita_infra.model.printable import printable
from novita_infra.model.values import Value
from novita_infra.planning.plan.review import Review
from novita_infra.state.private_files import open_private
from novita_infra.views.content.diagnostics import placed, sources
from novita_infra.views.content.lines import Line
from novita_infra.views.content.plan import DriftContent, PlanContent, RunProject
from novita_infra.views.formats.json.ui import Messages
from novita_infra.views.formats.json.values import json_text
from novita_infra.views.renderer import Content

if TYPE_CHECKING:
    from novita_infra.applying.events import Listener, Result
    from novita_infra.planning.cost.running import Outlook

_LEVELS: Final = {"WARNING": "warn"}


class LogFile(logging.Handler):
    """The Renderer that writes the log, and the handler of the client log. It adds to a file that exists."""

    for_programs: Final = True

    def __init__(self, path: Path, root: Path, *, now: Callable[[], float]) -> None:
        """Raises Problems for a link or a device in the place of the file, and OSError with its name."""
        super().__init__(logging.DEBUG)
        self._path, self._root, self._now = path, root, now
        with naming_file(path):
            self._file: int | None = open_private(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.fchmod(self._file, 0o600)
        self._messages = Messages(self._write, now=now)
        self._logger = logging.getLogger("novita_infra")
        self._before = self._logger.level
        self._logger.setLevel(logging.DEBUG)
        self._logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """One line of the client log."""
        at = datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        level = _LEVELS.get(record.levelname, record.levelname.lower())
        head = {"@level": level, "@message": record.getMessage(), "@module": "novita-infra.api", "@timestamp": at}
        self._write({**head, "type": "log"}, None)

    def close(self) -> None:
        """Ends the log."""
        self._logger.removeHandler(self)
        self._logger.setLevel(self._before)
        if self._file is not None:
            os.close(self._file)
            self._file = None
        super().close()

    def message(self, *lines: Line | str) -> None:
        """Logs nothing: it is for a person, who sees it."""

    def note(self, text: str) -> None:
        self._messages.log(text)

    def diagnostics(self, diagnostics: Iterable[Diagnostic]) -> None:
        self._messages.diagnostics(placed(diagnostics, self._root), sources())

    def verbatim(self, text: str) -> None:
        """Logs nothing, as `show`: a result has its own place."""

    def show(self, lines: Iterable[Line], data: Any = None) -> None:
        """Logs nothing."""

    def result(self, content: Content) -> None:
        """Logs the changes of a plan, and what is wrong with it."""
        if isinstance(content, (PlanContent, DriftContent)):
            self.run_plan(content.review, warnings=content.warnings)

    def run_begins(self, project: RunProject | None) -> None:
        """Logs nothing: the log begins with the command."""

    def run_plan(self, review: Review, *, warnings: Iterable[Diagnostic] = ()) -> None:
        self._messages.plan(review.plan)
        self.diagnostics((*warnings, *review.notes, *review.problems))

    @contextmanager
    def progress(
        self,
        *,
        steps: int | None,  # noqa: ARG002 -- every event is one line
        now: Callable[[], float],  # noqa: ARG002 -- the same
        outlook: Callable[[], Outlook] | None = None,  # noqa: ARG002 -- the same
    ) -> Iterator[Listener]:
        yield self._messages.listener()

    def run_result(self, result: Result, *, outputs: Mapping[str, Value], again: str, destroy: str) -> None:  # noqa: ARG002 -- commands are for persons
        self._messages.result(result, outputs=outputs)

    def _write(self, data: Any, _indent: int | None) -> None:
        """Adds a line. A file that takes no more is reported once; the command goes on."""
        if self._file is None:
            return
        try:
            text = json_text(_without(data, OF_THIS_RUN.all()), indent=None)
            os.write(self._file, f"{text}\n".encode())
        except OSError as error:
            self._file = None
            sys.stderr.write(f"{printable(str(self._path))}: {reason(error)}; the log in it is not complete\n")


def _without(data: Any, secrets: frozenset[str]) -> Any:
    """The data without the secrets in its texts; what it is made of comes without most of them already."""
    match data:
        case str():
            return without_secrets(data, secrets)
        case dict():
            return {key: value if key == "@timestamp" else _without(value, secrets) for key, value in data.items()}
        case list() | tuple():
            return [_without(item, secrets) for item in data]
        case _:
            return data


def begin_log(path: Path, root: Path, *, command: str, now: Callable[[], float]) -> LogFile:
    """The log of a command that begins now, with the calls of the API from now on."""
    log = LogFile(path, root, now=now)
    log.note(f"{command} begins, process {os.getpid()}")
    return log
