"""The document of a notice: its published schema, its keys, and no secret in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from novita_infra.api.known_secrets import KnownSecrets
from novita_infra.model.addresses import Address
from novita_infra.model.lifecycle import OF_RESOURCE, HookEvent
from novita_infra.notices.document import (
    Notice,
    NoticeOutcome,
    NotificationEvent,
    ResourceNotice,
    RunNotice,
)
from novita_infra.notices.schema import NAME, notice_schema
from novita_infra.planning.plan.changes import Action
from novita_infra.schema.resources import text_of_schema

ROOT = Path(__file__).parents[2]
SCHEMA = notice_schema()
RUN = RunNotice(
    project="fleet", environment="prod", command="apply", plan_digest=f"sha256:{'a' * 64}", summary={"create": 2}
)
WORKER = ResourceNotice(Address.parse('instance.worker["eu"]'), "Instance", "abc123", Action.REPLACE)


def _notice(event: HookEvent | NotificationEvent, **more: Any) -> Notice:
    resource = WORKER if event in OF_RESOURCE else None
    return Notice(event=event, run=RUN, time=1_700_000_000.0, resource=resource, **more)


def _fits(document: Any) -> bool:
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(document)


def test_the_schema_is_committed_as_it_is_made() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert (ROOT / "schemas" / NAME).read_text(encoding="utf-8") == text_of_schema(SCHEMA)


@pytest.mark.parametrize("event", [*HookEvent, *NotificationEvent])
def test_the_document_of_every_event_fits_the_schema(event: HookEvent | NotificationEvent) -> None:
    document = json.loads(_notice(event, outcome=NoticeOutcome.FAILED, errors=("it broke",)).to_json(KnownSecrets()))
    assert _fits(document)
    assert document["summary"]["create"] == 2
    assert not _fits({**document, "more": 1})
    assert _fits({name: document[name] for name in document if name != "address"}) is (event not in OF_RESOURCE)


def test_the_document_of_a_run_without_a_plan_says_so() -> None:
    before = RunNotice(project="fleet", environment="default", command="plan")
    document = Notice(event=HookEvent.BEFORE_PLAN, run=before, time=0.0).document(KnownSecrets())
    assert _fits(document)
    assert (document["planDigest"], document["summary"], document["outcome"]) == (None, None, None)
    assert document["time"] == "1970-01-01T00:00:00Z"


def test_the_document_of_a_resource_names_it() -> None:
    document = _notice(HookEvent.ON_READY).document(KnownSecrets())
    assert [document[name] for name in ("address", "kind", "id", "action")] == [
        'instance.worker["eu"]',
        "Instance",
        "abc123",
        "replace",
    ]


def test_no_text_of_the_document_holds_a_known_secret() -> None:
    notice = _notice(HookEvent.AFTER_APPLY, errors=("the service said: bad key c4n4ry-0f-hooks\nat line 2",))
    text = notice.to_json(KnownSecrets("c4n4ry-0f-hooks")).decode()
    assert "c4n4ry" not in text
    assert "bad key (secret)" in text
    assert text.count("\n") == 1
