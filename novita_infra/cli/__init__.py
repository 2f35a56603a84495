"""The command line: commands that pass options to operations and results to a renderer. The only place that exits.

Only click is imported before a command runs, so that `--help` and completion are quick.
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
    "Main commands": {
        "init": ("novita_infra.cli.commands.init:init", "Write a starter project"),
        "validate": ("novita_infra.cli.commands.validate:validate", "Check the manifests without the cloud"),
        "plan": ("novita_infra.cli.commands.plan:plan", "Show what apply would do"),
        "apply": ("novita_infra.cli.commands.apply:apply", "Create, update and delete resources as planned"),
        "destroy": ("novita_infra.cli.commands.apply:destroy", "Delete all resources of this environment"),
    },
    "Reading": {
        "drift": ("novita_infra.cli.commands.drift:drift", "Show changes made outside of novita-infra"),
        "show": ("novita_infra.cli.commands.show:show", "Show the state or a saved plan"),
        "output": ("novita_infra.cli.commands.show:output", "Print the outputs of the last apply"),
        "graph": ("novita_infra.cli.commands.show:graph", "Draw the dependencies of resources"),
        "why": ("novita_infra.cli.commands.why:why", "Explain why a plan changes a resource"),
        "explain": ("novita_infra.cli.commands.explain:explain", "Explain a kind of resource and its fields"),
        "schema": ("novita_infra.cli.commands.explain:schema", "Print or write the JSON Schemas of the manifests"),
    },
    "State": {
        "import": ("novita_infra.cli.commands.import_:import_", "Import an existing object into the state"),
        "orphans": ("novita_infra.cli.commands.orphans:orphans", "List live objects that are in no state"),
        "state": ("novita_infra.cli.commands.state:state", "List, show, move and remove records"),
    },
    "Simulator": {
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
