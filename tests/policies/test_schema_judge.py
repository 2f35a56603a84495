"""A JSON Schema as a policy: what is wrong with one is said with its place."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from novita_infra.policies.schema_judge import judge_by_schema


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{"type": "object",\n "required": [x]}', "line 2, column 15: it is no JSON: expecting value"),
        (
            '{"properties": {"format_version": {"type": "word"}}}',
            "it is no JSON Schema: properties.format_version.type: 'word' is not valid under any of the given schemas",
        ),
        ("[]", "it is no JSON Schema: an object is wanted"),
        ('{"$ref": "#/$defs/x"}', "it is no JSON Schema: /$defs/x is not in it"),
        ('{"minimum": NaN}', "it is no JSON: the number NaN has no form in JSON"),
    ],
)
def test_a_schema_that_cannot_be_read_is_reported_with_its_place(
    text: str, error: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "s.json").write_text(text)
    monkeypatch.setattr("sys.stdin", io.StringIO('{"format_version": "1.2"}'))
    judge_by_schema(str(tmp_path / "s.json"), "whole")
    assert json.loads(capsys.readouterr().out) == {"error": error}
