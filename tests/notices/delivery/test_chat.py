"""Messages of Slack and Teams: their published limits, and texts that would be read as more than text."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from novita_infra.notices.delivery.chat import slack_body, teams_body
from novita_infra.notices.delivery.wording import wording_of

HOSTILE = (
    "<!channel> <@U1> *bold* _it_ ```code``` [link](http://evil) \x1b[31mred\x1b[0m\r\nBcc: all@example.com \u202e"
)


def _document(count: int = 1, name: str = "worker", errors: int = 0) -> dict[str, Any]:
    return {
        "event": "apply",
        "project": name,
        "environment": "prod",
        "command": "apply",
        "time": "2026-12-01T00:00:00Z",
        "outcome": "failed",
        "summary": {"create": count, "update": 0},
        "errors": [f"{name} fails"] * errors,
        "items": [{"address": f'instance.{name}["{number}"]', "what": "create"} for number in range(count)],
        "itemsLeftOut": 0,
    }


@pytest.mark.parametrize("count", [1, 1000, 5000])
@pytest.mark.parametrize("name", ["worker", HOSTILE, "漢字" * 60, "<" * 200])
def test_chat_messages_stay_within_the_limits_and_count_what_is_left_out(count: int, name: str) -> None:
    document = _document(count, name, errors=2)
    slack = json.loads(slack_body(wording_of(document)))
    assert len(slack["blocks"]) <= 50
    assert all(len(block["text"]["text"]) <= 3000 for block in slack["blocks"])
    assert len(teams_body(wording_of(document))) <= 28 * 1024
    of_slack = "\n".join(block["text"]["text"] for block in slack["blocks"])
    of_teams = json.dumps(json.loads(teams_body(wording_of(document))), ensure_ascii=False)
    for text in (of_slack, of_teams):
        shown = text.count("create") - 1 - ("create" in name)
        missing = re.search(r"\.\.\. and (\d+) more", text)
        assert bool(missing) == (count > 1)
        if missing and name == "worker":
            assert shown + int(missing[1]) == count


def test_chat_message_of_slack_mentions_and_links_nothing() -> None:
    body = json.loads(slack_body(wording_of(_document(2, HOSTILE, errors=1))))
    assert not re.search("[<>]", body["text"])
    header, *sections = body["blocks"]
    assert header["text"]["type"] == "plain_text"
    for section in sections:
        text = section["text"]["text"]
        assert text.startswith("```\n")
        assert text.endswith("\n```")
        inside = text[4:-4]
        assert not re.search("[<>`\x1b\r]", inside)
        assert "&lt;!channel&gt;" in inside


def test_chat_message_of_teams_holds_texts_and_no_markdown() -> None:
    (attachment,) = json.loads(teams_body(wording_of(_document(2, HOSTILE))))["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    texts = [run["text"] for block in card["body"] for run in block["inlines"]]
    assert {run["type"] for block in card["body"] for run in block["inlines"]} == {"TextRun"}
    assert all(text.isprintable() for text in texts)
