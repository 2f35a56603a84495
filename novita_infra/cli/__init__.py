"""The command line: commands that pass options to operations and results to a renderer. The only place that exits.

Only click is imported before a command runs, so that `--help` and completion are quick.
"""

from __future__ import annotations

import gc
import os
import sys

import click

from novita_infra import __version__
from novita_infra.cli.discovery import command_table
from novita_infra.cli.lazy import COMPLETES, LazyGroup
from novita_infra.cli.streams import exit_code_with_output, protect_streams


@click.group(
    cls=LazyGroup,
    table=command_table(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="A first try, without an account:  novita-infra init demo && novita-infra apply demo --sim",
)
@click.version_option(__version__, "-v", "--version", prog_name="novita-infra", message="%(prog)s %(version)s")
def root() -> None:
    """Declare GPU instances, storage, networks and endpoints of Novita AI in YAML, and apply them.

    The key is read from NOVITA_API_KEY; with --sim, a built-in simulator replaces the cloud. Results go to stdout,
    progress and messages to stderr.

    \b
    Examples:
      novita-infra plan examples/quickstart --sim
      novita-infra apply -e prod -t instance.trainer
    """


def collect_seldom() -> None:
    """Runs the garbage collector less often: there are many values and few cycles."""
    gc.set_threshold(150_000, 20, 100)


def leave_out_httpx_command() -> None:
    """Keeps httpx from importing its own command with rich and pygments: a fifteenth of a small plan.

    httpx does without it where they are not installed.
    """
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]


def main() -> None:
    """The command `novita-infra`."""
    collect_seldom()
    leave_out_httpx_command()
    protect_streams()
    if COMPLETES in os.environ:
        from novita_infra.cli.completing.shells import prepare_answers  # noqa: PLC0415 -- only a shell asks

        prepare_answers()
    try:
        root.main(prog_name="novita-infra")
    except SystemExit as end:
        gc.freeze()  # what is left goes with the process: to look through it takes a twentieth of a large plan
        sys.exit(exit_code_with_output(end.code))
