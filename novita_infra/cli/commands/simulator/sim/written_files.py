"""The files that a simulator writes while it serves. One that cannot be written ends nothing but itself.

The failure is reported when it happens, and again by the exit code.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from starlette.types import ASGIApp

from novita_infra import __version__
from novita_infra.cli.lazy import EXIT_ERROR
from novita_infra.model.diagnostics import Diagnostic, Severity, naming_file
from novita_infra.simulator import World
from novita_infra.simulator.http.recording import Log, Recorder, open_log
from novita_infra.views.renderer import Renderer


class WrittenFiles:
    """The account file of a world, and the recording."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._world: World | None = None
        self._recording = True

    def watch(self, world: World, account: Path | None) -> None:
        """Reports when the account can no longer be written."""
        self._world = world
        world.on_unsaved = lambda error: self._report(
            f"the account cannot be written to {account}: {error.strerror}",
            "the simulator goes on in memory and tries again at every change; make room",
        )

    @contextmanager
    def recorded(self, app: ASGIApp, path: Path) -> Iterator[ASGIApp]:
        """The application with a recording of its exchanges. Raises OSError if the recording cannot begin."""
        with naming_file(path):
            log: Log = open_log(path, creator=("novita-infra", __version__))

        def ended(error: OSError) -> None:
            self._recording = False
            self._report(
                f"the recording in {path} ends here: {error.strerror}",
                "the simulator goes on; to record again, make room and start it again",
            )

        with closing(log):
            yield Recorder(app, log, on_failure=ended)

    def exit_code(self, code: int) -> int:
        """The code of the command, or 1 in place of 0 if a file lacks something. The world must be closed."""
        is_whole = self._recording and (self._world is None or self._world.unsaved is None)
        return code if code or is_whole else EXIT_ERROR

    def _report(self, summary: str, hint: str) -> None:
        self._renderer.diagnostics([Diagnostic(summary, hint, severity=Severity.WARNING)])
