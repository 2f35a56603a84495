"""Unquoted words by the rules of YAML 1.2, and those that YAML 1.1 reads as something else."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from novita_infra.manifests.yaml.parsing import read_text
from novita_infra.manifests.yaml.scalars import reading_in_yaml_1_1

WORDS = st.one_of(
    st.sampled_from(
        ["no", "No", "NO", "nO", "on", "off", "yes", "y", "N", "12:30", "1:60", "1_000", "0b101", "0x_f", "1.10"]
    ),
    st.text("0123456789_:.+-eExbno", min_size=1, max_size=8),
)


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        *(("no", "false"), ("Off", "false"), ("YES", "true"), ("on", "true")),
        *(("12:30", "a number"), ("1_000", "a number"), ("0b101", "a number"), ("-1_0.5", "a number")),
        *(
            ("y", ""),
            ("nO", ""),
            ("22/tcp", ""),
            ("10.0.0.1", ""),
            ("2024-01-01", ""),
            ("1.2.3", ""),
            ("-", ""),
            ("_1", ""),
        ),
    ],
)
def test_a_text_has_a_reading_by_the_rules_of_yaml_1_1(text: str, reading: str) -> None:
    assert reading_in_yaml_1_1(text) == reading


@given(WORDS)
@example("1:2:3.5")
def test_what_another_reader_takes_for_a_number_or_a_truth_value_is_noted(word: str) -> None:
    """PyYAML reads by the rules of YAML 1.1."""
    parsed = read_text(f"a: {word}\n", "a.yaml")
    if len(parsed.documents) != 1 or not isinstance(parsed.documents[0].data["a"], str):
        return
    try:
        other = yaml.safe_load(f"a: {word}\n")["a"]
    except (ValueError, yaml.YAMLError):
        return
    noted = [text for _, text in parsed.read_otherwise]
    if isinstance(other, (bool, int, float)):
        assert noted == [word]
