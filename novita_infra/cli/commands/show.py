"""`show`, `output` and `graph`: reading the books, a saved plan and the manifests. Nothing here asks the cloud."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from novita_infra.cli.commands.plan import show_plan
from novita_infra.cli.console import Console
from novita_infra.cli.options import Command, json_option, path_argument, with_console
from novita_infra.cli.project_options import located
from novita_infra.model.clock import RealClock
from novita_infra.model.diagnostics import nearest, problem
from novita_infra.model.values import Digest, Secret, Value, leaves
from novita_infra.operations.saved_plans import is_plan, read_plan
from novita_infra.operations.session import ProjectOptions, validate_project
from novita_infra.operations.state_edits import load_state
from novita_infra.views.content.lines import line
from novita_infra.views.content.values import inline
from novita_infra.views.graph import dot, mermaid, needs_of
from novita_infra.views.json.state import outputs_json, state_json
from novita_infra.views.json.values import shown_json
from novita_infra.views.text.saved import saved_lines
from novita_infra.views.text.state import output_lines, state_lines

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@click.command(cls=Command)
@click.argument("path", metavar="[PATH or PLANFILE]", default=".", type=click.Path(path_type=Path), required=False)
@located
@json_option
@with_console
def show(*, where: ProjectOptions, screen: Console) -> int:
    """Show the books of an environment, or a saved plan.

    Nothing is asked of the cloud. A secret is never shown: the books hold only a digest of it.

    \b
    Examples:
      novita-infra show
      novita-infra show prod.niplan
      novita-infra show --json prod.niplan | jq .resource_changes
    """
    if is_plan(where.path):
        saved = read_plan(where.path)
        screen.say(*saved_lines(saved, now=RealClock().now()))
        show_plan(saved.review, screen, digest=saved.digest, saved=saved)
        return 0
    state = load_state(where)
    if screen.json:
        screen.show_json(state_json(state))
    else:
        screen.show(state_lines(state))
    return 0


@click.command(cls=Command)
@click.argument("name", metavar="[NAME]", default="", required=False)
@path_argument
@located
@click.option("--raw", is_flag=True, help="Print the value of NAME alone, a text without quotes: for scripts.")
@json_option
@with_console
def output(*, name: str, where: ProjectOptions, raw: bool, screen: Console) -> int:
    """Print the outputs of the last apply.

    A single word is the NAME of an output; write a folder as ./folder. A secret output cannot be shown: the books hold
    only a digest of it.

    \b
    Examples:
      novita-infra output
      novita-infra output url --raw
      novita-infra output --json examples/quickstart
    """
    if name and not _NAME.fullmatch(name):
        name, where = "", replace(where, path=_existing(name))
    outputs = load_state(where).outputs
    if not name:
        if raw:
            raise problem("--raw needs the NAME of one output", f"outputs: {', '.join(sorted(outputs)) or 'none'}")
        if screen.json:
            screen.show_json(outputs_json(outputs))
        else:
            screen.show(output_lines(outputs))
        return 0
    value = _one(outputs, name)
    if screen.json:
        screen.show_text(json.dumps(shown_json(value)) + "\n")
    elif raw and isinstance(value, str):
        screen.show_text(value)
    elif raw and isinstance(value, (dict, list)):
        raise problem(f"output {name} is not a single value", "use --json instead of --raw")
    else:
        screen.show([line(inline(value))])
    return 0


@click.command(cls=Command)
@click.argument("path", metavar="[PATH or PLANFILE]", default=".", type=click.Path(path_type=Path), required=False)
@located
@click.option(
    "--format",
    "form",
    type=click.Choice(["mermaid", "dot"]),
    default="mermaid",
    show_default=True,
    help="Mermaid goes into Markdown as it is; DOT is for Graphviz.",
)
@with_console
def graph(*, where: ProjectOptions, form: str, screen: Console) -> int:
    """Draw what needs what.

    An arrow goes from what needs to what it needs. With a saved plan, the colours say what happens to each resource.

    \b
    Examples:
      novita-infra graph examples/training-cluster
      novita-infra graph --format dot | dot -Tsvg > needs.svg
    """
    draw = dot if form == "dot" else mermaid
    if is_plan(where.path):
        plan = read_plan(where.path).review.plan
        screen.show_text(draw(needs_of(plan), {change.address: change.action for change in plan.changes}))
        return 0
    project = validate_project(where, os.environ)
    screen.show_text(draw({declared.address: declared.needs for declared in project.declared}))
    return 0


def _existing(name: str) -> Path:
    if not Path(name).exists():
        raise problem(f"{name} is neither the name of an output nor a folder that exists")
    return Path(name)


def _one(outputs: Mapping[str, Value], name: str) -> Value:
    if name not in outputs:
        hint = nearest(name, sorted(outputs)) or "nothing is on record: run apply first"
        raise problem(f"there is no output {name}", hint)
    if any(isinstance(leaf, (Secret, Digest)) for leaf in leaves(outputs[name])):
        raise problem(
            f"output {name} is a secret and cannot be shown: the books hold only a digest of it",
            "read it where it comes from",
        )
    return outputs[name]
