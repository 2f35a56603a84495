"""The renderer of a command, chosen once by its options. The options come from the table of output formats."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

import click

from novita_infra.model.clock import RealClock
from novita_infra.model.diagnostics import Diagnostic, naming_file, problem
from novita_infra.views.content.diagnostics import FailureContent
from novita_infra.views.documents import BesideOther, WithDocuments, write_failure
from novita_infra.views.json_query import query_error
from novita_infra.views.output_formats import DocumentFormat, StreamFormat, output_formats, part_of_format
from novita_infra.views.renderer import Query, Renderer, RenderSettings

Callback: TypeAlias = Callable[..., Any]

_DEFAULT: Final = "text"
_STREAM: Final = "as_"
_DOCUMENT: Final = "document_"
"""The beginnings of the names of the options' values."""
_QUERY: Final = "query"
_QUERIED: Final = "json"
"""The format of which a query selects, and which goes to a file beside another one."""
_INTO: Final = "json_into"
"""The file for that."""
_LOG: Final = "command_log"
PLAIN: Final = "NOVITA_INFRA_PLAIN"
"""The variable that asks for `--plain`."""
_CHOSEN: Final = f"{__name__}.renderer"


def format_options(*results: str) -> Callable[[Callback], Callback]:
    """Adds a flag for each format of all results, and `--NAME FILE` for each document format of the named results."""

    def add(function: Callback) -> Callback:
        for option in reversed([*_options(results)]):
            function = option(function)
        return function

    return add


def _query(_ctx: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    """A JMESPath expression."""
    if text is not None and (why := query_error(text)):
        raise click.BadParameter(f"{text!r} is no JMESPath expression: {why}")
    return text


def _options(results: tuple[str, ...]) -> Iterator[Callable[[Callback], Callback]]:
    for name, form in output_formats().items():
        match form:
            case StreamFormat(help=text) if name != _DEFAULT:
                yield click.option(f"--{name}", f"{_STREAM}{name}", is_flag=True, help=text)
            case DocumentFormat(help=text, documents=documents) if not documents.keys().isdisjoint(results):
                yield click.option(
                    f"--{name}",
                    f"{_DOCUMENT}{name}",
                    type=click.Path(dir_okay=False, path_type=Path),
                    metavar="FILE",
                    help=text,
                )
    yield click.option(
        "--json-into",
        _INTO,
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Write the JSON into this file, beside the text; after an error, the errors.",
    )
    yield click.option(
        f"--{_QUERY}",
        callback=_query,
        metavar="EXPR",
        help="Print what this JMESPath expression selects of the JSON; without --json, texts stand without quotes.",
    )


def with_renderer(function: Callback) -> Callback:
    """Adds `--no-color`, `--plain` and `--log-file`, and passes on the `renderer`."""

    @click.option("--no-color", is_flag=True, help="No colours and no live display; the same as NO_COLOR.")
    @click.option(
        "--plain",
        is_flag=True,
        envvar=PLAIN,
        show_envvar=True,
        help="The same, and words in place of symbols: for screen readers.",
    )
    @click.option(
        "--log-file",
        _LOG,
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Add what happens, and each call of the API, to this file as JSON lines, without secrets.",
    )
    @click.pass_context
    @functools.wraps(function)
    def inner(ctx: click.Context, /, *, no_color: bool, plain: bool, **rest: Any) -> Any:  # noqa: ARG001 -- read by renderer_of
        chosen = _chosen(ctx.params)
        rest.pop(_QUERY, None)
        log_file = rest.pop(_LOG)
        if into := rest.pop(_INTO, None):
            with naming_file(into):
                into.write_text("", encoding="utf-8")  # what is written there is added, and errors, too
        if len(chosen) > 1:
            raise problem(f"{' and '.join(f'--{name}' for name in chosen)} exclude each other", "choose one format")
        renderer = renderer_of(ctx.params)
        if log_file:
            from novita_infra.cli.live.log_file import begin_log  # noqa: PLC0415 -- few commands have a log

            log = begin_log(log_file, _folder(ctx.params), command=ctx.command_path, now=RealClock().now)
            ctx.call_on_close(log.close)
            renderer = BesideOther(renderer, log)
        ctx.meta[_CHOSEN] = renderer
        if files := _files(rest):
            renderer = WithDocuments(renderer, files, _folder(ctx.params))
        others = {name: value for name, value in rest.items() if not name.startswith((_STREAM, _DOCUMENT))}
        return function(renderer=renderer, **others)

    return inner


def renderer_in(ctx: click.Context) -> Renderer:
    """The renderer of the command that runs; one for its options where it has not begun."""
    renderer: Renderer = ctx.meta.get(_CHOSEN) or renderer_of(ctx.params)
    return renderer


def renderer_of(params: dict[str, Any]) -> Renderer:
    """The renderer that the values of a command's options ask for; the first of several formats."""
    chosen, expression = _chosen(params), params.get(_QUERY)
    query = Query(expression, plain=not chosen) if expression else None
    settings = RenderSettings(
        _folder(params),
        RealClock().now,
        colours=not params.get("no_color"),
        query=query,
        plain=bool(params.get("plain")),
    )
    renderer = _renderer(next(iter(chosen), _QUERIED if query else _DEFAULT), settings)
    if into := params.get(_INTO):
        renderer = BesideOther(renderer, _renderer(_QUERIED, settings._replace(query=None, into=into)))
    return renderer


def _renderer(name: str, settings: RenderSettings) -> Renderer:
    form = output_formats()[name]
    assert isinstance(form, StreamFormat)  # noqa: S101 -- only such a format has a flag
    renderer: Renderer = part_of_format(name, form.renderer)(settings)
    return renderer


def document_failure(params: dict[str, Any], command: str, diagnostics: tuple[Diagnostic, ...]) -> None:
    """Writes the errors that ended a command into those files of its options that hold findings. Raises OSError."""
    if files := _files(params):
        write_failure(FailureContent(command, diagnostics), files, _folder(params))


def warn(renderer: Renderer, warnings: Iterable[Diagnostic]) -> None:
    """Reports warnings beside a result: for programs the result stands alone on stdout."""
    if not renderer.for_programs:
        renderer.diagnostics(warnings)
        return
    for item in warnings:
        renderer.note(f"warning: {item}")


def _files(params: dict[str, Any]) -> dict[str, Path]:
    """The files of the document formats, by the names of these."""
    return {name.removeprefix(_DOCUMENT): file for name, file in params.items() if name.startswith(_DOCUMENT) and file}


def _folder(params: dict[str, Any]) -> Path:
    """The folder of the command's path; for a saved plan, whose path is no manifest, the current one or `--project`."""
    path = params.get("path") or _last_path(params.get("words") or ())
    if path.is_file() and path.suffix not in {".yaml", ".yml"}:
        path = params.get("folder") or Path()
    return path if path.is_dir() else path.parent


def _last_path(words: tuple[str, ...]) -> Path:
    """The path after the addresses of a command, if there is one: `import ADDR ID [PATH]`."""
    return Path(words[-1]) if words and os.path.exists(words[-1]) else Path()  # noqa: PTH110 -- it takes any text


def _chosen(params: dict[str, Any]) -> list[str]:
    """The formats whose flags are set."""
    return [name.removeprefix(_STREAM) for name, value in params.items() if name.startswith(_STREAM) and value]
