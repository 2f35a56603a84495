"""The clock of this machine beside that of the API."""

from __future__ import annotations

import pytest

from novita_infra.account.checkup import Checkup, Health, clock_checkup

DATE = "Mon, 30 Nov 2026 14:00:00 GMT"
AT = 1_796_047_200.0
HINT = "set it, best by NTP: locks on servers and stores of states compare times"


@pytest.mark.parametrize(
    ("dated", "found"),
    [
        ((DATE, AT + 60), Checkup("clock", Health.GOOD, "as that of the API, to within a minute")),
        ((DATE, AT - 60), Checkup("clock", Health.GOOD, "as that of the API, to within a minute")),
        ((DATE, AT + 3600), Checkup("clock", Health.ERROR, "3,600 s ahead of that of the API", HINT)),
        ((DATE, AT - 61), Checkup("clock", Health.ERROR, "61 s behind that of the API", HINT)),
        (("soon", AT), Checkup("clock", Health.UNKNOWN, "the API did not say what time it is")),
        (None, Checkup("clock", Health.UNKNOWN, "the API did not say what time it is")),
    ],
)
def test_the_clock_is_compared_with_the_date_of_an_answer(dated: tuple[str, float] | None, found: Checkup) -> None:
    assert clock_checkup(dated) == found
