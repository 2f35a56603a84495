"""`ci plan`, `ci apply` and `ci drift` on simulated forges: comments, permissions, kept plans, issues."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import jsonschema
import pytest
from gitops import Jobs
from receivers import receiver

from novita_infra.forges.forge import MOST_BODY
from novita_infra.notices.schema import notice_schema
from novita_infra.operations.ci.permissions import permission_label
from novita_infra.operations.ci.remarks import PlanRecord
from novita_infra.views.formats.markdown.remarks import marked_remark, permission_text
from tests.cli.conftest import FLEET

MOVED = FLEET.replace("us-ca-nas-2", "us-dallas-nas-2")
"""The storage in another cluster: its data is lost."""


def delivered(jobs: Jobs) -> None:
    """The first request: it creates the storage."""
    request = jobs.request()
    assert jobs.plan(request).exit_code == 0
    jobs.merge(request)
    ended = jobs.apply(request)
    assert ended.exit_code == 0, ended.output


def test_a_request_is_planned_commented_merged_and_applied(jobs: Jobs) -> None:
    request = jobs.request()
    ended = jobs.plan(request)
    assert ended.exit_code == 0, ended.output
    (comment,) = jobs.forge.ours(request)
    assert "1 to create" in comment
    jobs.merge(request)
    ended = jobs.apply(request)
    assert ended.exit_code == 0, ended.output
    assert "### Applied: project small, environment default" in jobs.forge.ours(request)[1]
    assert jobs.run("plan", "--sim", "--detailed-exitcode").exit_code == 0


def test_the_one_comment_is_updated_by_each_further_commit(jobs: Jobs) -> None:
    request = jobs.request()
    jobs.forge.comment(request, "mallory", jobs.forge.ours(request)[0] if jobs.forge.ours(request) else "hello")
    jobs.plan(request)
    (jobs.folder / "fleet.yaml").write_text(FLEET.replace('"${var.size}"', "30"))
    request.head = jobs.new_commit()
    assert jobs.plan(request).exit_code == 0
    (comment,) = jobs.forge.ours(request)
    assert request.head in comment


def test_a_loss_is_refused_until_somebody_who_may_merge_permits_this_plan(jobs: Jobs) -> None:
    delivered(jobs)
    (jobs.folder / "fleet.yaml").write_text(MOVED)
    request = jobs.request()
    assert jobs.plan(request).exit_code == 5
    (comment,) = jobs.forge.ours(request)
    assert f"puts the label `{jobs.label}` on this request" in comment
    label = jobs.permit(request, "mallory")
    assert jobs.plan(request).exit_code == 5
    assert "mallory, who put it there, has the role read" in jobs.forge.ours(request)[0]
    jobs.forge.remove_label(request, label, "mallory")
    jobs.permit(request, jobs.approver)
    ended = jobs.plan(request)
    assert ended.exit_code == 0, ended.output
    assert f"The loss is permitted by {jobs.approver}" in jobs.forge.ours(request)[0]
    jobs.merge(request)
    ended = jobs.apply(request)
    assert ended.exit_code == 0, ended.output
    assert jobs.forge.labels == set()
    assert request.labels == []


def test_an_apply_that_is_run_again_does_nothing_more(jobs: Jobs) -> None:
    request = jobs.request()
    jobs.plan(request)
    jobs.merge(request)
    assert jobs.apply(request).exit_code == 0
    ended = jobs.apply(request)
    assert ended.exit_code == 0, ended.output
    assert "nothing is left of it" in ended.output
    assert len(jobs.forge.ours(request)) == 2


def test_of_two_requests_that_are_merged_at_once_the_second_is_applied_if_its_plan_is_still_the_same(
    jobs: Jobs,
) -> None:
    delivered(jobs)
    first, second = jobs.request(), jobs.request()
    other = FLEET.replace("name: data", "name: more")
    (jobs.folder / "more.yaml").write_text(other)
    assert jobs.plan(second).exit_code == 0
    (jobs.folder / "more.yaml").unlink()
    (jobs.folder / "fleet.yaml").write_text(FLEET.replace('"${var.size}"', "30"))
    assert jobs.plan(first).exit_code == 0
    jobs.merge(first)
    assert jobs.apply(first).exit_code == 0
    (jobs.folder / "more.yaml").write_text(other)
    jobs.merge(second)
    ended = jobs.apply(second)
    assert ended.exit_code == 0, ended.output


def test_a_merged_plan_that_another_apply_made_wrong_is_refused(jobs: Jobs) -> None:
    delivered(jobs)
    first, second = jobs.request(), jobs.request()
    for request, size in ((second, "40"), (first, "30")):
        (jobs.folder / "fleet.yaml").write_text(FLEET.replace('"${var.size}"', size))
        assert jobs.plan(request).exit_code == 0
        jobs.merge(request)
    assert jobs.apply(first).exit_code == 0
    (jobs.folder / "fleet.yaml").write_text(FLEET.replace('"${var.size}"', "40"))
    ended = jobs.apply(second)
    assert ended.exit_code == 5
    assert "the plan is not what is to be done any more" in ended.output
    assert "open another request" not in ended.output
    assert "make a new plan" in jobs.forge.ours(second)[1]


def test_drift_has_one_issue_that_is_updated_and_closed(jobs: Jobs) -> None:
    delivered(jobs)
    assert jobs.drift().exit_code == 0
    assert jobs.forge.open_issues() == []
    jobs.rename_by_hand("renamed")
    assert jobs.drift().exit_code == 0
    (issue,) = jobs.forge.open_issues()
    if jobs.forge.system == "github":
        jobs.forge.issues.insert(0, replace(issue, number=99, is_request=True))
    assert issue.title == "Drift: project small, environment default"
    assert "network\\_storage.data" in issue.body or "network_storage.data" in issue.body
    jobs.rename_by_hand("again")
    assert jobs.drift("--detailed-exitcode").exit_code == 3
    (same,) = (item for item in jobs.forge.open_issues() if not item.is_request)
    assert same.number == issue.number
    assert jobs.run("apply", "--sim", "--auto-approve").exit_code == 0
    ended = jobs.drift()
    assert ended.exit_code == 0, ended.output
    assert [item for item in jobs.forge.open_issues() if not item.is_request] == []
    assert "No drift" in jobs.forge.issues[-1].body


def test_the_jobs_notify_of_an_apply_and_of_drift(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as hook:
        monkeypatch.setenv("HOOK_URL", hook.address)
        with (jobs.folder / "novita-infra.yaml").open("a") as file:
            file.write("notifications: [{events: [apply, drift, failure], slack: {url: {fromEnv: HOOK_URL}}}]\n")
        delivered(jobs)
        jobs.rename_by_hand("renamed")
        assert jobs.drift().exit_code == 0
        assert jobs.drift("--no-notify").exit_code == 0
    texts = [json.loads(message.body)["text"] for message in hook.messages]
    assert len(texts) == 2
    assert "apply" in texts[0]
    assert "drift" in texts[1].lower()


def test_the_notices_of_the_jobs_are_as_the_published_schema_says(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as hook:
        monkeypatch.setenv("HOOK_KEY", f"whsec_{base64.b64encode(b'a key of the tests, not short').decode()}")
        channel = f"webhook: {{url: '{hook.address}', secret: {{fromEnv: HOOK_KEY}}}}"
        with (jobs.folder / "novita-infra.yaml").open("a") as file:
            file.write(f"notifications: [{{events: [apply, drift], {channel}}}]\n")
        delivered(jobs)
        jobs.rename_by_hand("renamed")
        assert jobs.drift().exit_code == 0
    documents = [json.loads(message.body) for message in hook.messages]
    assert [item["command"] for item in documents] == ["ci apply", "ci drift"]
    for document in documents:
        jsonschema.validate(document, notice_schema())


def test_an_issue_that_a_person_closed_is_opened_again_while_there_is_drift(jobs: Jobs) -> None:
    delivered(jobs)
    jobs.rename_by_hand("renamed")
    jobs.drift()
    jobs.forge.issues[0].is_open = False
    jobs.drift()
    assert len(jobs.forge.open_issues()) == 1


def test_the_comment_on_thousands_of_changes_with_everything_that_is_added_is_short_enough() -> None:
    job = "x" * 150
    document = "<!-- first -->\n" + "y" * 64_000
    closing = [permission_text(permission_label("0" * 64), "maintain", why_not="z" * 500, again=" and runs it again")]
    record = PlanRecord("a" * 64, f"sha256:{'0' * 64}", False, "9" * 20).line()
    assert len(marked_remark(document, f"<!-- {job} -->", record=record, closing=[*closing, job])) <= MOST_BODY
