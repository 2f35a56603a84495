"""The Markdown format: what is hostile stays a text, and a comment fits at every size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from draws import draws
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.lifecycle import Cause, OnDrift
from novita_infra.model.printable import printable
from novita_infra.model.resources import Live, Loss, Phase
from novita_infra.planning.orphans import Orphan
from novita_infra.planning.plan.changes import Action, Change, Drift, FieldChange
from novita_infra.planning.plan.findings import Finding
from novita_infra.planning.plan.review import Remarks, Review
from novita_infra.views.content.plan import DriftContent, PlanContent
from novita_infra.views.documents import document_text
from novita_infra.views.formats.markdown.marks import code, fenced, markdown_text
from novita_infra.views.results.orphans import orphan_listing

LIMIT = 64_000
WIDE = "wörker好好好好好好好好好好好好"
HOSTILE = (
    "\n</details><script>alert(1)</script> | [x](http://evil) ![y](z) `c` ``` @everyone #1 <!-- x --> **b** $a$ 好"
)
MARKDOWN = MarkdownIt("commonmark").enable("table")


def _tokens(text: str) -> Iterator[Token]:
    for token in MARKDOWN.parse(text):
        yield token
        yield from token.children or ()


def _shown(text: str) -> str:
    """What a reader sees of a paragraph."""
    return "".join(token.content for token in _tokens(text) if token.type in {"text", "code_inline"})


@settings(max_examples=draws(1))
@given(st.text(alphabet=st.sampled_from("ab \\`*_[]()<>#+!|~&$:-@.1\n\t\x1b\u202e好"), max_size=40))
def test_an_escaped_text_reads_as_it_is_and_a_code_span_too(text: str) -> None:
    assert _shown(f"x {markdown_text(text)} y") == f"x {printable(text)} y".replace("  y", "  y")
    assert {token.type for token in _tokens(f"x{markdown_text(text)}y")} <= {
        "paragraph_open",
        "paragraph_close",
        "inline",
        "text",
        "text_special",
        "html_inline",
    }
    if printable(text).strip():
        spans = [token.content for token in _tokens(f"x {code(text)} y") if token.type == "code_inline"]
        assert [span.strip() for span in spans] == [printable(text).strip()]


@settings(max_examples=draws(1))
@given(st.lists(st.text(alphabet=st.sampled_from("a`~ "), max_size=12), max_size=5))
def test_nothing_ends_a_fence_early(lines: list[str]) -> None:
    blocks = [token for token in _tokens(fenced(lines, "diff") + "\n\nend") if token.type == "fence"]
    assert [block.content for block in blocks] == ["\n".join(lines) + "\n"]


def _changes(review: Review, count: int, name: str) -> Review:
    """The review of a plan with so many changes, drifted objects and errors, whose texts are hostile."""
    fields = (FieldChange("image", HOSTILE, f"{HOSTILE}{'x' * 2000}"),)
    addresses = [Address("instance", f"{name}{number}") for number in range(count)]
    changes = [
        Change(address, Action.UPDATE, HOSTILE, fields, why=HOSTILE, loses=(Loss(HOSTILE, 3),)) for address in addresses
    ]
    drift = [Drift(address, Cause.EDITED, OnDrift.ALERT, HOSTILE, HOSTILE, fields=fields) for address in addresses]
    plan = replace(review.plan, changes=tuple(changes), drift=tuple(drift))
    findings = [Finding(Diagnostic(HOSTILE, HOSTILE, address=str(address)), 5) for address in addresses]
    notes = [Diagnostic("@" * 5000), Diagnostic("好" * 5000)] * min(count, 300)
    return replace(review, plan=plan, checks=Remarks(findings=tuple(findings), notes=tuple(notes)))


@pytest.mark.parametrize(
    ("count", "name"),
    [(1, "worker"), (1, WIDE), (300, "worker"), (300, WIDE), pytest.param(5000, WIDE, marks=pytest.mark.slow)],
)
def test_a_comment_fits_and_is_not_broken_by_hostile_texts(
    plan_of: Callable[[str], Review], count: int, name: str
) -> None:
    review = _changes(plan_of("mixed"), count, name)
    listing = orphan_listing(
        [Orphan("instance", Live(f"i-{at}", HOSTILE, Phase.READY, "running", {})) for at in range(count)], now=0.0
    )
    for content in (PlanContent(review, "sha256:0123"), DriftContent(review), listing):
        text = document_text("markdown", content)
        assert len(text.encode()) <= LIMIT
        tokens = [*_tokens(text)]
        assert not [token for token in tokens if token.type in {"link_open", "image"}]
        html = [token.content.strip() for token in tokens if token.type in {"html_block", "html_inline"}]
        assert {item for item in html if not item.startswith("<!--")} <= {
            "<details><summary>All details</summary>",
            "</details>",
        }
        assert "instance" in text
        assert (count == 1) == ("left out here" not in text)


def test_the_first_line_of_a_comment_tells_which_one_to_update(plan_of: Callable[[str], Review]) -> None:
    review = plan_of("mixed")
    hostile = replace(review, plan=replace(review.plan, project="a--> <b>", environment="e"))
    assert document_text("markdown", PlanContent(review)).startswith("<!-- novita-infra plan training dev -->\n")
    assert document_text("markdown", PlanContent(hostile)).startswith("<!-- novita-infra plan a- - <b e -->\n")
