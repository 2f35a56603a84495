"""Answers of lookups are kept for the next reader of the same list, and for it alone."""

from __future__ import annotations

from novita_infra.api.limits.kept_answers import NOT_KEPT, KeptAnswers
from novita_infra.api.request import get, post

LIST = get("/gpus", page=1, size=100)


def test_an_answer_is_given_once_to_the_same_request() -> None:
    kept = KeptAnswers()
    with kept.keeping():
        kept.add(LIST, {"data": []})
        assert kept.take(LIST) is NOT_KEPT, "two lookups read for themselves"
    assert kept.take(get("/gpus", page=2, size=100)) is NOT_KEPT
    assert kept.take(get("/gpus", size=100, page=1)) == {"data": []}
    assert kept.take(LIST) is NOT_KEPT


def test_nothing_is_kept_but_reads_and_only_while_lookups_are_made() -> None:
    kept = KeptAnswers()
    kept.add(LIST, 1)
    with kept.keeping():
        kept.add(post("/gpus", {}), 2)
    assert kept.take(LIST) is NOT_KEPT
    assert kept.take(post("/gpus", {})) is NOT_KEPT


def test_a_lock_drops_all_but_the_market() -> None:
    kept, other = KeptAnswers(), get("/instances")
    with kept.keeping():
        kept.add(LIST, None)
        kept.add(other, [])
    kept.clear(but={"/gpus"})
    assert kept.take(other) is NOT_KEPT
    assert kept.take(LIST) is None
    with kept.keeping():
        kept.add(LIST, None)
    kept.clear()
    assert kept.take(LIST) is NOT_KEPT
