"""The checks of a setup. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar, Final

from novita_infra.account.checkup import Checkup, Health
from novita_infra.model.frozen import dataclass
from novita_infra.views.content.lines import Line, Tone, line, padded, text_width
from novita_infra.views.content.listing import Listing, fact

_TONES: Final = {
    Health.GOOD: Tone.GOOD,
    Health.WARNING: Tone.CHANGE,
    Health.ERROR: Tone.BAD,
    Health.UNKNOWN: Tone.FAINT,
}


@dataclass(frozen=True, slots=True)
class CheckupRow:
    """One check."""

    name: str = fact("What is checked.", title="CHECK")
    health: Health = fact("`ok`, `warning`, `error`, or `unknown` where it could not be checked.", title="RESULT")
    detail: str = fact("What was found.", title="DETAIL")
    hint: str | None = fact("What to do; null where nothing is to be done.")
    versions: Mapping[str, str] = fact("For `packages`: the version of each that novita-infra needs.")


@dataclass(frozen=True, slots=True)
class CheckupListing(Listing):
    """The checks of a setup, as `doctor --json` prints them."""

    name: ClassVar[str] = "doctor"
    row: ClassVar[type] = CheckupRow
    empty: ClassVar[str] = "Nothing was checked."

    rows: tuple[CheckupRow, ...]

    def lines(self) -> Iterator[Line]:
        """A line for each check, with what to do."""
        names = max((text_width(row.name) for row in self.rows), default=0)
        results = max(len(health.value) for health in Health)
        for row in self.rows:
            hint = f"; {row.hint}" if row.hint else ""
            result = (padded(row.health.value, results), _TONES[row.health])
            yield line(result, "  ", padded(row.name, names), "  ", f"{row.detail}{hint}")


def checkup_listing(found: Iterable[Checkup]) -> CheckupListing:
    """The checks in their order."""
    return CheckupListing(
        tuple(CheckupRow(item.name, item.health, item.detail, item.hint or None, item.versions) for item in found)
    )
