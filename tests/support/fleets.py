"""Random fleets for property tests: resources of every kind that refer to one another and are valid."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from kind_facts import FACTS
from kind_facts.common import OTHER_PLACE, PLACE
from kind_facts.facts import Fleet

Resource = tuple[str, str, dict[str, Any]]
_PARTS = sorted(((facts.fleet, facts.kind) for facts in FACTS.values() if facts.fleet), key=lambda part: part[0].order)


@st.composite
def fleets(draw: st.DrawFn) -> list[Resource]:
    """Up to a dozen resources under few names, so that two fleets share some of them, changed or not."""
    fleet = Fleet(draw, [PLACE, PLACE, OTHER_PLACE])
    resources = [(kind, name, spec) for part, kind in _PARTS for name, spec in part.specs(fleet).items()]
    return resources or [("VPC", "alone", {"cluster": PLACE})]
