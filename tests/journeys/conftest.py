"""Journeys are made under the profile `live` of the simulator; many also under `documented` or `strict`, in turns."""

from __future__ import annotations

from zlib import crc32

import pytest
from rig import EACH_PROFILE, Rig

from novita_infra.simulator import PROFILES

UNDER_TWO = {
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
    if module in UNDER_TWO and "profile" not in metafunc.fixturenames:
        left_out = ("documented", "strict")[crc32(metafunc.function.__name__.encode()) % 2]
        profiles = [profile for profile in EACH_PROFILE if profile.values != (left_out,)]
        metafunc.parametrize("usual_profile", profiles, indirect=True)
