"""What policies print, read as verdicts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.planning.plan.verdicts import NoVerdict, Verdict, VerdictReason, verdict_in

SSH = VerdictReason("no ssh", "instance.trainer")
UNDERSTOOD: dict[str, tuple[Any, Verdict]] = {
    "our own form": (
        {"deny": [{"address": "instance.trainer", "reason": "no ssh"}], "warn": ["dear"]},
        Verdict(deny=(SSH,), warn=(VerdictReason("dear"),)),
    ),
    "nothing denied": ({"deny": []}, Verdict()),
    "nothing at all": ([], Verdict()),
    "a plain list": (
        ["no ssh", {"msg": "no ssh", "address": "instance.trainer"}],
        Verdict(deny=(VerdictReason("no ssh"), SSH)),
    ),
    "conftest": (
        [
            {"filename": "-", "namespace": "main", "successes": 1},
            {
                "filename": "-",
                "namespace": "ports",
                "successes": 0,
                "warnings": [{"msg": "dear"}],
                "failures": [{"msg": "no ssh", "metadata": {"address": "instance.trainer"}}],
            },
        ],
        Verdict(deny=(SSH,), warn=(VerdictReason("dear"),)),
    ),
    "a rule by opa eval": (
        {"result": [{"expressions": [{"value": ["no ssh"], "text": "data.main.deny", "location": {"row": 1}}]}]},
        Verdict(deny=(VerdictReason("no ssh"),)),
    ),
    "a package by opa eval": (
        {"result": [{"expressions": [{"value": {"deny_ssh": ["no ssh"], "warn": ["dear"], "ports": [22]}}]}]},
        Verdict(deny=(VerdictReason("no ssh"),), warn=(VerdictReason("dear"),)),
    ),
    "words over several lines": (["no\n  ssh"], Verdict(deny=(VerdictReason("no ssh"),))),
    "the same twice": (["no ssh", "no ssh"], Verdict(deny=(VerdictReason("no ssh"),))),
}
NOT_UNDERSTOOD: dict[str, Any] = {
    "an empty object": {},
    "an undefined rule of opa": {"result": []},
    "another package of opa": {"result": [{"expressions": [{"value": {"allow": True}}]}]},
    "a boolean of opa": {"result": [{"expressions": [{"value": False}]}]},
    "another object": {"allowed": True},
    "a misspelt key": {"deny": [], "deny_reasons": []} | {"denied": ["x"]},
    "a text": "no ssh",
    "nothing": None,
    "a boolean": True,
    "no list": {"deny": "no ssh"},
    "a reason without words": {"deny": [{"address": "instance.trainer"}]},
    "an empty reason": {"deny": [" "]},
    "a number as reason": [1],
    "conftest without a rule": [{"filename": "-", "namespace": "main", "successes": 0}],
}


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_what_policies_print_is_understood(name: str) -> None:
    answer, verdict = UNDERSTOOD[name]
    assert verdict_in(answer) == verdict


@pytest.mark.parametrize("name", NOT_UNDERSTOOD)
def test_what_is_no_verdict_is_refused(name: str) -> None:
    with pytest.raises(NoVerdict):
        verdict_in(NOT_UNDERSTOOD[name])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["deny", "warn", "result", "msg", "failures", "successes", "x"]), inner, max_size=3
        )
    ),
)


@given(JSON)
def test_anything_is_a_verdict_or_none_and_never_an_accident(answer: Any) -> None:
    try:
        verdict = verdict_in(answer)
    except NoVerdict:
        return
    assert all(reason.text for reason in (*verdict.deny, *verdict.warn))


def test_long_reasons_and_many_are_cut() -> None:
    verdict = verdict_in(json.loads(json.dumps([f"{number} {'x' * 5000}" for number in range(2000)])))
    assert len(verdict.deny) == 500
    assert max(len(reason.text) for reason in verdict.deny) == 1000
