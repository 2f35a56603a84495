"""A project with two versions of its state, and the question of a command answered on a terminal."""

from __future__ import annotations

import json
import os
import pty
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from novita_infra.cli import main

Invoke = Callable[..., Result]


@pytest.fixture
def state(run: Invoke, project: Path) -> Path:
    """The state file of the project after two applies; the second one has resized the storage."""
    for size in (20, 30):
        ended = run("apply", "--sim", "--auto-approve", "--var", f"size={size}")
        assert ended.exit_code == 0, ended.output
    return project / "state" / "default.json"


@pytest.fixture
def rows(run: Invoke) -> Callable[..., Any]:
    """What a command prints with --json."""

    def read(*words: str, code: int = 0) -> Any:
        ended = run(*words, "--json")
        assert ended.exit_code == code, ended.output
        return json.loads(ended.stdout)

    return read


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[int, str, str]]]:
    """Runs a command with an answer on a terminal; its exit code, stdout and stderr."""
    ours, theirs = pty.openpty()

    def run(answer: str, *words: str) -> tuple[int, str, str]:
        os.write(ours, f"{answer}\n".encode())
        paths = [tmp_path / name for name in ("out", "err")]
        with (
            paths[0].open("w") as out,
            paths[1].open("w") as err,
            os.fdopen(os.dup(theirs)) as terminal,
            monkeypatch.context() as patch,
        ):
            for name, stream in (("stdin", terminal), ("stdout", out), ("stderr", err)):
                patch.setattr(sys, name, stream)
            patch.setattr(sys, "argv", ["novita-infra", *words])
            with pytest.raises(SystemExit) as end:
                main()
            sys.stderr.flush()
            sys.stdout.flush()
        assert isinstance(end.value.code, int)
        return end.value.code, paths[0].read_text(), paths[1].read_text()

    yield run
    os.close(ours)
    os.close(theirs)
