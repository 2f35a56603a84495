"""`output`: the outputs of the last apply. Offline."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from novita_infra.cli.command import Command
from novita_infra.cli.options import path_argument
from novita_infra.cli.project_options import with_project_options
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.model.diagnostics import nearest, problem
from novita_infra.model.values import Digest, Secret, Value, leaves
from novita_infra.operations.session import ProjectOptions
from novita_infra.operations.state.edits import load_state
from novita_infra.views.content.state import OutputContent, OutputsContent
from novita_infra.views.renderer import Renderer

SUMMARY = "Print the outputs of the last apply"

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@click.command(cls=Command)
@click.argument("name", metavar="[NAME]", default="", required=False)
@path_argument
@with_project_options
@click.option("--raw", is_flag=True, help="Print only the value of NAME, a text without quotes: for scripts.")
@format_options()
@with_renderer
def output(*, name: str, project_options: ProjectOptions, raw: bool, renderer: Renderer) -> int:
    """Print the outputs of the last apply.

    A single word is the NAME of an output; write a folder as ./folder. A secret output cannot be shown: the state
    holds only a digest of it.

    \b
    Examples:
      novita-infra output
      novita-infra output url --raw
      novita-infra output --json examples/quickstart
    """
    if name and not _NAME.fullmatch(name):
        name, project_options = "", replace(project_options, path=_existing(name))
    outputs = load_state(project_options, report=renderer.note).outputs
    if not name:
        if raw:
            raise problem("--raw needs the NAME of one output", f"outputs: {', '.join(sorted(outputs)) or 'none'}")
        renderer.result(OutputsContent(outputs))
        return 0
    value = _one(outputs, name)
    if raw and isinstance(value, (dict, list)) and not renderer.for_programs:
        raise problem(f"output {name} is not a single value", "use --json instead of --raw")
    renderer.result(OutputContent(value, raw))
    return 0


def _existing(name: str) -> Path:
    if not Path(name).exists():
        raise problem(f"{name} is neither the name of an output nor a folder that exists")
    return Path(name)


def _one(outputs: Mapping[str, Value], name: str) -> Value:
    if name not in outputs:
        hint = nearest(name, sorted(outputs)) or "the state has no outputs: run apply first"
        raise problem(f"there is no output {name}", hint)
    if any(isinstance(leaf, (Secret, Digest)) for leaf in leaves(outputs[name])):
        raise problem(
            f"output {name} is a secret and cannot be shown: the state holds only a digest of it",
            "read it where it comes from",
        )
    return outputs[name]
