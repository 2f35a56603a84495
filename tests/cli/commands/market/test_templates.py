"""`templates`: the templates of each channel, and one by its id."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

Invoke = Callable[..., Result]

OWN = """\
apiVersion: novita-infra/v1
kind: Template
metadata: {name: notebook}
spec:
  image: docker.io/jupyter/scipy-notebook:2024-05-27
  rootDiskGb: 60
  ports: [8888/http]
  env: {TOKEN: hunter2}
"""


def _names(run: Invoke, *options: str) -> list[str]:
    return [row["name"] for row in json.loads(run("templates", "--sim", "--json", *options).stdout)]


def test_templates_are_listed_by_channel_and_name(run: Invoke) -> None:
    assert _names(run) == ["PyTorch 2.5", "vLLM OpenAI server", "ComfyUI"]
    assert _names(run, "--channel", "community") == ["ComfyUI"]
    assert _names(run, "--channel", "community", "--channel", "official", "--name", "torch") == ["PyTorch 2.5"]
    assert _names(run, "--channel", "private") == []
    assert run("templates", "--sim", "--channel", "private").stdout == "No template is listed there.\n"


def test_a_template_of_the_project_has_its_address(run: Invoke, project: Path) -> None:
    (project / "template.yaml").write_text(OWN)
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    (row,) = json.loads(run("templates", "--sim", "--json", "--channel", "private").stdout)
    assert (row["name"], row["address"], row["ports"]) == ("notebook", "template.notebook", ["8888/http"])
    shown = run("templates", row["id"], "--sim")
    assert "Address:     template.notebook\n" in shown.stdout
    assert "Variables:   TOKEN" in shown.stdout
    assert "Command:     -\n" in shown.stdout
    assert "hunter2" not in shown.stdout + run("templates", row["id"], "--sim", "--json").stdout


def test_a_template_is_shown_by_its_id(run: Invoke) -> None:
    facts = json.loads(run("templates", "101", "--sim", "--json").stdout)
    assert (facts["template"], facts["recommended"], facts["min_cuda_version"]) == (
        "PyTorch 2.5",
        ["4090.16c62g"],
        "12.4",
    )
    unknown = run("templates", "9", "--sim")
    assert (unknown.exit_code, unknown.stderr) == (
        1,
        "error: there is no template 9; novita-infra templates lists them\n",
    )


def test_one_template_and_a_filter_exclude_each_other(run: Invoke) -> None:
    refused = run("templates", "101", "--name", "x", "--sim")
    assert refused.exit_code == 1
    assert refused.stderr == "error: --channel and --name are for the list; leave them out, or the ID\n"
