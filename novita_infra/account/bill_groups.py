"""Lines of bills with the resources that they are about, and sums of them by group. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from fractions import Fraction
from typing import Final

from novita_infra.account.billing import BilledLine
from novita_infra.model.clock import moment
from novita_infra.model.frozen import dataclass

LABEL: Final = "label:"
"""The beginning of a group by one label: `label:team`."""
GROUPS: Final = ("address", "kind", "product", "category", "day", "label")
"""The groups of bills of objects; beside them, one label."""
KEY_GROUPS: Final = ("key", "product", "category", "day")
"""The groups of bills of API keys."""


@dataclass(frozen=True, slots=True)
class OwnedLine:
    """A line of a bill with its resource."""

    line: BilledLine
    address: str = ""
    """Empty where no state of the project has the object."""
    kind: str = ""
    """The type of the resource."""
    labels: Mapping[str, str] = field(default_factory=dict)
    deleted: bool = False
    """Whether only an earlier state has the object."""


@dataclass(frozen=True, slots=True)
class BillGroup:
    """The sum of the lines of a group."""

    name: str
    lines: int
    amount: Fraction
    """In 1/100000 USD, without lines that have no amount."""
    voucher: Fraction


def sums_by_group(lines: Iterable[OwnedLine], by: str) -> list[BillGroup]:
    """The sums by group, the highest first; days in their order."""
    groups: dict[str, list[BilledLine]] = {}
    for item in lines:
        groups.setdefault(group_of(item, by), []).append(item.line)
    sums = [
        BillGroup(
            name,
            len(group),
            sum((line.amount for line in group if line.amount is not None), Fraction(0)),
            sum((line.voucher for line in group if line.voucher is not None), Fraction(0)),
        )
        for name, group in groups.items()
    ]
    return sorted(sums, key=lambda item: item.name if by == "day" else (-item.amount, item.name))


def group_of(item: OwnedLine, by: str) -> str:
    """The name of the group of a line: `by` is one of GROUPS or KEY_GROUPS, or one label."""
    line = item.line
    match by:
        case "address":
            return item.address or line.owner or f"no object ({line.category})"
        case "kind":
            return item.kind or f"in no state ({line.category})"
        case "product":
            return line.product or "no product"
        case "category":
            return line.category or "no category"
        case "key":
            return " ".join(filter(None, (line.key_name, line.key_mask, line.owner))) or "no key"
        case "day":
            return moment(line.created or line.start)[:10] if line.created or line.start else "no day"
        case "label":
            return ", ".join(f"{name}={value}" for name, value in sorted(item.labels.items())) or _without(
                item, "label"
            )
    name = by.removeprefix(LABEL)
    return item.labels.get(name) or _without(item, name)


def _without(item: OwnedLine, name: str) -> str:
    return f"without {name}" if item.address else "in no state"
