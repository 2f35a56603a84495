"""The messages of Slack and of Microsoft Teams, within their limits. No text in them is read as Markdown. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from novita_infra.notices.delivery.wording import Wording, cut_to_fit

_SECTION: Final = 3000
"""Characters of the text of a section: https://docs.slack.dev/reference/block-kit/blocks/section-block."""
_MOST_SECTIONS: Final = 8
"""Of the 50 blocks that a message of Slack may have."""
_CARD: Final = 28 * 1024 - 1024
"""Bytes of a message of Teams, with room for what the workflow adds."""
_FENCE: Final = "```"
_SLACK: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "`": "'"})
"""How Slack escapes text: https://docs.slack.dev/messaging/formatting-message-text. A backtick would end the block."""


def slack_body(wording: Wording) -> bytes:
    """The message of an incoming webhook: the title, then a block of text in which nothing is a mention or a link."""
    escaped = Wording(
        wording.title.translate(_SLACK),
        tuple(line.translate(_SLACK) for line in wording.facts),
        tuple(line.translate(_SLACK) for line in wording.items),
        wording.left_out,
    )
    lines = cut_to_fit((*escaped.facts, *escaped.items), escaped.left_out, _fits_slack)
    sections = [
        {"type": "section", "text": {"type": "mrkdwn", "text": f"{_FENCE}\n{text}\n{_FENCE}"}}
        for text in _sections(lines)
    ]
    header = {"type": "section", "text": {"type": "plain_text", "text": wording.title, "emoji": False}}
    return json.dumps({"text": escaped.title, "blocks": [header, *sections]}, ensure_ascii=False).encode()


def teams_body(wording: Wording) -> bytes:
    """The message of a workflow: an adaptive card whose texts are runs, which no client reads as Markdown."""
    lines = cut_to_fit(
        (*wording.facts, *wording.items), wording.left_out, lambda shown: len(_card(wording.title, shown)) <= _CARD
    )
    return _card(wording.title, lines)


def _fits_slack(lines: Sequence[str]) -> bool:
    return len(_sections(lines)) <= _MOST_SECTIONS


def _sections(lines: Sequence[str]) -> list[str]:
    """The lines in as few texts as each fit into a section with its fences."""
    most = _SECTION - 2 * len(_FENCE) - 2
    texts: list[str] = []
    for line in lines:
        if texts and len(texts[-1]) + 1 + len(line) <= most:
            texts[-1] += f"\n{line}"
        else:
            texts.append(line)
    return texts


def _card(title: str, lines: Sequence[str]) -> bytes:
    body: list[dict[str, Any]] = [_runs(title, weight="Bolder", size="Medium")]
    body += [_runs(line, fontType="Monospace") for line in lines]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        "msteams": {"width": "Full"},
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return json.dumps({"type": "message", "attachments": [attachment]}, ensure_ascii=False).encode()


def _runs(text: str, **style: str) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **style}]}
