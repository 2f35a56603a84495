"""The renderer of a command, chosen once by its options."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import click

from novita_infra.model.clock import RealClock
from novita_infra.views.json.renderer import JsonRenderer
from novita_infra.views.renderer import Renderer
from novita_infra.views.text.renderer import TextRenderer

Callback: TypeAlias = Callable[..., Any]

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else on stdout.")


def with_renderer(function: Callback) -> Callback:
    """Adds `--no-color`, and passes on the `renderer`."""

    @click.option("--no-color", is_flag=True, help="No colours and no live display; the same as NO_COLOR.")
    @click.pass_context
    @functools.wraps(function)
    def inner(ctx: click.Context, /, *, no_color: bool, **rest: Any) -> Any:  # noqa: ARG001 -- read by renderer_of
        rest.pop("as_json", None)
        return function(renderer=renderer_of(ctx.params), **rest)

    return inner


def renderer_of(params: dict[str, Any]) -> Renderer:
    """The renderer that the values of a command's options ask for."""
    path = params.get("path") or Path()
    root, now = path if path.is_dir() else path.parent, RealClock().now
    if params.get("as_json"):
        return JsonRenderer(root=root, now=now)
    return TextRenderer(colours=not params.get("no_color"), root=root, now=now)
