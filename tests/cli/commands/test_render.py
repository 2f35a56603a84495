"""`render`: the manifests after evaluation, with the place of each value, and without any secret."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from manifest_files import loaded

from novita_infra.manifests.yaml.parsing import read_text

Invoke = Callable[..., Result]

EXAMPLES = Path(__file__).parents[3] / "examples"
PROJECT = """\
apiVersion: novita-infra/v1
kind: Project
metadata: {name: small}
variables:
  size: {type: integer, default: 20}
  token: {secret: true}
environments:
  prod:
    patches:
      - target: instance.*
        spec: {env: {STAGE: prod}}
"""
FLEET = """\
apiVersion: novita-infra/v1
kind: Template
metadata: {name: node}
spec:
  image: a/b:1
  rootDiskGb: ${var.size}
  env: {BASE: "1"}
---
apiVersion: novita-infra/v1
kind: Instance
metadata: {name: worker, labels: {team: "${each.value}"}}
forEach: {eu: blue}
lifecycle: {protect: true}
spec:
  template: node
  product: {gpu: H100}
  env:
    TOKEN: ${var.token}
    PEER: ${network_storage.data.id}
    AREA: ${upper(each.key)}
    NOTE: |
      two
      lines
---
apiVersion: novita-infra/v1
kind: NetworkStorage
metadata: {name: data}
spec: {cluster: c1, sizeGb: 100}
"""
RENDERED = """\
# instance.worker["eu"]
apiVersion: novita-infra/v1
kind: Instance
metadata:
  name: worker  # fleet.yaml:11:18
  labels:
    team: blue  # fleet.yaml:11:41
spec:
  image: a/b:1  # fleet.yaml:5:10
  rootDiskGb: 20  # fleet.yaml:6:15
  name: worker-eu  # fleet.yaml:11:18
  template: ${template.node.id}  # fleet.yaml:15:13
  product:
    gpu: H100  # fleet.yaml:16:18
  env:
    BASE: "1"  # fleet.yaml:7:15
    TOKEN: (not read)  # fleet.yaml:18:12
    PEER: ${network_storage.data.id}  # fleet.yaml:19:11
    AREA: EU  # fleet.yaml:20:11
    NOTE: |  # fleet.yaml:21:11
      two
      lines
    STAGE: prod  # novita-infra.yaml:11:29
lifecycle:
  protect: true  # fleet.yaml:13:22
"""


def test_each_value_stands_with_its_place(run: Invoke, project: Path) -> None:
    (project / "novita-infra.yaml").write_text(PROJECT)
    (project / "fleet.yaml").write_text(FLEET)
    ended = run("render", "--show-origin", "--env", "prod")
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert ended.stdout.partition("---\n")[0] == RENDERED
    assert "#" not in run("render").stdout.partition("\n")[2].partition("---\n")[0]


def test_programs_get_the_values_and_the_places(run: Invoke, project: Path) -> None:
    (project / "novita-infra.yaml").write_text(PROJECT)
    (project / "fleet.yaml").write_text(FLEET)
    worker, *_ = json.loads(run("render", "--show-origin", "--json").stdout)
    assert (worker["address"], worker["kind"]) == ('instance.worker["eu"]', "Instance")
    assert worker["manifest"]["spec"]["env"]["TOKEN"] == "(not read)"
    assert worker["origins"]["spec.product.gpu"] == "fleet.yaml:16:18"
    assert json.loads(run("render", "--json").stdout)[0]["origins"] == {}


def test_no_secret_is_shown(run: Invoke, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "novita-infra.yaml").write_text(PROJECT)
    (project / "fleet.yaml").write_text(FLEET)
    monkeypatch.setenv("NOVITA_INFRA_VAR_token", "s3cr3t-word")
    ended = run("render", "--show-origin")
    assert "TOKEN: (secret)" in ended.stdout
    assert "s3cr3t-word" not in ended.output


@pytest.mark.parametrize(
    "folder", sorted(path for path in EXAMPLES.iterdir() if path.is_dir()), ids=lambda path: path.name
)
def test_what_is_rendered_declares_the_same(
    folder: Path, run: Invoke, project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Where no resource has a key, and nothing is secret or computed, the text is a project again."""
    text = run("render", str(folder)).stdout
    parsed = read_text(text, "rendered.yaml")
    assert parsed.diagnostics == []
    rows = json.loads(run("render", str(folder), "--json").stdout)
    assert [item.data["metadata"] for item in parsed.documents] == [row["manifest"]["metadata"] for row in rows]
    if any("(" in json.dumps(row) or "[" in row["address"] for row in rows):
        return
    other = tmp_path_factory.mktemp("again")
    shutil.copytree(folder, other, ignore=shutil.ignore_patterns("*.yaml"), dirs_exist_ok=True)
    loaded(other, {"rendered.yaml": text})
    again = json.loads(run("render", str(other), "--json").stdout)
    assert [row["manifest"] for row in again] == [row["manifest"] for row in rows]
