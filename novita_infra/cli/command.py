"""A command whose errors become diagnostics and an exit code, never a traceback."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click

from novita_infra.api.errors import BLOCKING, ApiError
from novita_infra.cli.lazy import EXIT_ERROR, EXIT_INTERRUPTED, with_two_dashes
from novita_infra.cli.rendering import document_failure, renderer_in
from novita_infra.model.diagnostics import EXIT_BLOCKED, Diagnostic, Problems
from novita_infra.model.printable import printable
from novita_infra.state.process_identity import begin_command

_MAY_TRACE: Final = re.compile("OTEL_|NOVITA_INFRA_TRACES$").match
"""Finds the variables that may ask for traces."""


class Command(click.Command):
    """A command whose errors are reported in its output format, and become its exit code."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, with_two_dashes(ctx, args))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            begin_command(ctx.command_path.partition(" ")[2])
            if log := os.environ.get("NOVITA_INFRA_LOG"):
                from novita_infra.cli.client_log import start_client_log  # noqa: PLC0415 -- logging is off by default

                start_client_log(log)
            return self._traced(ctx) if any(map(_MAY_TRACE, os.environ)) else super().invoke(ctx)
        except (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError):
            raise
        except asyncio.CancelledError:
            return EXIT_INTERRUPTED
        except Exception as failure:  # noqa: BLE001 -- the last place before the terminal: no user sees a traceback
            renderer = renderer_in(ctx)
            reported, code = explained(failure)
            renderer.diagnostics(reported)
            try:
                document_failure(ctx.params, str(ctx.info_name), reported)
            except OSError as error:
                if error.filename != getattr(failure, "filename", None):  # else it is reported already
                    renderer.diagnostics(_explained(error)[0])
            return code

    def _traced(self, ctx: click.Context) -> Any:
        """Runs the command, and sends its spans if the environment asks for them."""
        from novita_infra.api.traces.setting import traced, wants_traces  # noqa: PLC0415 -- few commands are traced

        if not wants_traces(os.environ):
            return super().invoke(ctx)
        with traced(ctx.command_path, os.environ, report=lambda text: renderer_in(ctx).note(text)) as span:
            code = super().invoke(ctx)
            if span and isinstance(code, int):
                span.note("exit_code", code)
            return code


def explained(failure: BaseException) -> tuple[tuple[Diagnostic, ...], int]:
    """The diagnostics of an error, or of all errors in a group, and the exit code that they ask for."""
    leaves = [_explained(leaf) for leaf in _leaves(failure)]
    diagnostics = tuple(item for found, _ in leaves for item in found)
    return diagnostics, max(EXIT_ERROR, *(code for _, code in leaves))


def _leaves(failure: BaseException) -> Iterator[BaseException]:
    if isinstance(failure, BaseExceptionGroup):
        for inner in failure.exceptions:
            yield from _leaves(inner)
    else:
        yield failure


def _explained(failure: BaseException) -> tuple[tuple[Diagnostic, ...], int]:
    match failure:
        case Problems():
            return failure.diagnostics, failure.code
        case ApiError():
            code = EXIT_BLOCKED if isinstance(failure, BLOCKING) else EXIT_ERROR
            return (Diagnostic(str(failure), failure.advice),), code
        case OSError(filename=str() | bytes() as name, strerror=str() as reason):
            return (Diagnostic(f"{os.fsdecode(name)}: {reason}"),), EXIT_ERROR
        case OSError(errno=errno.ENOSPC | errno.EDQUOT | errno.EFBIG | errno.EIO, strerror=str() as reason):
            return (Diagnostic(f"a file cannot be written: {reason}", "make room, then run it again"),), EXIT_ERROR
        case _:
            return (Diagnostic(f"internal error: {_bug(failure)}", _report()),), EXIT_ERROR


def _bug(failure: BaseException) -> str:
    """The type and the place of the exception: its message may hold secrets."""
    if os.environ.get("NOVITA_INFRA_DEBUG"):
        from novita_infra.api.known_secrets import OF_THIS_RUN  # noqa: PLC0415 -- only for this
        from novita_infra.api.redaction import without_secrets  # noqa: PLC0415

        lines = without_secrets("".join(traceback.format_exception(failure)), OF_THIS_RUN.all()).split("\n")
        sys.stderr.write("\n".join(map(printable, lines)))
    frames = traceback.extract_tb(failure.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(failure).__name__}{place}"


def _report() -> str:
    return "please report it with what NOVITA_INFRA_DEBUG=1 prints"
