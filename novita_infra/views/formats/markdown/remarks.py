"""What a job of a pipeline writes on its forge, from the documents of other results. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from novita_infra.views.formats.markdown.fitting import joined_parts
from novita_infra.views.formats.markdown.marks import code, markdown_text

_LONGEST = 120
"""The most characters of a reason that others wrote."""


def marked_remark(document: str, mark: str, *, record: str = "", closing: Iterable[str] = ()) -> str:
    """The document with the line `mark` in place of its own first one, and then the line `record`."""
    head = "\n".join(filter(None, (mark, record)))
    return joined_parts([head, document.partition("\n")[2].strip("\n"), *closing])


def permission_text(label: str, role: str, *, why_not: str = "", again: str = "") -> str:
    """How a plan that loses data is permitted. `why_not` says why a label that is there does not count."""
    text = (
        f"To permit this plan, and no other, a person with the role {role} puts the label {code(label)} on this request"
    )
    refused = f"\n\n**The label does not count:** {markdown_text(why_not[:_LONGEST])}." if why_not else ""
    return f"**{text}{again}.**{refused}"


def permitted_text(person: str) -> str:
    """Who permitted the loss that the plan shows."""
    return f"The loss is permitted by {markdown_text(person[:_LONGEST])}, for this plan alone."


def applied_document(where: str, commit: str, *, exit_code: int) -> str:
    """What became of a plan after the merge."""
    place = markdown_text(where)
    if exit_code == 0:
        return f"\n\n### Applied: {place}\n\nThe plan of this request was applied at {code(commit[:12])}."
    again = "Run the job again: it goes on where it stopped, with exactly this plan."
    return f"\n\n### Not applied as a whole: {place}\n\nThe apply ended with the exit code {exit_code}. {again}"


def healed_document(where: str) -> str:
    """The last text of an issue about drift that is gone."""
    return f"\n\n### No drift: {markdown_text(where)}\n\nNothing is changed outside of novita-infra any more."
