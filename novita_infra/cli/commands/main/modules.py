"""`modules`: fetches the modules from git repositories, and pins them in the lock file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from novita_infra.cli.command import Command
from novita_infra.cli.lazy import LazyGroup
from novita_infra.cli.options import path_argument
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.operations.manifests.pinning import write_pins
from novita_infra.views.renderer import Renderer
from novita_infra.views.results.modules import pin_listing

SUMMARY = "Fetch modules from git and pin them"


@click.command("install", cls=Command)
@path_argument
@format_options("modules")
@with_renderer
def install_modules(*, path: Path, renderer: Renderer) -> int:
    """Fetch the modules from git, and pin those that the lock file does not pin.

    The lock file novita-infra.lock.yaml holds the commit of each repository and digests of the files. No pin is moved.

    \b
    Example:
      novita-infra modules install
    """
    return _pin(path, None, renderer)


@click.command("update", cls=Command)
@click.argument("words", metavar="[NAME]... [PATH]", nargs=-1)
@format_options("modules")
@with_renderer
def update_modules(*, words: tuple[str, ...], renderer: Renderer) -> int:
    """Pin the modules from git to what their refs are now, and fetch them.

    NAME is a module of the project; the others keep their pins. A PATH holds a slash, or is a dot.

    \b
    Examples:
      novita-infra modules update
      novita-infra modules update train ./fleet
    """
    *names, last = words or (".",)
    is_path = last == "." or "/" in last
    return _pin(Path(last if is_path else "."), names if is_path else words, renderer)


def _pin(path: Path, moved: Sequence[str] | None, renderer: Renderer) -> int:
    pins = write_pins(path, os.environ, moved=moved)
    renderer.result(pin_listing(pins.before, pins.now))
    return 0


@click.group(
    "modules",
    cls=LazyGroup,
    table={
        "Commands": {
            "install": (f"{__name__}:install_modules", "Fetch the modules, and pin those without a pin"),
            "update": (f"{__name__}:update_modules", "Pin the modules to what their refs are now"),
        }
    },
)
def modules() -> None:
    """Fetch the modules from git repositories, and pin them in novita-infra.lock.yaml.

    \b
    Examples:
      novita-infra modules install
      novita-infra modules update
    """
