"""Every regular expression of the package takes linear time."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from patterns import SIZE, Use, patterns_in_schemas, texts, uses

from novita_infra.api.redaction import without_secrets
from novita_infra.catalogue.products import Cluster
from novita_infra.kinds.toolkit.lookup import matching

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
MOST = 0.5
"""Seconds of CPU for one text of 64 KB. A linear pattern takes 0.04 s at most, and a quadratic one takes 2 s."""
ONE_POSITION = {
    "manifests/yaml/secret_places.py:_QUOTED_KEY": "it is matched once for each line, where its key begins",
    "manifests/yaml/scalar_places.py:_PROPERTIES": "it is matched once for a message, where the scalar begins",
    **dict.fromkeys(
        (f"manifests/secrets/dotenv.py:{name}" for name in ("_BEGINNING", "_SINGLE", "_DOUBLE", "_REST")),
        "it is matched once for each entry, and a text that does not fit is not read on",
    ),
    "manifests/yaml/masked_text.py:_QUOTED": "the text after quotes without an end is not read again",
}
"""Patterns that are matched at a position, and not at each, with the reason."""


def _lookup() -> None:
    matching([Cluster(id="id", name="a " * (SIZE // 2), network_storage=True, vpc=True)], "a " * 127 + "b")


def _redaction() -> None:
    secrets = {"a" * 30_000 + "b", "a" * 30_000 + "c", "a=" + ", " * 30_000 + "d", "a\n" * 30_000}
    without_secrets("a" * SIZE + "b" + "a" * SIZE + "c", secrets)


AT_RUN_TIME: dict[str, Callable[[], None] | str] = {
    "kinds/toolkit/lookup.py:words": _lookup,
    "manifests/validation/messages.py:_matches": "a pattern of the schemas, which are tested here",
    "programs/git_faults.py:signs": "alternatives of plain words, with one number among them",
    "simulator/request_schema.py:read": "a pattern of the operations, which the OpenAPI document shows",
}
"""Patterns that are made at run time: a call with 64 KB, or where the pattern is tested."""


class TooLong(Exception):
    """The CPU time is up."""


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raises TooLong after the seconds of CPU time: at once in the middle of a match, at its end at the latest."""

    def stop(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGVTALRM, stop)
    start = time.process_time()
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    if time.process_time() - start > seconds:
        raise TooLong


def _slow(use: Use, most: float = MOST) -> list[str]:
    """The methods and the beginnings of the texts that take too long."""
    assert use.pattern is not None
    pattern: Any = re.compile(use.pattern, use.flags)
    calls: dict[str, Callable[[str | bytes], object]] = {
        "match": pattern.match,
        "fullmatch": pattern.fullmatch,
        "finditer": lambda text: pattern.sub(text[:0], text),
    }
    for text in texts(use.pattern, use.flags):
        for method in use.methods:
            try:
                with _limited(most):
                    calls[method](text)
            except TooLong:
                return [f"{use.place}: {method} on {text[:30]!r} ... {text[-5:]!r}"]
    return []


def test_every_pattern_takes_linear_time_on_64_kb_of_its_alphabet() -> None:
    known = [use for use in uses() if use.pattern is not None and use.place not in ONE_POSITION]
    assert len(known) > 70
    once = {(use.pattern, use.flags, use.methods): use for use in known}
    assert [problem for use in once.values() for problem in _slow(use)] == []


def test_every_pattern_of_a_schema_takes_linear_time() -> None:
    known = patterns_in_schemas(ROOT / "schemas")
    assert len(known) > 30
    found = [Use(place, pattern, 0, frozenset({"finditer"})) for pattern, place in known.items()]
    assert [problem for use in found for problem in _slow(use)] == []


def test_patterns_that_are_matched_at_one_position_take_linear_time_there() -> None:
    found = {use.place: use for use in uses()}
    assert found.keys() >= ONE_POSITION.keys()
    for place in ONE_POSITION:
        assert _slow(Use(place, found[place].pattern, found[place].flags, frozenset({"match"}))) == []


def test_patterns_that_are_made_at_run_time_are_listed() -> None:
    assert {use.place for use in uses() if use.pattern is None} == AT_RUN_TIME.keys()


@pytest.mark.parametrize(
    "call", [*(call for call in AT_RUN_TIME.values() if callable(call)), _redaction], ids=lambda call: call.__name__
)
def test_names_and_secrets_of_64_kb_take_linear_time(call: Callable[[], None]) -> None:
    with _limited(4 * MOST):
        call()


@pytest.mark.parametrize(
    "pattern",
    [
        r"\s+$", r"(a+)+b", r"<title[^>]*>(.*?)</title", r"[?&][^=]*key=", r"x(?P<value>.*?)[\s,;]*x",
    ],
)  # fmt: skip
def test_a_pattern_that_takes_quadratic_time_is_found(pattern: str) -> None:
    assert _slow(Use("", pattern, re.DOTALL, frozenset({"finditer"})), MOST / 5)
