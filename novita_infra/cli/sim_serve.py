"""`sim serve`: the simulator as an HTTP server on the loopback."""

from __future__ import annotations

import time
from pathlib import Path

import click

from novita_infra.cli.command import Command, screened
from novita_infra.cli.screen import Screen
from novita_infra.diagnostics import problem
from novita_infra.simulator import PROFILES, AccountInUse, UnknownFormat, open_world, scaled
from novita_infra.simulator import serve as serve_world


@click.command(cls=Command)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="N",
    show_default="a free one",
    help="Port on 127.0.0.1.",
)
@click.option(
    "--db",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep the account in this file; without it, the account ends with the server.",
)
@click.option(
    "--profile",
    type=click.Choice(sorted(PROFILES)),
    default="live",
    show_default=True,
    help="Which reading of the API's documents it follows.",
)
@click.option("--seed", type=int, default=0, show_default=True, metavar="N", help="Seed of ids and delays.")
@click.option(
    "--latency-ms", type=click.FloatRange(min=0), default=0.0, metavar="N", show_default=True, help="Delay of answers."
)
@click.option(
    "--time-scale",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    metavar="X",
    help="Simulated seconds that pass in one real second.",
)
@screened
def serve(
    *, port: int, db: Path | None, profile: str, seed: int, latency_ms: float, time_scale: float, screen: Screen
) -> int:
    """Serve the simulator over HTTP on this machine, until Ctrl-C.

    Prints its address as the first line. The key is any text that begins with sk_.

    \b
    Examples:
      novita-infra sim serve --port 8081 --time-scale 60
      NOVITA_API_URL=http://127.0.0.1:8081 NOVITA_API_KEY=sk_test novita-infra plan
    """
    try:
        world = open_world(db, now=scaled(time.time, time_scale), seed=seed, quirks=PROFILES[profile])
    except (AccountInUse, UnknownFormat) as wrong:
        raise problem(str(wrong), "stop that process, or choose another --db") from wrong
    screen.say("The simulator runs; Ctrl-C ends it.")
    try:
        return serve_world(world, port=port, latency=latency_ms / 1000)
    except OSError as wrong:
        raise problem(f"port {port} cannot be had: {wrong.strerror}", "choose another --port, or none") from wrong
