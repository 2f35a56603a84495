"""Variables and secrets that are not set: no error offline, and one message with all places where they are needed."""

from __future__ import annotations

from pathlib import Path

import pytest
from manifest_files import manifest, project_file, write

from novita_infra.manifests.project.loading import Project, load
from novita_infra.model.diagnostics import Problems
from novita_infra.model.lifecycle import Ignored

VARIABLES = """\
variables:
  token: {type: string, secret: true}
  size: {type: integer}
  region: {type: string, default: "${env.REGION}"}
  unused: {type: string, default: "${env.NOPE}"}
  password: {type: string, secret: true, default: {fromEnv: NOPE}}
"""
SPEC = """\
  product: {gpu: RTX 4090}
  image: ubuntu:22.04
  rootDiskGb: ${var.size}
  cluster: ${var.region}
  command: run --token ${env.HF_TOKEN}
  env: {A: {fromEnv: HF_TOKEN}, B: plain, C: "${var.token}", D: "x-${env.HF_TOKEN}", E: {fromFile: no.txt}}
"""
CREDENTIAL = manifest("RegistryAuth", "registry", "  username: me\n  password: {fromEnv: HF_TOKEN}\n")
GIVEN = {
    "HF_TOKEN": "hf_secret",
    "REGION": "us-dallas-nas-2",
    "NOVITA_INFRA_VAR_token": "t",
    "NOVITA_INFRA_VAR_size": "70",
}


def loaded(folder: Path, spec: str = SPEC, *, environ: dict[str, str] | None = None, lenient: bool = False) -> Project:
    files = {"a.yaml": manifest("Instance", "a", spec) + CREDENTIAL, "novita-infra.yaml": project_file(VARIABLES)}
    return load(write(folder, files), environ=environ or {}, lenient=lenient)


def warned(project: Project) -> list[str]:
    """The warnings, without those of variables that nothing reads."""
    return [item.summary for item in project.warnings if not item.summary.startswith("no expression reads")]


def test_a_missing_variable_is_reported_once_with_all_its_places(tmp_path: Path) -> None:
    with pytest.raises(Problems) as caught:
        loaded(tmp_path)
    texts = [str(item) for item in caught.value.diagnostics]
    (token,) = [text for text in texts if "HF_TOKEN" in text]
    assert token.startswith("a.yaml:10:30: the environment variable HF_TOKEN is not set; set it: export HF_TOKEN=...;")
    assert token.endswith("used at a.yaml:11:12, a.yaml:11:74, a.yaml:18:13, too")
    assert sum("no.txt" in text for text in texts) == 1
    assert sum("REGION" in text for text in texts) == 1
    assert sum('the variable "token" has no value' in text for text in texts) == 1
    assert sum('the variable "size" has no value' in text for text in texts) == 1
    assert not any("NOPE" in text for text in texts)


def test_what_no_declared_field_uses_need_not_be_set(tmp_path: Path) -> None:
    (tmp_path / "no.txt").write_text("secret-of-a-file")
    assert warned(loaded(tmp_path, environ=GIVEN)) == []
    assert "unused" not in loaded(tmp_path, environ=GIVEN).variables


def test_offline_nothing_need_be_set_and_what_lacks_it_is_not_compared(tmp_path: Path) -> None:
    project = loaded(tmp_path, lenient=True)
    assert all("neither checked nor compared" in summary for summary in warned(project))
    assert len(warned(project)) == 5  # HF_TOKEN, no.txt, REGION, token, size
    declared = {str(item.address): item for item in project.declared}
    machine, credential = declared["instance.a"], declared["registry_auth.registry"]
    paths = {item.path for item in machine.lifecycle.ignored}
    assert paths == {("rootDiskGb",), ("cluster",), ("command",), *(("env", name) for name in "ACDE")}
    assert machine.spec["env"]["B"] == "plain"
    assert {"rootDiskGb", "cluster", "command"}.isdisjoint(machine.spec)
    assert credential.lifecycle.ignored == (Ignored(("password",), lacking=True),)
    whole = loaded(tmp_path, SPEC.replace(", E: {fromFile: no.txt}", ""), environ=GIVEN, lenient=True)
    assert warned(whole) == []
    assert not any(item.lifecycle.ignored for item in whole.declared)


@pytest.mark.parametrize(
    "more",
    [
        "  ports: ['${env.PORT}/http']\n",
        "  gpuCount: ${env.COUNT}\n",
        "  vpc: ${env.VPC}\n",
        "  env: ${var.map}\n",
        "  image: '${default(env.IMAGE, \"ubuntu:24.04\")}'\n",
        "  networkStorages: [{storage: {id: '${env.STORAGE}'}, mountPath: /data}]\n",
    ],
)
def test_any_field_may_lack_its_value_offline(more: str, tmp_path: Path) -> None:
    lines = ("  product: {gpu: RTX 4090}\n", "  image: ubuntu:22.04\n")
    spec = "".join(line for line in lines if line.split(":")[0] != more.split(":", maxsplit=1)[0]) + more
    files = {
        "a.yaml": manifest("Instance", "a", spec),
        "novita-infra.yaml": project_file("variables: {map: {type: map}}\n"),
    }
    project = load(write(tmp_path, files), environ={}, lenient=True)
    assert len(warned(project)) == ("default" not in more)


def test_a_mistake_remains_an_error_offline(tmp_path: Path) -> None:
    with pytest.raises(Problems, match="colour"):
        loaded(tmp_path, SPEC + "  colour: ${env.HF_TOKEN}\n", lenient=True)
    with pytest.raises(Problems, match="no variable"):
        loaded(tmp_path, SPEC + "  vpc: ${var.nothing}\n", lenient=True)


TEMPLATE = """\
  image: ${env.IMAGE}
  rootDiskGb: 60
"""


@pytest.mark.parametrize("own", ["", "  image: ${env.OTHER}\n"])
def test_a_required_field_may_lack_its_value_offline(own: str, tmp_path: Path) -> None:
    machine = '  product: {gpu: "${env.GPU}"}\n  template: base\n  billingMode: monthly\n  months: ${var.months}\n'
    files = {
        "a.yaml": manifest("Template", "base", TEMPLATE),
        "b.yaml": manifest("Instance", "a", machine + own),
        "novita-infra.yaml": project_file("variables: {months: {type: integer}}\n"),
    }
    project = load(write(tmp_path, files), environ={}, lenient=True)
    assert len(project.warnings) == 3 + bool(own)
    with pytest.raises(Problems, match="there is no image"):
        load(
            write(tmp_path, {**files, "a.yaml": "", "b.yaml": manifest("Instance", "a", "  product: {gpu: x}\n")}),
            environ={},
            lenient=True,
        )
