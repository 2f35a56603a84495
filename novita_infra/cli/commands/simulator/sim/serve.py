"""`sim serve` and `sim record`: the simulator, or a real API, as an HTTP server on the loopback."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import click
from click.core import ParameterSource

from novita_infra.cli.command import Command
from novita_infra.cli.commands.simulator.sim.options import allow_host_option, port_option, world_options
from novita_infra.cli.commands.simulator.sim.written_files import WrittenFiles
from novita_infra.cli.lazy import EXIT_ERROR
from novita_infra.cli.rendering import with_renderer
from novita_infra.cli.signals import carried_out
from novita_infra.cli.streams import output_failure
from novita_infra.model.diagnostics import problem
from novita_infra.simulator.http.app import build_app
from novita_infra.simulator.http.serving import serve_app, serve_world
from novita_infra.testing.worlds import WorldOptions, open_with_options
from novita_infra.views.renderer import Renderer

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
    begun = partial(_begin, renderer, "The simulator runs; Ctrl-C ends it.")
    return _serve(options, log_file, renderer, port=port, latency=latency, hosts=hosts, on_bound=begun)


@click.command(cls=Command)
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The log file: HAR 1.2, or JSON lines for .jsonl.",
)
@click.option(
    "-t", "--target", default="", metavar="URL", help="Forward everything to this API instead of the simulator."
)
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
        with _port_taken(port):
            return carried_out(_forward(target, out, renderer, port=port, hosts=hosts, on_bound=begun))
    begun = partial(_begin, renderer, f"The simulator runs and is recorded in {out}; Ctrl-C ends it.")
    return _serve(options, out, renderer, port=port, latency=latency, hosts=hosts, on_bound=begun)


def _serve(
    options: WorldOptions,
    recording: Path | None,
    renderer: Renderer,
    *,
    port: int,
    latency: float,
    hosts: tuple[str, ...],
    on_bound: Callable[[], None],
) -> int:
    world = open_with_options(options)
    files = WrittenFiles(renderer)
    files.watch(world, options.db)
    with ExitStack() as stack:
        app = build_app(world, latency=latency)
        if recording is not None:
            app = stack.enter_context(files.recorded(app, recording))
        stack.enter_context(_port_taken(port))
        code = serve_world(world, app=app, port=port, hosts=hosts, on_bound=on_bound)
    return files.exit_code(code)


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


async def _forward(
    target: str,
    recording: Path,
    renderer: Renderer,
    *,
    port: int,
    hosts: tuple[str, ...],
    on_bound: Callable[[], None],
) -> int:
    from novita_infra.api.transport.reverse_proxy import ReverseProxy  # noqa: PLC0415 -- httpx takes 100 ms; serving needs none

    forwarding, files = ReverseProxy(target), WrittenFiles(renderer)
    try:
        with files.recorded(forwarding, recording) as app:
            code = await serve_app(app, None, port=port, out=sys.stdout, hosts=hosts, on_bound=on_bound)
        return files.exit_code(code)
    finally:
        await forwarding.close()


@contextmanager
def _port_taken(port: int) -> Iterator[None]:
    try:
        yield
    except OSError as wrong:
        if wrong.filename is not None:
            raise
        raise problem(f"port {port} is not available: {wrong.strerror}", "choose another --port, or none") from wrong
