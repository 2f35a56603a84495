"""The command line: thin commands that hand arguments down and results to the views. The only place that exits.

Nothing but click is imported until a command is named, so that `--help` and completion answer at once.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import Final

import click

from novita_infra import __version__
from novita_infra.cli.lazy import LazyGroup

_COMMANDS: Final = {
    "The main path": {
        "init": ("novita_infra.cli.commands.init:init", "Write a small project to start from"),
        "validate": ("novita_infra.cli.commands.validate:validate", "Check the manifests without the cloud"),
        "plan": ("novita_infra.cli.commands.plan:plan", "Show what apply would do"),
        "apply": ("novita_infra.cli.commands.apply:apply", "Make the cloud be what the manifests say"),
        "destroy": ("novita_infra.cli.commands.apply:destroy", "Delete all that this environment owns"),
    },
    "Reading": {
        "drift": ("novita_infra.cli.commands.drift:drift", "Tell what was changed outside of the manifests"),
        "show": ("novita_infra.cli.commands.show:show", "Show the books or a saved plan"),
        "output": ("novita_infra.cli.commands.show:output", "Print the outputs of the last apply"),
        "graph": ("novita_infra.cli.commands.show:graph", "Draw what needs what"),
        "why": ("novita_infra.cli.commands.why:why", "Explain what a plan does to a resource"),
        "explain": ("novita_infra.cli.commands.explain:explain", "Explain a kind of resource and its fields"),
        "schema": ("novita_infra.cli.commands.explain:schema", "Print or write the JSON Schemas of the manifests"),
    },
    "The books": {
        "import": ("novita_infra.cli.commands.import_:import_", "Take an existing object into the books"),
        "orphans": ("novita_infra.cli.commands.orphans:orphans", "List what lives in the account and is in no books"),
        "state": ("novita_infra.cli.commands.state:state", "List, show, move and remove records"),
    },
    "Trying out": {
        "sim": ("novita_infra.cli.commands.sim.group:sim", "Run or reset the built-in simulator"),
    },
}


@click.group(
    cls=LazyGroup,
    table=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="A first try, without an account:  novita-infra init demo && novita-infra apply demo --sim",
)
@click.version_option(__version__, prog_name="novita-infra", message="%(prog)s %(version)s")
def root() -> None:
    """Declare GPU machines, storage, networks and endpoints of Novita AI in YAML, and keep the cloud so.

    The key comes from NOVITA_API_KEY; with --sim, a built-in simulator takes the cloud's place. Results go to stdout,
    progress and messages to stderr.
    """


def collect_seldom() -> None:
    """Many values and few cycles are made here: the collector, left alone, walks over all of them again and again."""
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
