"""Hands this process over to a program of the user, such as ssh, with its terminal, its signals and its exit code."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Final, NoReturn

from novita_infra.model.diagnostics import problem
from novita_infra.programs.environment import given_environment

_IGNORED_BY_PYTHON: Final = ("SIGPIPE", "SIGXFSZ")
"""A program inherits which signals are ignored, and these two end it by default."""


def hand_over(words: Sequence[str], environ: Mapping[str, str], *, install: str) -> NoReturn:
    """Replaces this process by the program, found on the PATH. It gets neither the API key nor our variables.

    Raises Problems if it is not installed; `install` says where it comes from. Raises OSError if it cannot be started.
    """
    program = shutil.which(words[0], path=environ.get("PATH"))
    if program is None:
        raise problem(f"the program {words[0]} is not installed", install)
    sys.stdout.flush()
    sys.stderr.flush()
    for name in _IGNORED_BY_PYTHON:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    os.execve(program, list(words), given_environment(environ))  # noqa: S606 -- there is no shell
