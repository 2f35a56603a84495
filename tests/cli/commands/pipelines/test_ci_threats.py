"""What strangers, members and accidents can do to the jobs of a pipeline: nothing is applied that nobody has seen."""

from __future__ import annotations

import json

import pytest
from forges import Fault
from gitops import Jobs

from tests.cli.commands.pipelines.test_ci_jobs import MOVED, delivered
from tests.cli.conftest import FLEET

pytestmark = pytest.mark.slow

LARGER = FLEET.replace('"${var.size}"', "30")
LOSS = "the loss is not permitted"


def losing(jobs: Jobs) -> None:
    delivered(jobs)
    (jobs.folder / "fleet.yaml").write_text(MOVED)


def test_a_permission_for_an_older_plan_does_not_count_for_another(jobs: Jobs) -> None:
    losing(jobs)
    request = jobs.request()
    jobs.plan(request)
    label = jobs.permit(request, jobs.approver)
    (jobs.folder / "fleet.yaml").write_text(MOVED.replace('"${var.size}"', "30"))
    assert jobs.plan(request).exit_code == 5
    assert jobs.label != label
    assert label not in request.labels


@pytest.mark.parametrize("by", ["mallory", ""])
def test_a_label_of_somebody_who_may_not_merge_permits_nothing(jobs: Jobs, by: str) -> None:
    losing(jobs)
    request = jobs.request()
    jobs.plan(request)
    jobs.permit(request, by)
    assert jobs.plan(request).exit_code == 5
    assert "The label does not count" in jobs.forge.ours(request)[0]


def test_a_label_of_a_program_permits_nothing(jobs: Jobs) -> None:
    losing(jobs)
    jobs.forge.roles[jobs.forge.me] = "admin"
    request = jobs.request()
    jobs.plan(request)
    jobs.permit(request, jobs.forge.me)
    assert jobs.plan(request).exit_code == 5
    assert "is a program" in jobs.forge.ours(request)[0]


def test_a_label_that_got_the_name_of_a_permission_permits_nothing(jobs: Jobs) -> None:
    """A member renames a label that a person who may merge had put on the request for something else."""
    losing(jobs)
    request = jobs.request()
    jobs.forge.add_label("looks good")
    jobs.forge.put_label(request, "looks good", jobs.approver)
    jobs.plan(request)
    label = jobs.label
    jobs.forge.drop_label(label)
    jobs.forge.rename_label("looks good", label)
    assert jobs.plan(request).exit_code == 5
    assert jobs.plan(request).exit_code == 5


def test_a_role_above_the_one_that_merges_can_be_asked_for(jobs: Jobs) -> None:
    losing(jobs)
    jobs.forge.roles["owner"] = "admin"
    request = jobs.request()
    jobs.plan(request, "--approvers", "admin")
    label = jobs.permit(request, "grace")
    assert jobs.plan(request, "--approvers", "admin").exit_code == 5
    jobs.forge.remove_label(request, label, "grace")
    jobs.permit(request, "owner")
    assert jobs.plan(request, "--approvers", "admin").exit_code == 0


def test_a_permission_that_was_taken_back_before_the_merge_is_none(jobs: Jobs) -> None:
    losing(jobs)
    request = jobs.request()
    jobs.plan(request)
    label = jobs.permit(request, jobs.approver)
    assert jobs.plan(request).exit_code == 0
    jobs.merge(request)
    jobs.forge.remove_label(request, label, "grace")
    ended = jobs.apply(request)
    assert ended.exit_code == 5
    assert LOSS in ended.output
    assert LOSS in jobs.forge.ours(request)[1]


def test_a_permission_is_used_once(jobs: Jobs) -> None:
    """After the apply the label exists no more, and the plan is used up."""
    losing(jobs)
    request = jobs.request()
    jobs.plan(request)
    jobs.permit(request, jobs.approver)
    jobs.plan(request)
    jobs.merge(request)
    assert jobs.apply(request).exit_code == 0
    assert jobs.forge.labels == set()
    assert jobs.apply(request).exit_code == 5


def test_a_plan_that_somebody_exchanged_is_refused_by_its_digest(jobs: Jobs) -> None:
    request, other = jobs.request(), jobs.request()
    jobs.plan(request)
    (jobs.folder / "fleet.yaml").write_text(LARGER)
    jobs.plan(other)
    jobs.merge(request)
    jobs.forge.artefacts[0].files = jobs.forge.artefacts[1].files
    ended = jobs.apply(request)
    assert ended.exit_code == 5
    assert "the plan that was kept is not the one that" in ended.output


def test_a_plan_that_somebody_changed_is_refused_by_its_seal(jobs: Jobs) -> None:
    request = jobs.request()
    jobs.plan(request)
    jobs.merge(request)
    name, data = next(iter(jobs.forge.artefacts[0].files.items()))
    plan = json.loads(data)
    plan["setting"]["created"] += 1
    jobs.forge.artefacts[0].files = {name: json.dumps(plan, separators=(",", ":")).encode()}
    ended = jobs.apply(request)
    assert ended.exit_code == 5
    assert "its seal does not match" in ended.output


@pytest.mark.parametrize(
    "change", [{"is_foreign": True}, {"event": "push"}, {"workflow": ".github/workflows/other.yml"}]
)
def test_a_plan_of_a_fork_or_of_another_workflow_is_none(jobs: Jobs, change: dict[str, object]) -> None:
    if "workflow" in change and jobs.forge.system == "gitlab":
        change = {"name": "plan another"}
    request = jobs.request()
    jobs.plan(request)
    jobs.merge(request)
    for name, value in change.items():
        setattr(jobs.forge.artefacts[0], name, value)
    ended = jobs.apply(request)
    assert ended.exit_code == 5
    assert "is not kept any more" in ended.output


def test_a_comment_of_a_stranger_with_the_marker_is_neither_read_nor_changed(jobs: Jobs) -> None:
    request = jobs.request()
    jobs.plan(request)
    copy = jobs.forge.ours(request)[0]
    request.comments.clear()
    jobs.forge.comment(request, "mallory", copy)
    jobs.merge(request)
    ended = jobs.apply(request)
    assert ended.exit_code == 5
    assert "was not planned" in ended.output
    assert request.comments[0].body == copy


def test_a_digest_that_a_member_wrote_into_the_comment_is_refused(jobs: Jobs) -> None:
    request = jobs.request()
    jobs.plan(request)
    jobs.merge(request)
    comment = request.comments[0]
    head, _, rest = comment.body.partition("sha256:")
    comment.body = f"{head}sha256:{'0' * 64}{rest[64:]}"
    assert jobs.apply(request).exit_code == 5


def test_a_commit_that_came_after_the_plan_is_not_applied(jobs: Jobs) -> None:
    request = jobs.request()
    jobs.plan(request)
    request.head = jobs.new_commit()
    jobs.merge(request)
    ended = jobs.apply(request)
    assert ended.exit_code == 5
    assert "the last commit of" in ended.output


def test_a_refused_plan_that_was_merged_all_the_same_is_not_applied(jobs: Jobs) -> None:
    losing(jobs)
    request = jobs.request()
    jobs.plan(request)
    jobs.merge(request)
    ended = jobs.apply(request)
    assert ended.exit_code == 5
    assert "could not be applied: it was refused" in ended.output


def test_a_push_without_a_request_applies_nothing(jobs: Jobs) -> None:
    ended = jobs.push()
    assert ended.exit_code == 5
    assert "so nobody has seen this plan" in ended.output
    delivered(jobs)
    assert jobs.push().exit_code == 0


def test_a_request_from_a_fork_is_checked_and_said_to_have_no_plan(jobs: Jobs) -> None:
    request = jobs.request(is_foreign=True)
    ended = jobs.plan(request, keeps=False)
    assert ended.exit_code == 5
    assert "comes from a fork" in ended.output
    assert jobs.forge.calls == []


def test_the_job_of_an_older_commit_does_not_write_over_the_newer_comment(jobs: Jobs) -> None:
    request = jobs.request()
    older, request.head = request.head, jobs.new_commit()
    jobs.plan(request)
    newest = jobs.forge.ours(request)
    assert jobs.plan(request, head=older).exit_code == 0
    assert jobs.forge.ours(request) == newest


def test_a_mistake_in_a_manifest_is_a_comment(jobs: Jobs) -> None:
    (jobs.folder / "fleet.yaml").write_text(FLEET.replace("sizeGb", "sizeGB"))
    request = jobs.request()
    assert jobs.plan(request).exit_code == 1
    assert "did you mean" in jobs.forge.ours(request)[0]


def test_a_mistake_is_reported_though_no_comment_can_be_written(jobs: Jobs) -> None:
    (jobs.folder / "fleet.yaml").write_text(FLEET.replace("sizeGb", "sizeGB"))
    jobs.forge.permissions.clear()
    ended = jobs.plan(jobs.request())
    assert ended.exit_code == 1
    assert "did you mean" in ended.output
    assert "Resource not accessible by integration" in ended.output


def test_no_comment_no_summary_and_no_output_holds_a_secret(jobs: Jobs) -> None:
    jobs.patch.setenv("HUB_PASSWORD", "hunter2-hunter2")
    credential = "kind: RegistryAuth\nmetadata: {name: hub}\nspec: {username: me, password: {fromEnv: HUB_PASSWORD}}\n"
    (jobs.folder / "hub.yaml").write_text(f"apiVersion: novita-infra/v1\n{credential}")
    request = jobs.request()
    summary = jobs.folder / "summary.md"
    ended = jobs.plan(request, summary=summary)
    assert ended.exit_code == 0
    assert summary.read_text() == (jobs.forge.ours(request)[0] if jobs.forge.system == "github" else "")
    for text in (ended.output, *jobs.forge.ours(request), *map(repr, jobs.forge.artefacts)):
        assert "hunter2" not in text
        assert jobs.forge.token not in text


def test_a_forge_that_repeats_the_token_does_not_bring_it_into_the_output(jobs: Jobs) -> None:
    request = jobs.request()
    jobs.patch.setattr(jobs.forge, "token", "ghs_another-token")
    used = jobs.plan(request, token="ghs_the-token-of-the-job")
    assert used.exit_code == 1
    assert "(401)" in used.output
    assert "ghs_the-token-of-the-job" not in used.output


def test_a_comment_whose_answer_was_lost_is_not_written_twice(jobs: Jobs) -> None:
    request = jobs.request()
    jobs.forge.faults.append(Fault("POST .*/(comments|notes)", carried_out=True))
    ended = jobs.plan(request)
    assert ended.exit_code == 0, ended.output
    assert len(jobs.forge.ours(request)) == 1


def test_a_token_without_a_permission_is_named_and_not_shown(jobs: Jobs) -> None:
    jobs.forge.permissions.discard("pull-requests")
    request = jobs.request()
    ended = jobs.plan(request)
    assert ended.exit_code == 1
    assert "Resource not accessible by integration" in ended.output
    assert "TOKEN may lack a permission" in ended.output
    assert jobs.forge.token not in ended.output


def test_a_branch_that_is_behind_is_not_planned_where_the_pipeline_sees_the_branch_alone(jobs: Jobs) -> None:
    request = jobs.request(behind=2)
    ended = jobs.plan(request)
    assert ended.exit_code == (0 if jobs.forge.system == "github" else 5)
    if ended.exit_code:
        assert "2 commits behind main" in jobs.forge.ours(request)[0]
