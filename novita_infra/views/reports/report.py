"""What a command found: each finding with its rule, its place and what stays the same of it. Values only."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from typing import Final, NamedTuple

from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Severity
from novita_infra.model.frozen import dataclass
from novita_infra.model.printable import printable

_NUMBER: Final = re.compile(r"\d+")


class ReportRule(NamedTuple):
    """A sort of finding."""

    id: str
    """It stays the same in later versions."""
    title: str
    help: str
    """What it means, and what to do."""


MANIFEST: Final = ReportRule(
    "manifest",
    "Mistake in a manifest",
    "The manifests hold a mistake, or something that is hardly meant.",
)
UNSET: Final = ReportRule(
    "unset", "Value that is not set", "A variable or a secret that the manifests use is not set where the command ran."
)
CHECK: Final = ReportRule(
    "plan", "Check of the plan", "A check of the plan speaks against it: a change, a condition, a duplicate."
)
REFUSED: Final = ReportRule(
    "refused",
    "Refused change",
    "The plan needs a permission: data would be lost, or a protected or large change be made.",
)
BUDGET: Final = ReportRule("budget", "Over a budget", "The plan would cost more than the manifests allow.")
PREFLIGHT: Final = ReportRule(
    "preflight",
    "Missing stock, quota or money",
    "The cloud or the account lacks what the plan needs: stock, a quota, money.",
)
DRIFT: Final = ReportRule(
    "drift", "Drift", "A resource was changed outside of novita-infra. `apply` answers as lifecycle.onDrift says."
)
ORPHAN: Final = ReportRule(
    "orphan",
    "Orphan",
    "A live object is in no state, and may cost money. `orphans --adopt` records it, `orphans --terminate` deletes it.",
)
UNREAD: Final = ReportRule("unread", "Not read", "The API answered without a list: nobody knows what is in it.")
COMMAND: Final = ReportRule("command", "Failure of the command", "The command ended before it had a result.")
RULES: Final = (MANIFEST, UNSET, CHECK, REFUSED, BUDGET, PREFLIGHT, DRIFT, ORPHAN, UNREAD, COMMAND)


def policy_rule(name: str) -> ReportRule:
    """The rule of one policy of the project."""
    return ReportRule(
        f"policy/{name}", f"Policy {name}", f'The policy "{name}" of the project speaks against the plan.'
    )


@dataclass(frozen=True, slots=True)
class ReportItem:
    """One finding. Its texts are fit to be shown."""

    rule: ReportRule
    severity: Severity
    summary: str
    hint: str = ""
    address: str = ""
    """The resource that it is about, or the type and id of an object; empty for none."""
    origin: Origin | None = None
    """Its place; the file is named from the top of the repository, or absolute outside of it."""
    key: str = ""
    """What tells it from the others of its rule; empty for the file, the address and the summary without numbers."""
    policy: str = ""
    environments: tuple[str, ...] = ()
    """The environments that it is about; empty for all of the report."""

    @property
    def title(self) -> str:
        """The resource and the summary."""
        named = not self.address or self.summary.startswith(self.address)
        return printable(self.summary if named else f"{self.address}: {self.summary}")

    @property
    def message(self) -> str:
        """The resource, the summary and the hint on one line."""
        return printable(f"{self.title}; {self.hint}" if self.hint else self.title)

    @property
    def place(self) -> str:
        """The resource, or else the file; empty for neither."""
        return printable(self.address or (self.origin.file if self.origin else ""))

    @property
    def failed(self) -> bool:
        """Whether what is looked at is not as it should be: an error, drift, an orphan."""
        return self.severity is Severity.ERROR or self.rule in {DRIFT, ORPHAN}


@dataclass(frozen=True, slots=True)
class Report:
    """What a command found."""

    command: str
    items: tuple[ReportItem, ...]
    project: str = ""
    environments: tuple[str, ...] = ("",)
    """Those that were looked at; one without a name where the project declares none, or the result names none."""
    resources: tuple[str, ...] = ()
    """The addresses of what was looked at."""
    policies: tuple[str, ...] = ()
    """The names of the policies that gave a verdict, or should have."""
    passed: str = ""
    """What is so where nothing was found."""
    file: str = ""
    """The file of the project, for findings without a place, named as the places are."""

    @property
    def name(self) -> str:
        """`plan/PROJECT/ENVIRONMENT`, as far as these are known."""
        one = self.environments[0] if len(self.environments) == 1 else ""
        return printable("/".join(filter(None, (self.command, self.project, one))))


def fingerprints(report: Report) -> list[str]:
    """For each finding, 64 hexadecimal digits by which a page knows it again: in a later run, and on another line."""
    where = (report.project, *report.environments) if report.project else ()  # another environment changes no manifest
    seen: Counter[str] = Counter()
    found = []
    for item in report.items:
        file = item.origin.file if item.origin else ""
        own = item.key or "\0".join((file, item.address, _NUMBER.sub("0", item.summary)))
        whole = "\0".join((*where, item.rule.id, own))
        seen[whole] += 1
        whole = f"{whole}\0{seen[whole]}" if seen[whole] > 1 else whole
        found.append(hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest())
    return found
