"""`sim serve` and `sim record`: the simulator, or a real API, as an HTTP server on the loopback."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import click
from click.core import ParameterSource

from novita_infra import __version__
from novita_infra.cli.command import Command
from novita_infra.cli.commands.simulator.sim.options import allow_host_option, port_option, world_options
from novita_infra.cli.lazy import EXIT_ERROR
from novita_infra.cli.rendering import with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.cli.streams import output_failure
from novita_infra.model.diagnostics import naming_file, problem
from novita_infra.simulator.http.recording import Log, Recorder, open_log
from novita_infra.simulator.http.serving import serve_app, serve_world
from novita_infra.testing.worlds import WorldOptions, open_with_options
from novita_infra.views.renderer import Renderer

CREATOR = ("novita-infra", __version__)
_OF_THE_WORLD = ("scenario", "seed", "profile", "time_scale", "latency_ms", "db")


@click.command(cls=Command)
@port_option
@allow_host_option
@world_options(time_scale=1.0)
@click.option(
    "--record",
    "log_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write all requests and responses into this file: HAR, or JSON lines for .jsonl.",
)
@with_renderer
def serve(
    *,
    port: int,
    hosts: tuple[str, ...],
    options: WorldOptions,
    latency: float,
    log_file: Path | None,
    renderer: Renderer,
) -> int:
    """Serve the simulator over HTTP on this machine, until Ctrl-C.

    Prints its address as the first line. The key is any text that begins with sk_. It answers to the names of this
    machine (127.0.0.1, localhost) and takes no writes from web pages.

    \b
    Examples:
      novita-infra sim serve --port 8081 --time-scale 60
      NOVITA_API_URL=http://127.0.0.1:8081 NOVITA_API_KEY=sk_test novita-infra plan
      novita-infra sim serve --scenario no-stock
    """
    world = open_with_options(options)
    with ExitStack() as stack:
        around = None if log_file is None else partial(Recorder, log=stack.enter_context(_log(log_file)))
        stack.enter_context(_port_taken(port))
        begun = partial(_begin, renderer, "The simulator runs; Ctrl-C ends it.")
        return serve_world(world, port=port, latency=latency, around=around, hosts=hosts, on_bound=begun)


@click.command(cls=Command)
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The log file: HAR 1.2, or JSON lines for .jsonl.",
)
@click.option("--target", default="", metavar="URL", help="Forward everything to this API instead of the simulator.")
@port_option
@allow_host_option
@world_options(time_scale=1.0)
@with_renderer
@click.pass_context
def record(
    context: click.Context,
    /,
    *,
    out: Path,
    target: str,
    port: int,
    hosts: tuple[str, ...],
    options: WorldOptions,
    latency: float,
    renderer: Renderer,
) -> int:
    """Log all requests to the address that it prints, with the responses, until Ctrl-C.

    The requests reach the simulator, or with --target a real API with the caller's own key. Keys, passwords, tokens and
    values of environment variables are redacted before anything is written.

    \b
    Examples:
      novita-infra sim record --out calls.har --scenario flaky
      novita-infra sim record --out calls.jsonl --target https://api.novita.ai
    """
    if target:
        _check_target(context, target)
        begun = partial(_begin, renderer, f"Requests are forwarded to {target} and recorded in {out}; Ctrl-C ends it.")
        with _log(out) as log, _port_taken(port):
            return carried_out(_forward(target, log, port=port, hosts=hosts, on_bound=begun))
    world = open_with_options(options)
    begun = partial(_begin, renderer, f"The simulator runs and is recorded in {out}; Ctrl-C ends it.")
    with _log(out) as log, _port_taken(port):
        around = partial(Recorder, log=log)
        return serve_world(world, port=port, latency=latency, around=around, hosts=hosts, on_bound=begun)


def _begin(renderer: Renderer, message: str) -> None:
    """Reports that requests are answered; ends the command if its address could not be printed."""
    if output_failure():
        raise click.exceptions.Exit(EXIT_ERROR)
    renderer.message(message)


def _check_target(context: click.Context, target: str) -> None:
    given = [name for name in _OF_THE_WORLD if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if given:
        option = f"--{given[0].replace('_', '-')}"
        raise problem(f"{option} is about the simulator", "leave it out with --target")
    address = urlsplit(target)
    if address.scheme not in {"http", "https"} or not address.netloc or address.path.strip("/"):
        raise problem(f"{target!r} is not the address of an API", "one looks like https://api.novita.ai")


async def _forward(target: str, log: Log, *, port: int, hosts: tuple[str, ...], on_bound: Callable[[], None]) -> int:
    from novita_infra.api.transport.reverse_proxy import ReverseProxy  # noqa: PLC0415 -- httpx takes 100 ms; serving needs none

    forwarding = ReverseProxy(target)
    try:
        return await serve_app(
            Recorder(forwarding, log), None, port=port, out=sys.stdout, hosts=hosts, on_bound=on_bound
        )
    finally:
        await forwarding.close()


@contextmanager
def _log(path: Path) -> Iterator[Log]:
    with naming_file(path), closing(open_log(path, creator=CREATOR)) as log:
        yield log


@contextmanager
def _port_taken(port: int) -> Iterator[None]:
    try:
        yield
    except OSError as wrong:
        if wrong.filename is not None:
            raise
        raise problem(f"port {port} is not available: {wrong.strerror}", "choose another --port, or none") from wrong
