"""The document of a notice: one event of a run as JSON, for programs outside of novita-infra.

Hooks (`hooks.running`) get it on standard input, and notifications send it or put it into words.
It holds names, counts and messages, never a field of a manifest, so that it holds no secret; a message in which a
program or the service repeats one is redacted all the same.
"""

from __future__ import annotations

import enum
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any, Final

from novita_infra.api.known_secrets import KnownSecrets
from novita_infra.api.redaction import without_secrets_in_value
from novita_infra.model.addresses import Address
from novita_infra.model.clock import timestamp
from novita_infra.model.frozen import dataclass
from novita_infra.model.lifecycle import HookEvent
from novita_infra.planning.plan.changes import Action, Change

FORMAT_VERSION: Final = 1


class NotificationEvent(enum.Enum):
    """What a notification is about. The values are the words of the document and of a manifest."""

    PLAN = "plan"
    APPLY = "apply"
    FAILURE = "failure"
    DRIFT = "drift"
    BUDGET = "budget"
    IDLE = "idle"
    TEST = "test"


class NoticeOutcome(enum.Enum):
    """How the plan or the run ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    REFUSED = "refused"
    """The plan cannot be applied: a check, a policy, a protection or a budget stands against it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunNotice:
    """What all notices of one command say."""

    project: str
    environment: str
    command: str
    """`plan`, `apply` or `destroy`; of a notification also `drift`, `idle`, `ci apply`, `ci drift` or
    `notifications test`."""
    plan_digest: str = ""
    """The digest by which a person approves the plan; empty while there is none."""
    summary: Mapping[str, int] = field(default_factory=dict)
    """How many resources have each action of the plan; see `action_counts`."""


@dataclass(frozen=True, slots=True)
class ResourceNotice:
    """The resource of a notice."""

    address: Address
    kind: str
    """As in a manifest: `Instance`."""
    id: str
    """The id of the object in the API."""
    action: Action
    """What the plan does to the resource."""


MOST_ITEMS: Final = 1000
"""The items of a document; how many more there are is said."""


@dataclass(frozen=True, slots=True)
class NoticeItem:
    """What a notification counts one by one: a change, drift, or a machine."""

    address: str
    """An address; the id of an object that no state records."""
    what: str
    """The action of a change, the cause of drift, or how long a machine rests."""
    hourly_cost: str = ""
    """USD per hour as a decimal; empty where it is not known or not meant."""


@dataclass(frozen=True, slots=True)
class HourlyCost:
    """What the environment costs per hour, before and after, in USD as decimals."""

    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One event of a run."""

    event: HookEvent | NotificationEvent
    run: RunNotice
    time: float
    """Unix seconds."""
    outcome: NoticeOutcome | None = None
    """None before the end."""
    errors: tuple[str, ...] = ()
    """Why it did not succeed, for a person; one text for each step or check."""
    resource: ResourceNotice | None = None
    items: tuple[NoticeItem, ...] = ()
    """Of a notification."""
    cost: HourlyCost | None = None
    """Of a notification; None where it is not known."""

    def document(self, known: KnownSecrets) -> dict[str, Any]:
        """The notice as JSON, in which no text holds one of the known secrets."""
        run, secrets = self.run, known.all()

        def clean(text: str) -> str:
            return without_secrets_in_value(text, secrets)

        document: dict[str, Any] = {
            "formatVersion": FORMAT_VERSION,
            "event": self.event.value,
            "project": clean(run.project),
            "environment": clean(run.environment),
            "command": run.command,
            "time": timestamp(self.time),
            "planDigest": run.plan_digest or None,
            "summary": {action: run.summary.get(action, 0) for action in ACTIONS} if run.plan_digest else None,
            "outcome": self.outcome.value if self.outcome else None,
            "errors": [known.redacted(text) for text in self.errors],
        }
        if self.resource is not None:
            document |= {
                "address": clean(str(self.resource.address)),
                "kind": self.resource.kind,
                "id": clean(self.resource.id),
                "action": self.resource.action.value,
            }
        if isinstance(self.event, NotificationEvent):
            document |= {
                "items": [
                    {
                        "address": clean(item.address),
                        "what": clean(item.what),
                        "hourlyCost": item.hourly_cost or None,
                    }
                    for item in self.items[:MOST_ITEMS]
                ],
                "itemsLeftOut": max(0, len(self.items) - MOST_ITEMS),
                "hourlyCost": {"before": self.cost.before, "after": self.cost.after} if self.cost else None,
            }
        return document

    def to_json(self, known: KnownSecrets) -> bytes:
        """The document on one line, with a line feed at its end."""
        return json.dumps(self.document(known), ensure_ascii=False).encode() + b"\n"


ACTIONS: Final = tuple(action.value for action in Action if action is not Action.NONE)
"""The actions that a summary counts."""


def action_counts(changes: Iterable[Change]) -> Mapping[str, int]:
    """How many of the changes have each action, by its word in the document."""
    return Counter(change.action.value for change in changes if change.action is not Action.NONE)
