"""Every journey is made under each profile of the simulator: documented, live and strict."""

from __future__ import annotations

import pytest
from rig import EACH_PROFILE, Rig

from novita_infra.simulator import PROFILES

UNDER_EACH = {
    "test_money",
    "test_preflight",
    "test_the_main_path",
    "test_offers",
    "test_groups",
    "test_owner_marks",
    "test_bought_once",
    "test_scenarios",
    "test_drift",
    "test_failures_and_logs",
    "test_orphans",
    "test_create_first",
    "test_in_use",
    "test_ambiguity",
}
"""The modules in which the answers of the service matter. The others choose a profile, or are about our own words."""


@pytest.fixture(autouse=True)
def usual_profile(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    name = str(getattr(request, "param", "live"))
    monkeypatch.setattr(Rig, "usual", PROFILES[name])
    return name


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    module = str(metafunc.module.__name__).rpartition(".")[2]
    if module in UNDER_EACH and "profile" not in metafunc.fixturenames:
        metafunc.parametrize("usual_profile", EACH_PROFILE, indirect=True)
