"""The options of a simulated world, for `sim serve`, `sim run` and `sim record`."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from novita_infra.cli.options import WholeNumber
from novita_infra.cli.rendering import Callback
from novita_infra.simulator import PROFILES
from novita_infra.testing.worlds import WorldOptions


class _FiniteRange(click.FloatRange):
    """A range that `nan` is not in."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        figure = float(super().convert(value, param, ctx))
        if math.isnan(figure):
            self.fail(f"{value!r} is no number", param, ctx)
        return figure


def world_options(*, time_scale: float) -> Callable[[Callback], Callback]:
    """Adds the options and passes on `options`, and `latency` in seconds."""
    options = (
        click.option(
            "--scenario",
            default="",
            metavar="NAME|FILE",
            help="A scenario: a name from `sim scenarios`, or a scenario file.",
        ),
        click.option(
            "--seed", type=int, default=0, show_default=True, metavar="N", help="Seed of ids and random events."
        ),
        click.option(
            "--profile",
            type=click.Choice(sorted(PROFILES)),
            default="live",
            show_default=True,
            help="Which variant of the API's behaviour it follows.",
        ),
        click.option(
            "--time-scale",
            type=_FiniteRange(min=1e-6, max=1e6),
            default=time_scale,
            show_default=True,
            metavar="X",
            help="Simulated seconds that pass in one real second. A command that calls the server keeps its own clock.",
        ),
        click.option(
            "--latency-ms",
            type=_FiniteRange(min=0, max=600_000),
            default=0.0,
            metavar="N",
            show_default=True,
            help="Delay of answers.",
        ),
        click.option(
            "--db",
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            help="Keep the account in this file; without it, the account ends with the command.",
        ),
    )

    def around(function: Callback) -> Callback:
        @functools.wraps(function)
        def inner(
            *,
            scenario: str,
            seed: int,
            profile: str,
            time_scale: float,
            latency_ms: float,
            db: Path | None,
            **rest: Any,
        ) -> Any:
            world = WorldOptions(scenario=scenario, seed=seed, profile=profile, time_scale=time_scale, db=db)
            return function(options=world, latency=latency_ms / 1000, **rest)

        decorated: Callback = inner
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return around


port_option = click.option(
    "--port",
    type=WholeNumber(0, 65535),
    default=0,
    metavar="N",
    show_default="a free one",
    help="Port on 127.0.0.1.",
)

allow_host_option = click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="Answer to this host name, too, for a proxy or a container. Repeatable.",
)
