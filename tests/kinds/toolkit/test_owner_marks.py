"""Owner marks in texts and env: put on and taken off exactly, whatever the declared value is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from novita_infra.kinds import KINDS
from novita_infra.kinds.toolkit.owner_marks import (
    ENV_NAME,
    env_with_mark,
    env_without_mark,
    mark_of_env,
    mark_of_note,
    mark_of_readme,
    note_with_mark,
    note_without_mark,
    readme_with_mark,
    readme_without_mark,
)
from novita_infra.model.addresses import Address
from novita_infra.model.identity import Identity

IDENTITY = Identity(project="fleet", environment="prod", id="p1")
KEYS = st.sampled_from(["a", "a b", "a/b", "<a>", "[a"]) | st.text(min_size=1).filter(
    lambda key: not set('"]') & set(key)
)
KEYED = KEYS.map(lambda key: f"{IDENTITY.owner(Address('image_prewarm', 'a', key))}/op-1")
MARKS = st.from_regex(r"[\w./:-]{1,40}", fullmatch=True) | KEYED
TEXTS = st.text() | st.text(alphabet=" \t\r\n[]<!->a\u00a0\u2028")
SPECS: dict[str, dict[str, Any]] = {
    "Template": {"name": "t", "image": "ubuntu:22.04", "rootDiskGb": 20},
    "ImagePrewarm": {"image": "ubuntu:22.04", "cluster": "us-dallas-nas-2"},
    "Instance": {"image": "ubuntu:22.04", "product": {"gpu": "RTX 4090"}},
    "Endpoint": {"image": "ubuntu:22.04", "product": {"gpu": "RTX 4090"}},
}


@given(TEXTS, MARKS)
@example("two\nlines\n", "m")
@example("", "m")
@example(" ", "m")
@example("x [novita-infra a]", "m")
@example("x\n\n<!-- novita-infra a -->", "m")
def test_a_mark_at_the_end_of_a_text_is_taken_off_exactly(text: str, mark: str) -> None:
    marked = note_with_mark(text, mark)
    assert (note_without_mark(marked), mark_of_note(marked)) == (text, mark)
    marked = readme_with_mark(text, mark)
    assert (readme_without_mark(marked), mark_of_readme(marked)) == (text, mark)


@given(TEXTS, MARKS)
def test_a_marked_text_that_the_service_trims_keeps_its_mark(text: str, mark: str) -> None:
    ends = {text, text.strip(), text.lstrip(), text.rstrip()}
    note = note_with_mark(text, mark).strip()
    assert note_without_mark(note) in ends
    assert mark_of_note(note) == mark
    readme = readme_with_mark(text, mark).strip()
    assert readme_without_mark(readme) in ends
    assert mark_of_readme(readme) == mark


@given(st.dictionaries(st.text(min_size=1).filter(lambda name: name != ENV_NAME), st.text(), max_size=99), MARKS)
def test_a_mark_in_the_env_is_taken_off_exactly(env: dict[str, str], mark: str) -> None:
    marked = env_with_mark(dict(env), mark)
    assert (env_without_mark(marked), mark_of_env(marked)) == (env, mark)


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("Template", "readme", "text\n\n<!-- novita-infra p/e/template.t/1 -->\n"),
        ("Template", "env", {ENV_NAME: "mine"}),
        ("Instance", "env", {ENV_NAME: "mine", "A": "1"}),
        ("Endpoint", "env", {ENV_NAME: "mine"}),
        ("ImagePrewarm", "note", "text [novita-infra p/e/image_prewarm.t/1]"),
    ],
)
def test_a_declared_owner_mark_is_refused(kind: str, field: str, value: object) -> None:
    check = next(item for item in KINDS.values() if item.name == kind).resolution.check
    assert check is not None
    errors = [error for error in check({**SPECS[kind], field: value}) if error.path[0] == field]
    assert len(errors) == 1
    assert "owner mark" in errors[0].summary
    assert not list(check(SPECS[kind]))
