"""What a lookup takes of several matches, and what it says where it takes none."""

from __future__ import annotations

from typing import Any

import pytest

from novita_infra.catalogue.stock import StockQuery
from novita_infra.lookups.answers import LookupAnswers, LookupQuestion
from novita_infra.lookups.found import Answer, FoundLookup, NoAnswer
from novita_infra.lookups.lookup import LookupType, Match, Matches, Needs, OtherProject, ReadSoFar

A, B, C = (Match(key=key, text=f"the {key}", attributes={"id": key, "size": size}) for size, key in enumerate("abc"))


def type_of(*items: Match, same: bool = False, choose: tuple[str, ...] = ("first", "all")) -> LookupType:
    return LookupType(
        name="thing",
        summary="A thing.",
        criteria={"size": {"type": "integer", "description": "x"}, "choose": {"enum": [*choose], "description": "x"}},
        attributes={"id": "its id"},
        example={},
        needs=lambda _criteria, _read: Needs(),
        find=lambda _criteria, _read: Matches(items, same=same, withheld={"key": "is secret"}),
        narrowing="size",
    )


def answer(of: LookupType, **criteria: Any) -> Answer | NoAnswer:
    return of.answer(criteria, ReadSoFar())


def test_the_only_match_is_the_answer() -> None:
    assert answer(type_of(B)) == Answer({"id": "b", "size": 1}, ("the b",), (), {"key": "is secret"})


def test_several_matches_are_none_unless_one_is_chosen() -> None:
    found = answer(type_of(A, B))
    assert found == NoAnswer(
        "several fit: the a; the b", "narrow it by size, or write `choose: first` or `choose: all`"
    )
    assert answer(type_of(A, B), choose="first") == Answer(A.attributes, ("the a",), ("the b",), {"key": "is secret"})


def test_matches_that_differ_in_nothing_that_matters_give_the_first() -> None:
    assert answer(type_of(A, B, C, same=True)) == Answer(
        A.attributes, ("the a",), ("the b", "the c"), {"key": "is secret"}
    )


def test_all_matches_are_a_map_by_their_keys() -> None:
    found = answer(type_of(A, B), choose="all")
    assert isinstance(found, Answer)
    assert (found.value, found.chosen) == ({"a": A.attributes, "b": B.attributes}, ("the a", "the b"))


def test_a_message_lists_twenty_matches_at_most() -> None:
    many = [Match(key=str(number), text=str(number), attributes={}) for number in range(23)]
    found = answer(type_of(*many))
    assert isinstance(found, NoAnswer)
    assert found.summary.endswith("18; 19; and 3 more")


def test_needs_are_added_and_what_was_read_is_taken_off() -> None:
    one = Needs(parts=frozenset({"gpu"}), lists=frozenset({"vpc"}))
    other = Needs(
        parts=frozenset({"gpu", "cpu"}),
        stock=frozenset({StockQuery("gpu")}),
        projects=frozenset({OtherProject(path="..")}),
    )
    both = one | other
    assert both - one == Needs(parts=frozenset({"cpu"}), stock=other.stock, projects=other.projects)
    assert not both - both
    assert both


# --- answers --------------------------------------------------------------------------------------------------------

QUESTION = LookupQuestion("thing", {"size": 1, "name": "a"})


def test_the_same_question_has_one_answer_whatever_the_order_of_its_criteria() -> None:
    answers = LookupAnswers()
    assert answers.get("x", QUESTION) is None
    answers.add({QUESTION.key: Answer({"id": "a"}, ("the a",), ("the b",))})
    same = LookupQuestion("thing", {"name": "a", "size": 1})
    assert answers.get("y", same) == FoundLookup("y", "thing", same.criteria, {"id": "a"}, ("the a",), ("the b",))
    answers.add({QUESTION.key: NoAnswer("none")})
    assert answers.get("x", QUESTION) == NoAnswer("none")


@pytest.mark.parametrize(
    "other", [LookupQuestion("thing", {"size": 2, "name": "a"}), LookupQuestion("other", QUESTION.criteria)]
)
def test_a_saved_answer_is_that_of_its_name_and_question(other: LookupQuestion) -> None:
    saved = FoundLookup("x", "thing", QUESTION.criteria, {"id": "a"})
    answers = LookupAnswers([saved])
    assert answers.are_saved
    assert answers.get("x", QUESTION) == saved
    assert answers.get("y", QUESTION) is None
    assert answers.get("x", other) is None
