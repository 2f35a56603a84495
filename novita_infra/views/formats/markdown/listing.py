"""A list of rows, such as orphans or bills, as a Markdown table. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from novita_infra.views.content.listing import Listing
from novita_infra.views.formats.markdown.fitting import LIMIT, bytes_together, fitting, joined_parts
from novita_infra.views.formats.markdown.marks import markdown_text, marker


def listing_markdown(listing: Listing) -> str:
    """The rows as a table, as many as fit into a comment, and the lines below it."""
    title = listing.name.replace("_", " ").capitalize()
    first = marker(listing.name)
    if not listing.rows:
        return joined_parts([first, f"### {title}", markdown_text(listing.empty)])
    heads, cells = listing.table()
    closing = [markdown_text(str(line).strip()) for line in listing.closing()]
    parts = [first, f"### {title}", *closing]
    room = LIMIT - bytes_together(parts)
    table = fitting(
        cells, lambda row: table_row(map(markdown_text, row)), room, lambda shown, left: table_text(heads, shown, left)
    )
    return joined_parts([*parts[:2], table, *parts[2:]])


def table_text(heads: Sequence[str], rows: Sequence[str], left: int) -> str:
    """A table from rows that are Markdown already, and how many are left out."""
    head = [table_row(map(markdown_text, heads)), table_row("---" for _ in heads)]
    more = [f"\n{left:,} more rows are left out here."] if left else []
    return "\n".join([*head, *rows, *more])


def table_row(cells: Iterable[str]) -> str:
    """A row of a table."""
    return f"| {' | '.join(cells)} |"
