"""The time of the scanner of secret places: linear in the text, whatever the text repeats."""

from __future__ import annotations

import time

import pytest

from novita_infra.manifests.yaml.excerpts import PublicText

pytestmark = pytest.mark.slow

PARTS = [
    *("a: b\n", "- ", "{", "[", "{a: [", '"', "'", "a: 'b'\n", '{"a": "b"}, ', "a: |\n  b\n", "${", "${var.a} ", "#"),
    *(" #", "a", ":", ": ", "secret: true\n", '"secret": true, ', "    secret: true\n", "? ", "&a ", "*a ", "!a "),
    *("\t", "\n", "-", "---\n", "a: {b: c}\n"),
]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("head", ["", "variables:\n  ", "spec:\n  env: ", '{"variables": {'])
def test_a_long_text_is_scanned_in_linear_time(head: str, part: str) -> None:
    text = head + part * (65_536 // len(part))
    began = time.process_time()
    PublicText(text)
    assert time.process_time() - began < 3
