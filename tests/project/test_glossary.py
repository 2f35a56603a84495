"""The glossary is in alphabetical order, and each term has a short definition."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENTRIES: dict[str, str] = dict(
    re.findall(r"^### (.+)\n(.+(?:\n.+)*)$", (ROOT / "docs/glossary.md").read_text(encoding="utf-8"), re.MULTILINE)
)


def test_the_glossary_is_in_alphabetical_order() -> None:
    assert list(ENTRIES) == sorted(ENTRIES, key=str.casefold)


def test_every_definition_of_the_glossary_has_at_most_three_short_sentences() -> None:
    sentences = {term: re.split(r"(?<=[.])\s+(?=[A-Z])", text) for term, text in ENTRIES.items()}
    assert len(sentences) > 70
    assert [term for term, parts in sentences.items() if len(parts) > 3] == []
    assert [part for parts in sentences.values() for part in parts if len(part.split()) > 26] == []


def test_readme_and_contributing_link_to_the_glossary() -> None:
    for name in ("README.md", "CONTRIBUTING.md"):
        assert "](docs/glossary.md)" in (ROOT / name).read_text(encoding="utf-8"), name
