"""`images list` and `images delete`: what jobs have saved is listed, and deleted with all of its tags on demand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result
from machines_account import account, named

from novita_infra.simulator.world.cloud import images, jobs
from novita_infra.simulator.world.engine.cloud_records import Template

Invoke = Callable[..., Result]
REPOSITORY = "docker.io/team/model"


def _saved(machines: Path) -> None:
    with account(machines) as world:
        images.add_tag(world, f"{REPOSITORY}:1")
        images.add_tag(world, f"{REPOSITORY}:2")


def test_images_are_listed_with_their_tags(run: Invoke, machines: Path) -> None:
    assert run("images", "list", "--own", "--sim").stdout == "No images.\n"
    _saved(machines)
    (row,) = json.loads(run("images", "list", "--own", "--sim", "--json").stdout)
    assert (row["repository"], row["type"], row["tags"]) == (REPOSITORY, "private", ["1", "2"])
    assert {row["type"] for row in json.loads(run("images", "list", "--sim", "--json").stdout)} >= {"base", "private"}


def test_an_image_is_deleted_with_all_of_its_tags_when_that_is_approved(run: Invoke, machines: Path) -> None:
    _saved(machines)
    asked = run("images", "delete", REPOSITORY, "--sim")
    assert (asked.exit_code, "with its tags: 1, 2" in asked.stderr) == (1, True)
    assert "--json cannot ask" in run("images", "delete", REPOSITORY, "--sim", "--json").stdout
    done = run("images", "delete", REPOSITORY, "--sim", "--auto-approve", "--json")
    assert json.loads(done.stdout)[0]["tags"] == ["1", "2"]
    assert run("images", "list", "--own", "--sim", "--json").stdout == "[]\n"


def test_a_tag_an_image_of_the_platform_and_an_unknown_one_are_refused(run: Invoke, machines: Path) -> None:
    _saved(machines)
    base = next(row for row in json.loads(run("images", "list", "--sim", "--json").stdout) if row["type"] != "private")
    refused = run("images", "delete", f"{REPOSITORY}:1", base["id"], "nothing", "--sim", "--auto-approve")
    assert refused.exit_code == 1
    assert "a single tag cannot be deleted; name the repository" in refused.stderr
    assert f"{base['id']} is not yours: it is {base['type']}" in refused.stderr
    assert "there is no image nothing; novita-infra images list" in refused.stderr
    assert len(json.loads(run("images", "list", "--own", "--sim", "--json").stdout)) == 1


USED = "docker.io/library/nginx"


def _used(machines: Path) -> None:
    """An image of the account that the endpoint of the project uses, and a template of somebody else."""
    with account(machines) as world:
        images.add_tag(world, f"{USED}:1.27")
        world.templates.add(
            Template(
                id="101",
                created=world.moment,
                name="w",
                owner=world.owner,
                image="nginx:1.27",
                rootfs=60,
                channel="private",
            )
        )


def test_an_image_in_use_is_deleted_only_with_permission(run: Invoke, machines: Path) -> None:
    _used(machines)
    refused = run("images", "delete", USED, "--sim", "--auto-approve")
    assert refused.exit_code == 5
    assert f"{USED} is used by endpoint.api, template 101" in refused.stderr
    assert f"run it again with --allow-data-loss {USED}" in refused.stderr
    done = run("images", "delete", USED, "--sim", "--auto-approve", "--allow-data-loss", USED, "--json")
    assert json.loads(done.stdout)[0]["used_by"] == ["endpoint.api", "template 101"]
    assert run("images", "list", "--own", "--sim", "--json").stdout == "[]\n"


def test_a_machine_is_not_saved_over_an_image_without_permission(run: Invoke, machines: Path) -> None:
    _used(machines)
    words = ("instance", "save-image", "instance.trainer", f"{USED}:1.27", "--sim")
    for more in ((), ("--auto-approve",), ("--json",)):
        refused = run(*words, *more)
        assert refused.exit_code == 5
        said = f"loses the image {USED}:1.27, which endpoint.api, template 101 use, in whose place another is saved"
        assert said in refused.stderr + refused.stdout
        assert f"run it again with --allow-data-loss {USED}:1.27" in refused.stderr + refused.stdout
    done = run(*words, "--allow-data-loss", f"{USED}:1.27")
    assert done.exit_code == 0, done.stderr


def test_a_machine_is_saved_only_under_a_name_with_a_tag(run: Invoke, machines: Path) -> None:
    refused = run("instance", "save-image", "instance.trainer", REPOSITORY, "--sim")
    assert refused.exit_code == 1
    assert f"error: {REPOSITORY} names no tag; write registry/repository:tag" in refused.stderr


def test_without_waiting_the_job_is_named_and_the_command_that_follows_it(run: Invoke, machines: Path) -> None:
    words = ("instance", "save-image", "instance.trainer", f"{REPOSITORY}:1", "--sim")
    begun = run(*words, "--no-wait")
    assert begun.exit_code == 0, begun.stderr
    with account(machines) as world:
        (job,) = world.jobs
    assert f"instance.trainer: the job {job.id} is " in begun.stderr
    assert "novita-infra jobs shows it, and the same command goes on with it without --no-wait" in begun.stderr
    assert "Save-image begun: 1 accepted, and not waited for." in begun.stderr
    assert "complete" not in begun.stderr


def test_a_machine_is_saved_as_an_image_once(run: Invoke, machines: Path) -> None:
    words = ("instance", "save-image", "instance.trainer", f"{REPOSITORY}:1", "--sim")
    done = run(*words)
    assert done.exit_code == 0, done.stderr
    again = run(*words)
    assert again.exit_code == 0
    assert "to do it once more, add --again" in again.stderr
    with account(machines) as world:
        assert [job.state for job in world.jobs] == ["success"]
    (row,) = json.loads(run("images", "list", "--own", "--sim", "--json").stdout)
    assert row["tags"] == ["1"]


def test_a_job_that_is_under_way_is_gone_on_with(run: Invoke, machines: Path) -> None:
    with account(machines) as world:
        id = jobs.save_image(world, named(world, "trainer"), image=f"{REPOSITORY}:1", auth="").id
    done = run("instance", "save-image", "instance.trainer", f"{REPOSITORY}:1", "--sim")
    assert f"the job {id} is" in done.stderr
    assert done.exit_code == 0
    with account(machines) as world:
        assert [job.id for job in world.jobs] == [id]
