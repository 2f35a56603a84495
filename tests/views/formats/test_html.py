"""The HTML format: one page that asks for nothing, in which what is hostile stays a text, at every size."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

import pytest
from report_contents import HOSTILE, hostile_contents

from novita_infra.model.printable import printable
from novita_infra.planning.plan.review import Review
from novita_infra.views.content.lines import Tone, line
from novita_infra.views.content.plan import PlanContent
from novita_infra.views.documents import document_text
from novita_infra.views.formats.html.markup import lines_markup

_VOID: Final = {"meta", "link", "input"}
_ELEMENTS: Final = """
a b body button caption dd details div dl dt footer g h1 h2 h3 head header html input label li link main meta nav ol
option output p path pre rect script section select span style summary svg table tbody td text th thead title tr ul
"""


@dataclass
class Read(HTMLParser):
    """What a browser makes of a page: its elements, and the texts in them."""

    elements: Counter[str] = field(default_factory=Counter)
    attributes: list[tuple[str, str | None]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.attributes += attrs
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def values(self, name: str) -> list[str]:
        """The values of an attribute."""
        return [value or "" for attribute, value in self.attributes if attribute == name]


def _read(text: str) -> Read:
    page = Read()
    page.feed(text)
    page.close()
    assert page.open == []
    return page


def _hostile(review: Review, count: int, secret: str) -> str:
    (content,) = [content for name, content, _ in hostile_contents(review, count, secret) if name == "plan"]
    return document_text("html", content)


@pytest.mark.parametrize("count", [1, 1000, pytest.param(5000, marks=pytest.mark.slow)])
def test_a_hostile_text_adds_no_element_and_no_attribute_at_any_size(
    plan_of: Callable[[str], Review], clear: str, count: int
) -> None:
    text = _hostile(plan_of("mixed"), count, clear)
    page = _read(text)
    assert page.elements.keys() <= set(_ELEMENTS.split())
    assert page.elements["script"] == page.elements["style"] == 1
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in {"style", "src", "srcset"}]
    assert clear not in text
    assert printable(HOSTILE) in "".join(page.text)
    assert text.count('<li data-action="update">') == count
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    links = page.values("href")
    assert {link.removeprefix("#") for link in links if link.startswith("#")} <= {*ids}
    assert [link for link in links if not link.startswith("#")] == ["data:,"]


def test_the_policy_of_a_page_allows_its_own_style_and_script_alone(plan_of: Callable[[str], Review]) -> None:
    text = document_text("html", PlanContent(plan_of("mixed")))
    (policy,) = re.findall('http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    parts = dict(part.strip().split(" ", 1) for part in policy.replace("&#39;", "'").split(";"))
    assert parts["default-src"] == parts["base-uri"] == parts["form-action"] == "'none'"
    assert parts["img-src"] == "data:"
    for tag in ("style", "script"):
        (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, flags=re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert parts[f"{tag}-src"] == f"'sha256-{digest}'"


def test_lines_keep_their_order_and_indent_below_a_change_and_lose_empty_ends() -> None:
    lines = [line(("      + ", Tone.ADD), "a<b"), line("          deeper"), line(), line()]
    assert lines_markup(lines) == '<span class="t-add">+ </span>a&lt;b\n    deeper'


def test_every_change_is_reached_from_its_node_in_the_graph(plan_of: Callable[[str], Review]) -> None:
    review = plan_of("mixed")
    text = document_text("html", PlanContent(review))
    for number, change in enumerate(review.plan.changes):
        label = str(change.address).replace('"', "&quot;")
        assert f'<a href="#r{number}" aria-label="{label}' in text
        assert f' id="r{number}"' in text
