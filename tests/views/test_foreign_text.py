"""Every view with hostile texts in every text field: no row is forged, and nothing moves on a terminal."""

from __future__ import annotations

import io
import json
import re
import typing
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from made_values import Maker

import novita_infra
from novita_infra.applying.events import Event, Result
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.printable import printable
from novita_infra.planning.orphans import Orphan
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.plan.review import Review
from novita_infra.views.content.diagnostics import FailureContent
from novita_infra.views.content.explanation import ExplanationContent, KindsContent
from novita_infra.views.content.graph import DependencyGraph, graph_of
from novita_infra.views.content.lines import plain
from novita_infra.views.content.listing import Facts, Listing
from novita_infra.views.documents import document_text, result_name
from novita_infra.views.formats.text import terminal
from novita_infra.views.formats.text.progress import listening_live
from novita_infra.views.output_formats import DocumentFormat, StreamFormat, output_formats, part_of_format
from novita_infra.views.renderer import Content, Renderer, RenderSettings
from novita_infra.views.result_schemas import declared_results
from novita_infra.views.results.orphans import orphan_listing, termination_lines

HOSTILE = [
    "x\ninstance 9 fine\r\n",
    "\x1b[2J\x1b]0;t\x07\x7f",
    "a\tb\x0b\x85\u2028x\u2029",
    "\u202eevil\u2066\u200f\u061c\x9b",
    "z\u200b\u2060\ufeff\u00ad\u3164",
    "日本\ud800\U000e0041",
]
OURS = [KindsContent, ExplanationContent]
"""Results that show nothing but our own texts."""
BASES = [Listing, Facts]
"""Results that every format shows without knowing them; each of their classes is a result."""
CONTENTS: list[Any] = [item for item in typing.get_args(Content) if item not in OURS + BASES] + [*declared_results()]
PACKAGE = Path(novita_infra.__file__).parent
WRITERS = {
    "cli/client_log.py",
    "cli/command.py",
    "cli/commands/llm/files/reading.py",
    "cli/commands/machines/logs.py",
    "cli/lazy.py",
    "cli/live/amount_line.py",
    "cli/live/log_file.py",
    "cli/streams.py",
    "cli/unknown_words.py",
    "views/formats/json/output.py",
    "views/formats/json/renderer.py",
    "views/formats/text/progress.py",
    "views/formats/text/renderer.py",
    "views/formats/text/terminal.py",
}
"""Modules that write to a terminal. Each passes the text through `printable`, a line or JSON; `streams` is a stream.
Only `logs --raw` does not: it is asked for codes of terminals."""
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


def shown(name: str, root: Path, show: Callable[[Renderer], None]) -> str:
    """What a stream format writes to a terminal."""
    form = output_formats()[name]
    assert isinstance(form, StreamFormat)
    out = Terminal()
    with redirect_stdout(out), redirect_stderr(out):
        show(part_of_format(name, form.renderer)(RenderSettings(root, lambda: 1e9, colours=False)))
    return out.getvalue()


def made(shape: Any, text: str, pick: int) -> Any:
    return Maker(text, pick).make(shape)


def hidden(text: str) -> list[str]:
    """The characters of a text that show nothing, but for line feeds."""
    unseen = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return [ascii(mark) for mark in text if mark != "\n" and unicodedata.category(mark) in unseen]


def views(text: str, pick: int, root: Path) -> Iterator[tuple[str, str]]:
    """Every view of made-up values with this text in each of their fields, with its name."""
    streams = [name for name, form in output_formats().items() if isinstance(form, StreamFormat)]
    shows: dict[str, Callable[[Renderer], None]] = {
        **{item.__name__: partial(_show, item, text, pick) for item in CONTENTS},
        "orphans": lambda to: to.result(orphan_listing([made(Orphan, text, pick)] * 2, now=9e9)),
        "termination": lambda to: to.message(*termination_lines([made(Orphan, text, pick)])),
        "message": lambda to: to.message(text, text),
        "diagnostics": lambda to: to.diagnostics([made(Diagnostic, text, pick)]),
        "run plan": lambda to: to.run_plan(made(Review, text, pick), warnings=[made(Diagnostic, text, pick)]),
        "run result": lambda to: to.run_result(
            made(Result, text, pick), outputs={text: text}, again=text, destroy=text
        ),
        "events": lambda to: _play(to, text, pick),
    }
    for title, show in shows.items():
        for name in streams:
            yield f"{title} as {name}", shown(name, root, show)
    for name, form in output_formats().items():
        if isinstance(form, DocumentFormat):
            for content in [_graph(text, pick), *(made(item, text, pick) for item in [FailureContent, *CONTENTS])]:
                if result_name(content) in form.documents:
                    yield f"{result_name(content)} as {name}", document_text(name, content)


def _graph(text: str, pick: int) -> DependencyGraph:
    address, action = made(Address, text, pick), made(Action, text, pick)
    return graph_of({address: [Address("vpc", "b", text)]}, {address: action})


def _show(content: Any, text: str, pick: int, renderer: Renderer) -> None:
    renderer.result(made(content, text, pick))


def _play(renderer: Renderer, text: str, pick: int) -> None:
    with renderer.progress(steps=None, now=lambda: 0.0) as listener:
        for event in typing.get_args(Event):
            listener(made(event, text, pick))


@pytest.mark.parametrize(
    "text", [HOSTILE[0], *(pytest.param(item, marks=pytest.mark.slow) for item in HOSTILE[1:])], ids=ascii
)
def test_no_view_of_foreign_text_gains_a_line_or_shows_what_hides(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")  # every table fits
    first = 2 * HOSTILE.index(text)
    for pick in (first, first + 1):
        benign = dict(views(printable(text).replace("\\", "b"), pick, tmp_path))
        for name, output in views(text, pick, tmp_path):
            assert hidden(output) == [], name
            assert output.count("\n") == benign[name].count("\n"), f"{name}:\n{output}"
            if name.endswith("as json") and output:
                assert output.isascii(), name
                documents = output.splitlines() if output.startswith('{"@') else [output]
                assert all(json.loads(item) is not Ellipsis for item in documents), name


def test_every_result_takes_part() -> None:
    assert set(BASES) <= set(typing.get_args(Content))
    # By name: a dataclass with slots leaves the class that it was made from.
    ours = {kind.__name__ for base in BASES for kind in _results(base) if kind.__module__.startswith("novita_")}
    assert ours == {kind.__name__ for kind in declared_results()}, (
        "move the result to novita_infra/views/results/, where it is found"
    )
    beside = {result_name(_graph("x", 0)), result_name(made(FailureContent, "x", 0))}
    shown = {name for form in output_formats().values() if isinstance(form, DocumentFormat) for name in form.documents}
    assert shown <= beside | {result_name(made(item, "x", 0)) for item in CONTENTS}, "no view above shows the result"


def _results(base: type) -> Iterator[type]:
    """The classes of results below a base, without those that others are made from."""
    below: list[type] = base.__subclasses__()
    for kind in below:
        if kind.__subclasses__():
            yield from _results(kind)
        elif not kind.__name__.startswith("_"):
            yield kind


def test_only_modules_that_escape_write_to_a_stream() -> None:
    writes = re.compile(r"sys\.(?:stdout|stderr)\.write|click\.s?echo\(|\bprint\(|console\.print\(")
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if writes.search(path.read_text(encoding="utf-8")) and not path.is_relative_to(PACKAGE / "simulator")
    }
    assert found == WRITERS


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_coloured_terminal_gets_no_control_but_our_colours(text: str) -> None:
    out = io.StringIO()
    lines = [*orphan_listing([made(Orphan, text, 0)], now=9e9).lines(), *termination_lines([made(Orphan, text, 0)])]
    terminal.write(lines, out, colour=True)
    assert COLOUR.sub("", out.getvalue()) == plain(lines)
    assert hidden(COLOUR.sub("", out.getvalue())) == []


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_live_display_gets_no_control_of_the_account(text: str) -> None:
    out = io.StringIO()
    with listening_live(out, now=lambda: 10.0, total=3) as listen:
        for pick in range(3):
            for event in typing.get_args(Event):
                listen(made(event, text, pick))
    assert hidden(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", out.getvalue())) == []
