"""Hooks in manifests: where they may stand, and what their words may hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from novita_infra.manifests.project.loading import load
from novita_infra.model.diagnostics import Problems
from novita_infra.model.lifecycle import Hook, HookEvent, OnHookFailure

PROJECT = "apiVersion: novita-infra/v1\nkind: Project\nmetadata: {name: small}\n"
STORAGE = (
    "apiVersion: novita-infra/v1\nkind: NetworkStorage\nmetadata: {name: data}\n"
    "lifecycle: {hooks: %s}\nspec: {cluster: us-ca-nas-2, sizeGb: 20}\n"
)
VPC = "---\napiVersion: novita-infra/v1\nkind: VPC\nmetadata: {name: net}\nspec: {cluster: us-ca-nas-2}\n"


def _write(folder: Path, *, project: str = "{}", resource: str = "{}") -> None:
    (folder / "novita-infra.yaml").write_text(f"{PROJECT}hooks: {project}\n")
    (folder / "main.yaml").write_text(STORAGE % resource + VPC)


def test_hooks_are_read_with_their_expressions_limits_and_meaning(tmp_path: Path) -> None:
    resource = "{onReady: [{run: [a.sh, '${project.name}'], timeout: 5m, onFailure: warn}], onCreate: [{run: [b]}]}"
    _write(tmp_path, project="{afterApply: [{run: [c]}], beforePlan: [{run: [d]}]}", resource=resource)
    project = load(tmp_path, environ={})
    hooks = next(item.lifecycle.hooks for item in project.declared if item.lifecycle.hooks)
    assert [(hook.event, hook.words, hook.timeout, hook.on_failure) for hook in hooks] == [
        (HookEvent.ON_CREATE, ("b",), 60.0, OnHookFailure.STOP),
        (HookEvent.ON_READY, ("a.sh", "small"), 300.0, OnHookFailure.WARN),
    ]
    assert [str(hook) for hook in project.rules.hooks] == ["beforePlan d", "afterApply c"]


def test_hooks_of_the_defaults_are_those_of_each_resource_of_the_kind(tmp_path: Path) -> None:
    _write(tmp_path)
    defaults = "defaults: [{kind: VPC, lifecycle: {hooks: {onDelete: [{run: [x]}]}}}]\n"
    (tmp_path / "novita-infra.yaml").write_text(PROJECT + defaults)
    found = {str(item.address): item.lifecycle.hooks for item in load(tmp_path, environ={}).declared}
    assert [len(found[name]) for name in ("vpc.net", "network_storage.data")] == [1, 0]


@pytest.mark.parametrize(
    ("project", "resource", "message"),
    [
        ("{beforePlan: [{run: [x, '${project.name}']}]}", "{}", "a hook of a project takes no expressions"),
        ("{beforePlan: [{run: [x], timeout: 0s}]}", "{}", "timeout cannot be"),
        ("{onReady: [{run: [x]}]}", "{}", "onReady"),
        ("{beforePlan: [{run: x}]}", "{}", "run"),
        ("{}", "{onReady: [{run: [x, '${vpc.net.id}']}]}", "the words of a hook take no secrets and no attributes"),
        ("{}", "{onReady: [{run: [x], timeout: never}]}", "timeout"),
        ("{}", "{onReady: [{run: []}]}", "run"),
        ("{}", "{beforeApply: [{run: [x]}]}", "beforeApply"),
    ],
)
def test_a_hook_that_cannot_be_is_reported_with_its_place(
    tmp_path: Path, project: str, resource: str, message: str
) -> None:
    _write(tmp_path, project=project, resource=resource)
    with pytest.raises(Problems, match=message) as caught:
        load(tmp_path, environ={})
    assert all(item.origin is not None for item in caught.value.diagnostics)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("hooks/save.sh",), "save.sh"),
        (("python3", "hooks/save.py", "all"), "save.py"),
        (("/usr/bin/python3.11", "-m", "backup"), "python3.11"),
        (("sh", "-c", "true"), "sh"),
        (("aws", "s3"), "aws"),
        (("bash",), "bash"),
    ],
)
def test_a_hook_is_named_after_the_file_that_runs(words: tuple[str, ...], name: str) -> None:
    assert Hook(event=HookEvent.ON_READY, words=words).name == name
