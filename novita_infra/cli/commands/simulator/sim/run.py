"""`sim run`: runs a command against a simulator of its own, and reports orphans, duplicates, cost and calls."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Final

import click

from novita_infra.cli.command import Command
from novita_infra.cli.commands.simulator.sim.options import world_options
from novita_infra.cli.commands.simulator.sim.written_files import WrittenFiles
from novita_infra.cli.rendering import with_renderer
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Problems, naming_file, problem
from novita_infra.simulator import RunVerdict
from novita_infra.simulator.http.app import build_app
from novita_infra.simulator.http.serving import background
from novita_infra.simulator.verdict import LiveObject, judge, take_baseline, usd_text, verdict_json
from novita_infra.testing.worlds import RecordedState, WorldOptions, is_project, open_with_options, recorded_state
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.renderer import Renderer

KEY: Final = "sk_rehearsal"
_LOOPBACK: Final = "127.0.0.1"
_MOST_SHOWN: Final = 10


@click.command(cls=Command, context_settings={"allow_interspersed_args": False})
@world_options(time_scale=60.0)
@click.option(
    "--project",
    type=click.Path(exists=True, path_type=Path),
    metavar="PATH",
    help="The project whose state finds orphans; by default the one that the command names or runs in.",
)
@click.option(
    "--report", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write the verdict as JSON, too."
)
@click.option(
    "--record",
    "log_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write all requests and responses: HAR, or JSON lines for .jsonl.",
)
@click.argument("words", metavar="-- COMMAND...", nargs=-1, required=True, type=click.UNPROCESSED)
@with_renderer
def run(
    *,
    options: WorldOptions,
    latency: float,
    project: Path | None,
    report: Path | None,
    log_file: Path | None,
    words: tuple[str, ...],
    renderer: Renderer,
) -> int:
    """Run a command against a simulator of its own and report its effects.

    The command finds the simulator by NOVITA_API_URL and NOVITA_API_KEY. Afterwards stderr lists orphans (objects in no
    state), doubles (the same object created twice), the cost, and the calls by operation. The exit code is that of the
    command. The account is new and is deleted afterwards, unless --db keeps it.

    \b
    Examples:
      novita-infra sim run --scenario lost-answers -- novita-infra apply examples/quickstart --auto-approve
      novita-infra sim run --scenario chaos --seed 7 --report verdict.json -- python train.py
    """
    with ExitStack() as stack:
        world = open_with_options(options)
        stack.callback(world.close)
        files = WrittenFiles(renderer)
        files.watch(world, options.db)
        app = build_app(world, latency=latency)
        if log_file is not None:
            app = stack.enter_context(files.recorded(app, log_file))
        beginning = take_baseline(world)
        with background(app) as server:
            code = _run(words, _environment(os.environ, server.url))
        folder = project or project_of(words)
        recorded = None if folder is None else _recorded(folder, renderer)
        verdict = judge(world, beginning, on_record=recorded.ids if recorded else None)
    renderer.message(*_lines(verdict, options, folder if recorded else None, recorded.unanswered if recorded else ()))
    if report is not None:
        known = (
            {"project": str(folder), "unanswered": list(map(str, recorded.unanswered))}
            if recorded
            else {"project": None}
        )
        day = {"scenario": str(options.scenario) or "calm", "seed": options.seed, "profile": options.profile}
        report_data = {"command": list(words), "exitCode": code, **day, **known, **verdict_json(verdict)}
        with naming_file(report):
            report.write_text(json.dumps(report_data, indent=2) + "\n", encoding="utf-8")
    return files.exit_code(code)


def _environment(environ: Mapping[str, str], url: str) -> dict[str, str]:
    """An environment that points any client at the simulator, without a proxy."""
    variables = {name: value for name, value in environ.items() if name != "NOVITA_INFRA_SIM"}
    for name in ("NO_PROXY", "no_proxy"):
        variables[name] = ",".join(filter(None, (environ.get(name, ""), _LOOPBACK)))
    return variables | {"NOVITA_API_URL": url, "NOVITA_API_KEY": KEY}


# --- the command ------------------------------------------------------------------------------------------------------


def _run(words: Sequence[str], environment: Mapping[str, str]) -> int:
    """Runs the command. One that a signal ended gives 128 and the signal's number, as in a shell."""
    with _passing_on() as child:
        try:
            process = subprocess.Popen(words, env=dict(environment))  # noqa: S603 -- the command of the user
        except FileNotFoundError:
            hint = "write the whole command, such as: novita-infra sim run -- novita-infra apply"
            raise problem(f"there is no program {words[0]}", hint) from None
        child.append(process)
        code = process.wait()
    return code if code >= 0 else 128 - code


@contextmanager
def _passing_on() -> Iterator[list[subprocess.Popen[bytes]]]:
    """While inside, SIGINT and SIGTERM go to the command in the list, and this process waits for its end.

    Ctrl-C reaches everyone in the terminal's foreground: there the command has it already, and a second one would mean
    more than the first.
    """
    child: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGINT and _in_foreground():
            return
        for process in child:
            process.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield child
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _in_foreground() -> bool:
    """Whether a terminal sends its Ctrl-C to this process."""
    with suppress(OSError), Path("/dev/tty").open(encoding="utf-8") as terminal:
        return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    return False


# --- the state ------------------------------------------------------------------------------------------------------


def _recorded(folder: Path, renderer: Renderer) -> RecordedState | None:
    """The recorded state; None if it cannot be read, which is reported."""
    try:
        return recorded_state(folder)
    except Problems as wrong:
        renderer.diagnostics(wrong.diagnostics)
        return None


def project_of(words: Sequence[str]) -> Path | None:
    """The PATH of a novita-infra command, else the current folder if it has a project."""
    ours = _own_words(words)
    if ours is not None:
        return _path_of(ours)
    return Path() if is_project(Path()) else None


def _own_words(words: Sequence[str]) -> list[str] | None:
    program = Path(words[0]).name
    if program == "novita-infra":
        return list(words[1:])
    if program.startswith("python") and list(words[1:3]) == ["-m", "novita_infra"]:
        return list(words[3:])
    return None


def _path_of(words: list[str]) -> Path:
    """As the command itself would read its words."""
    from novita_infra.cli import root  # noqa: PLC0415 -- the group above this command

    command: click.Command | None = root
    context = click.Context(root, resilient_parsing=True)
    while isinstance(command, click.Group) and words:
        name, command, words = command.resolve_command(context, words)
        if command is not None:
            context = click.Context(command, info_name=name, resilient_parsing=True)
    if command is None or isinstance(command, click.Group):
        return Path()
    path = command.make_context(None, words, resilient_parsing=True).params.get("path")
    return path if isinstance(path, Path) else Path()


# --- the verdict ------------------------------------------------------------------------------------------------------


def _lines(
    verdict: RunVerdict, options: WorldOptions, folder: Path | None, unanswered: Sequence[Address]
) -> Iterator[Line]:
    yield line((f"Verdict on {options.scenario or 'calm'}, seed {options.seed}:", Tone.STRONG))
    left = _counted(len(verdict.made), "object")
    if verdict.orphans is None:
        yield line(f"  orphans  not known: there is no state to compare {left} with (--project)")
    elif verdict.orphans:
        yield line("  orphans  ", (f"{len(verdict.orphans)} of {left} in no state", Tone.BAD))
        yield from _things(verdict.orphans)
    else:
        yield line("  orphans  ", ("none", Tone.GOOD), f": {left}, all in the state of {folder}")
    for address in unanswered:
        yield line(f"             the create of {address} was not answered: the next apply looks for its object")
    if verdict.doubles:
        yield line("  doubles  ", (f"{_counted(len(verdict.doubles), 'object')} created more than once", Tone.BAD))
        yield from _things([thing for group in verdict.doubles for thing in group])
    else:
        yield line("  doubles  ", ("none", Tone.GOOD))
    yield line(f"  spent    USD {usd_text(verdict.spent)} by the account")
    calls = sum(verdict.calls.values())
    met = f", of which {verdict.troubles} met a fault" if verdict.troubles else ""
    yield line(f"  calls    {calls}{met}" if calls else "  calls    none: the command did not call the simulator")
    for name, count in verdict.calls.items():
        yield line((f"  {count:>9}  {name}", Tone.FAINT))


def _things(things: Sequence[LiveObject]) -> Iterator[Line]:
    for thing in things[:_MOST_SHOWN]:
        yield line(f"             {thing.kind}  {thing.id}  {thing.name}")
    if len(things) > _MOST_SHOWN:
        yield line(f"             and {len(things) - _MOST_SHOWN} more (--report lists all)")


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
