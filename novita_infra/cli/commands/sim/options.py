"""What `sim serve`, `sim run` and `sim record` share: the options that say which world is wanted."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from novita_infra.cli.rendering import Callback
from novita_infra.simulator import PROFILES
from novita_infra.testing.worlds import WorldOptions


def world_options(*, time_scale: float) -> Callable[[Callback], Callback]:
    """Adds the options and hands on `wish`, and `latency` in seconds."""
    options = (
        click.option(
            "--scenario",
            default="",
            metavar="NAME|FILE",
            help="The day to live through: a name from `sim scenarios`, or a scenario file.",
        ),
        click.option("--seed", type=int, default=0, show_default=True, metavar="N", help="Seed of ids and luck."),
        click.option(
            "--profile",
            type=click.Choice(sorted(PROFILES)),
            default="live",
            show_default=True,
            help="Which reading of the API's documents it follows.",
        ),
        click.option(
            "--time-scale",
            type=click.FloatRange(min=0, min_open=True),
            default=time_scale,
            show_default=True,
            metavar="X",
            help="Simulated seconds that pass in one real second.",
        ),
        click.option(
            "--latency-ms",
            type=click.FloatRange(min=0),
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
            wish = WorldOptions(scenario=scenario, seed=seed, profile=profile, time_scale=time_scale, db=db)
            return function(wish=wish, latency=latency_ms / 1000, **rest)

        decorated: Callback = inner
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return around


port_option = click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="N",
    show_default="a free one",
    help="Port on 127.0.0.1.",
)
