"""The command line: commands that pass options to operations and results to a renderer. The only place that exits.

Only click is imported before a command runs, so that `--help` and completion are quick.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import click

from novita_infra import __version__
from novita_infra.cli.discovery import command_table
from novita_infra.cli.lazy import LazyGroup


@click.group(
    cls=LazyGroup,
    table=command_table(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="A first try, without an account:  novita-infra init demo && novita-infra apply demo --sim",
)
@click.version_option(__version__, prog_name="novita-infra", message="%(prog)s %(version)s")
def root() -> None:
    """Declare GPU instances, storage, networks and endpoints of Novita AI in YAML, and apply them.

    The key is read from NOVITA_API_KEY; with --sim, a built-in simulator replaces the cloud. Results go to stdout,
    progress and messages to stderr.
    """


def collect_seldom() -> None:
    """Runs the garbage collector less often: there are many values and few cycles."""
    gc.set_threshold(100_000, 20, 100)


def main() -> None:
    """The command `novita-infra`."""
    collect_seldom()
    # A stream that is closed is none in Python, and the next file that is opened would take its place.
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 -- for the whole process
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 -- the same
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a name in a poor locale is no reason to fail
    root.main(prog_name="novita-infra")
