"""What is said about a plan: findings, notes, the exit code, and the verdicts of policies."""

from __future__ import annotations

from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import EXIT_BLOCKED, EXIT_ERROR, EXIT_REFUSED, Diagnostic, Severity
from novita_infra.model.rules import Judge, OnError, Policy
from novita_infra.planning.plan.findings import Finding
from novita_infra.planning.plan.plan import Basis, OutputChanges, Plan
from novita_infra.planning.plan.review import Remarks, Review
from novita_infra.planning.plan.verdicts import Judgement, Verdict, VerdictReason

SSH = VerdictReason("no ssh", "instance.trainer")


def _policy(on_error: OnError = OnError.DENY) -> Policy:
    return Policy(name="ssh", by=Judge.RUN, words=("ssh",), on_error=on_error, origin=Origin("novita-infra.yaml", 5, 3))


def _review(*findings: Finding) -> Review:
    old = Diagnostic("old", severity=Severity.WARNING)
    return Review(Plan("p", "dev", (), (), Basis("l", 1)), checks=Remarks(findings, (old,)))


def test_what_is_denied_is_a_problem_and_what_is_warned_of_a_note() -> None:
    review = _review().with_verdicts([Judgement(_policy(), Verdict(deny=(SSH,), warn=(VerdictReason("dear"),)))])
    assert [str(item) for item in review.problems] == ['instance.trainer: denied by the policy "ssh": no ssh']
    assert [item.summary for item in review.notes] == ["old", 'the policy "ssh" warns: dear']
    assert review.code == EXIT_REFUSED


def test_other_problems_keep_their_exit_code() -> None:
    broken = Finding(Diagnostic("there is no such product"), EXIT_ERROR)
    review = _review(broken).with_verdicts([Judgement(_policy(), Verdict(deny=(SSH,)))])
    assert (len(review.problems), review.code) == (2, EXIT_ERROR)


def test_a_policy_without_a_verdict_denies_and_says_where_it_is_declared() -> None:
    review = _review().with_verdicts([Judgement(_policy(), error="it took more than 30 s")])
    (problem,) = review.problems
    assert str(problem).startswith('novita-infra.yaml:5:3: the policy "ssh" gave no verdict: it took more than 30 s; ')
    assert review.code == EXIT_REFUSED


def test_a_policy_without_a_verdict_warns_where_that_is_wanted() -> None:
    review = _review().with_verdicts([Judgement(_policy(OnError.WARN), error="it crashed")])
    assert (review.problems, review.code) == ((), 0)
    assert review.notes[-1].severity is Severity.WARNING


def test_what_denies_denies_whatever_it_does_on_errors() -> None:
    review = _review().with_verdicts([Judgement(_policy(OnError.WARN), Verdict(deny=(SSH,)))])
    assert review.code == EXIT_REFUSED


def test_later_verdicts_take_the_place_of_earlier_ones() -> None:
    first = _review().with_verdicts([Judgement(_policy(), Verdict(warn=(VerdictReason("dear"),)))])
    assert first.with_verdicts([]) == _review()
    assert first.with_verdicts(first.verdicts) == first


def test_the_preflight_adds_to_the_checks_of_the_planner() -> None:
    blocked = Finding(Diagnostic("nothing is free"), EXIT_BLOCKED)
    review = _review().with_preflight(Remarks((blocked,), (Diagnostic("new"),)))
    assert (review.code, [item.summary for item in review.notes]) == (EXIT_BLOCKED, ["old", "new"])
    assert review.with_preflight(Remarks()) == _review()


def test_a_review_is_empty_where_the_plan_does_nothing_and_nothing_is_found() -> None:
    assert _review().empty
    assert not _review(Finding(Diagnostic("no"))).empty
    assert not Review(Plan("p", "dev", (), (), Basis("l", 1), outputs=OutputChanges(changed=("url",)))).empty
