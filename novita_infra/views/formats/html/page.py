"""The page: its parts as values, and the one document that is made of them. Pure, but for reading the template."""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from novita_infra import __version__
from novita_infra.model.printable import printable

_FOLDER: Final = Path(__file__).parent
_OPENED: Final = 8
"""The most entries of a list that are open at first."""
_MANY: Final = 100
"""The most entries of a list that a browser lays out before they are seen."""
_MOST: Final = 20
"""The most messages that stand outside of a part that opens."""


class Tile(NamedTuple):
    """The count of the resources with one action."""

    action: str
    """The class of its colours."""
    sign: str
    resources: int
    words: str
    target: str = "changes"
    """The part of the page that shows them."""


class Entry(NamedTuple):
    """A resource in a list that opens."""

    id: str
    """Of the element: a node of the graph leads there."""
    action: str
    sign: str
    name: str
    says: str
    cost: str
    body: Markup


class CostRow(NamedTuple):
    """What one resource costs, with its share of the largest in percent."""

    name: str
    text: str
    percent: int


class CostPart(NamedTuple):
    """The cost of the environment: its sums, each with its title, and the resources that cost most."""

    sums: Sequence[tuple[str, str]]
    rows: Sequence[CostRow] = ()
    caption: str = ""
    """Of the table of the rows."""
    more: int = 0
    """How many others cost something."""


class Titled(NamedTuple):
    """Lines with a title."""

    title: str
    body: Markup


class TablePart(NamedTuple):
    """A table."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: str = ""
    """What it comes to, or why it has no rows."""


class PastPart(NamedTuple):
    """The past of the environment: a picture each, and the same as a table."""

    course: Markup
    """The cost per hour over time; empty where no run said it."""
    states: TablePart
    timeline: Markup
    """The steps of the last run; empty where none is kept."""
    steps: TablePart


class Page(NamedTuple):
    """All that a page may show; empty parts are left out."""

    title: str
    sentence: str = ""
    """The state in one sentence, where no tiles say it."""
    place: Sequence[tuple[str, str]] = ()
    """What the page is about: environment, digest."""
    tiles: Sequence[Tile] = ()
    errors: Sequence[str] = ()
    warnings: Sequence[str] = ()
    losses: Sequence[str] = ()
    cost: CostPart | None = None
    graph: Markup = Markup()
    entries: Sequence[Entry] = ()
    unchanged: Sequence[tuple[str, str]] = ()
    """The ids of the elements and the addresses of the resources without a change."""
    drift: Sequence[Entry] = ()
    notes: Sequence[Titled] = ()
    past: PastPart | None = None
    orphans: TablePart | None = None


def page_text(page: Page) -> str:
    """The document. Its policy allows its own style and script, and no request."""
    style, script = _asset("page.css"), _asset("page.js")
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return _template().render(
        page=page,
        policy=policy,
        style=Markup(style),  # noqa: S704 -- files of this package
        script=Markup(script),  # noqa: S704
        opened=_OPENED,
        many=_MANY,
        most=_MOST,
        version=__version__,
    )


@functools.cache
def _asset(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@functools.cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_shown,
    )
    return environment.get_template("page.html.jinja")


def _shown(value: Any) -> Any:
    """A value on one line: only markup may hold line ends."""
    return value if isinstance(value, Markup) else printable(str(value))
