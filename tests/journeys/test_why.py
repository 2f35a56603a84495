"""`why`: from what happens to a resource back to the line, the variable, the environment or the event behind it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rig import Rig

from novita_infra.cli import root
from novita_infra.model.addresses import Address
from novita_infra.operations.manifests.provenance import provenance_of
from novita_infra.operations.session import ProjectOptions
from novita_infra.planning.plan.review import Review
from novita_infra.simulator.world.cloud import instances
from novita_infra.views.content.lines import plain
from novita_infra.views.content.why import reasons
from novita_infra.views.formats.json.why import why_json
from novita_infra.views.formats.text.why import why_lines

PROJECT = """\
apiVersion: novita-infra/v1
kind: Project
metadata: {name: rig}
variables:
  gpuCount: {type: integer, default: 1}
  size: {type: integer, default: 10}
  token: {type: string, secret: true, default: hush-one}
environments:
  dev: {}
  prod:
    variables: {gpuCount: 4, size: 20}
    patches:
      - target: instance.trainer
        spec: {command: sleep 2, env: {DEBUG: "1"}}
"""
FLEET = """\
apiVersion: novita-infra/v1
kind: NetworkStorage
metadata: {name: data}
spec: {cluster: us-dallas-nas-2, sizeGb: "${var.size}"}
---
apiVersion: novita-infra/v1
kind: VPC
metadata: {name: net}
spec: {cluster: us-dallas-nas-2}
---
apiVersion: novita-infra/v1
kind: Template
metadata: {name: base}
spec: {image: "ubuntu:22.04", rootDiskGb: 60}
---
apiVersion: novita-infra/v1
kind: Instance
metadata: {name: trainer}
spec:
  product: {gpu: RTX 4090}
  cluster: us-dallas-nas-2
  gpuCount: ${var.gpuCount}
  command: sleep 1
  template: base
  vpc: net
  env: {DEBUG: "0", TOKEN: "${var.token}"}
"""


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """Applied as in dev; to be planned as in prod."""
    found = Rig(tmp_path, environ={})
    found.write("novita-infra.yaml", PROJECT)
    found.write("main.yaml", FLEET)
    found.environment = "dev"
    found.apply()
    return found


def why(rig: Rig, address: str, plan: Review | None = None) -> str:
    where = ProjectOptions(path=rig.folder, environment=rig.environment, variables=rig.variables)
    found = reasons((plan or rig.plan()).plan, Address.parse(address), provenance_of(where, rig.environ).trail)
    assert "hush" not in plain(why_lines(found)) + json.dumps(why_json(found))
    return plain(why_lines(found))


def rewritten(rig: Rig, old: str, new: str) -> None:
    text = (rig.folder / "main.yaml").read_text()
    assert old in text
    (rig.folder / "main.yaml").write_text(text.replace(old, new))


def as_in(rig: Rig, environment: str) -> Review:
    """A plan of the state of dev with the manifests of another environment."""
    state = rig.folder / "state"
    (state / f"{environment}.json").write_bytes((state / "dev.json").read_bytes())
    rig.environment = environment
    return rig.plan()


def test_why_leads_from_a_replacement_to_the_overriding_variable(rig: Rig) -> None:
    message = why(rig, "instance.trainer", as_in(rig, "prod"))
    id = rig.record("instance.trainer").id
    assert message.startswith(f"-/+ instance.trainer ({id}) will be replaced: the old object is deleted first\n")
    assert f"    step: delete:{id}\n    step: create\n" in message
    expected = """\
        <- gpuCount: ${var.gpuCount}   main.yaml:22:13
            <- var.gpuCount is 4, by the environment "prod"   novita-infra.yaml:11:27
                <- in place of 1, its default   novita-infra.yaml:5:38
"""
    assert "    <- gpuCount: 1 -> 4  # forces replacement: " in message
    assert expected in message


def test_why_leads_from_a_patch_to_its_line_and_the_overridden_value(rig: Rig) -> None:
    message = why(rig, "instance.trainer", as_in(rig, "prod"))
    assert (
        """\
        <- the environment "prod" patches command: "sleep 2"   novita-infra.yaml:14:25
            <- in place of "sleep 1"   main.yaml:23:12
"""
        in message
    )
    assert (
        """\
        <- the environment "prod" patches env.DEBUG: "1"   novita-infra.yaml:14:47
            <- in place of "0"   main.yaml:26:16
"""
        in message
    )
    assert '    <- env.DEBUG: "0" -> "1"' in message
    assert "env.TOKEN" not in message


def test_why_leads_from_a_merged_list_to_the_entries_of_patches(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    mounts = "vpc: net\n  networkStorages:\n    - {storage: data, mountPath: /data}"
    rig.write("main.yaml", FLEET.replace("vpc: net", mounts))
    rig.write("novita-infra.yaml", PROJECT)
    rig.environment = "dev"
    rig.apply()
    patch = """\
      - target: instance.trainer
        spec: {networkStorages: [{mountPath: /more, storage: data}, {mountPath: /data, storage: {id: "7"}}]}
  live: {extends: prod}
"""
    rig.write("novita-infra.yaml", PROJECT + patch)
    message = why(rig, "instance.trainer", as_in(rig, "live"))
    assert (
        """\
        <- networkStorages: [{"storage": {"id": "7"}, "mountPath": "/data"}, {"mountP...   main.yaml:27:5
            <- the environment "prod" patches networkStorages[0].storage: {"id": "7"}   novita-infra.yaml:16:97
                <- in place of "data"   main.yaml:27:17
                    <- the environment "prod" patches networkStorages[1]: {"mountPath": "/more", "storage": \
"data"}   novita-infra.yaml:16:34
"""
        in message
    )


def test_a_variable_of_the_command_line_has_no_line(rig: Rig) -> None:
    rig.variables = {"size": "30"}
    message = why(rig, "network_storage.data")
    assert (
        """\
    <- sizeGb: 10 -> 30  # update: renamed or grown in place, data is kept
        <- sizeGb: ${var.size}   main.yaml:4:42
            <- var.size is "30", by --var
                <- in place of 10, its default   novita-infra.yaml:6:34
"""
        in message
    )


def test_why_leads_through_local_values_to_their_variables(rig: Rig) -> None:
    rig.write("novita-infra.yaml", PROJECT + "locals: {twice: '${var.size * 2}', big: '${local.twice}'}\n")
    rewritten(rig, "${var.size}", "${local.big}")
    assert """\
        <- sizeGb: ${local.big}   main.yaml:4:42
            <- local.big: ${local.twice}   novita-infra.yaml:15:41
                <- local.twice: ${var.size * 2}   novita-infra.yaml:15:17
                    <- var.size is 10, by its default   novita-infra.yaml:6:34
""" in why(rig, "network_storage.data")


def test_why_names_only_the_source_of_a_secret(rig: Rig) -> None:
    rig.variables = {"token": "hush-two"}
    message = why(rig, "instance.trainer")
    assert (
        """\
        <- env.TOKEN: ${var.token}   main.yaml:26:28
            <- var.token is (secret), by --var
                <- in place of (secret), its default   novita-infra.yaml:7:48
"""
        in message
    )


def test_what_a_template_gives_leads_to_the_template(rig: Rig) -> None:
    rewritten(rig, "ubuntu:22.04", "ubuntu:24.04")
    message = why(rig, "instance.trainer")
    assert (
        """\
        <- template.base gives it   main.yaml:24:3
            <- image: "ubuntu:24.04"   main.yaml:14:15
"""
        in message
    )


def test_what_only_moves_because_another_does_leads_to_that(rig: Rig) -> None:
    rewritten(
        rig,
        "metadata: {name: net}\nspec: {cluster: us-dallas-nas-2}",
        "metadata: {name: net}\nspec: {cluster: us-ca-nas-2}",
    )
    rewritten(rig, "  cluster: us-dallas-nas-2\n  gpuCount", "  cluster: us-ca-nas-2\n  gpuCount")
    message = why(rig, "instance.trainer")
    assert "<- ${vpc.net.id} is not known yet: vpc.net will be replaced" in message
    assert '                <- cluster: "us-ca-nas-2"   main.yaml:9:17\n' in message


def test_why_reports_drift_as_drift(rig: Rig) -> None:
    live = rig.world.instances.get(rig.record("instance.trainer").id)
    assert live is not None
    live.command = "by hand"
    rig.world.instances.touch(live)
    message = why(rig, "instance.trainer")
    assert '    <- command: "by hand" -> "sleep 1"' in message
    assert 'it was "sleep 1", and is "by hand"' in message


def adopting(rig: Rig, answer: str) -> Rig:
    """The machine's command was changed by hand, and this is to become of it."""
    rewritten(rig, "metadata: {name: trainer}", f"metadata: {{name: trainer}}\nlifecycle:\n  onDrift: {answer}")
    live = rig.world.instances.get(rig.record("instance.trainer").id)
    assert live is not None
    live.command = "by hand"
    rig.world.instances.touch(live)
    return rig


def test_why_leads_from_adopted_drift_to_its_rule(rig: Rig) -> None:
    adopting(rig, "adopt")
    assert """\
    <- edited outside of novita-infra: command: "sleep 1" -> "by hand"
        <- adopted: kept until the manifest changes or onDrift is heal   main.yaml:20:3
""" in why(rig, "instance.trainer")
    rig.apply()
    assert """\
    <- command: "sleep 1" is declared, and "by hand" is wanted
        <- onDrift adopted it (edited)   main.yaml:20:3
        <- command: "sleep 1"   main.yaml:25:12
""" in why(rig, "instance.trainer")
    rewritten(rig, "onDrift: adopt", "onDrift: heal")
    message = why(rig, "instance.trainer")
    assert "    <- onDrift adopts no longer what was changed outside: command\n" in message
    assert '    <- command: "by hand" -> "sleep 1"' in message


def test_why_leads_from_an_alert_to_its_rule(rig: Rig) -> None:
    adopting(rig, "{edited: alert}")
    assert """\
    <- edited outside of novita-infra: command: "sleep 1" -> "by hand"
        <- left as it is: onDrift is alert   main.yaml:20:3
""" in why(rig, "instance.trainer")


def test_why_reports_a_delete_by_hand_once(rig: Rig) -> None:
    id = rig.record("instance.trainer").id
    instances.delete(rig.world, id)
    message = why(rig, "instance.trainer")
    assert message.splitlines()[-1] == "    <- the object is being deleted outside of novita-infra"
    assert message.count("<-") == 1
    rig.clock.run(rig.clock.sleep(600))
    message = why(rig, "instance.trainer")
    assert message.splitlines()[-1] == f"    <- {id} is gone: deleted outside of novita-infra"
    assert message.count("<-") == 1


def test_what_stays_as_it_is_agrees_with_the_manifests_and_gives_its_values_with_their_origins(rig: Rig) -> None:
    assert why(rig, "vpc.net").splitlines()[1:] == [
        "    <- it agrees with the manifests   main.yaml:8:18",
        '    <- cluster: "us-dallas-nas-2"   main.yaml:9:17',
        '    <- name: "net"   main.yaml:8:18',
    ]


def test_what_is_created_gives_its_values_with_their_origins(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.write("novita-infra.yaml", PROJECT)
    rig.write("main.yaml", FLEET)
    rig.environment = "prod"
    assert """\
    <- it is declared, and not in the state   main.yaml:18:18
    <- image: "ubuntu:22.04"
        <- template.base gives it   main.yaml:24:3
            <- image: "ubuntu:22.04"   main.yaml:14:15
""" in (said := why(rig, "instance.trainer"))
    assert said.endswith(
        """\
    <- cluster: "us-dallas-nas-2"   main.yaml:21:12
    <- gpuCount: 4
        <- gpuCount: ${var.gpuCount}   main.yaml:22:13
            <- var.gpuCount is 4, by the environment "prod"   novita-infra.yaml:11:27
                <- in place of 1, its default   novita-infra.yaml:5:38
    <- command: "sleep 2"
        <- the environment "prod" patches command: "sleep 2"   novita-infra.yaml:14:25
            <- in place of "sleep 1"   main.yaml:23:12
    <- template: (known after apply)
        <- template: "base"   main.yaml:24:13
    <- vpc: (known after apply)
        <- vpc: "net"   main.yaml:25:8
    <- env.DEBUG: "1"
        <- the environment "prod" patches env.DEBUG: "1"   novita-infra.yaml:14:47
            <- in place of "0"   main.yaml:26:16
    <- env.TOKEN: (secret)
        <- env.TOKEN: ${var.token}   main.yaml:26:28
            <- var.token is (secret), by its default   novita-infra.yaml:7:48
"""
    )


def test_what_is_new_is_declared_and_what_goes_is_not(rig: Rig) -> None:
    rewritten(rig, "metadata: {name: data}", "metadata: {name: other}")
    assert "<- it is declared, and not in the state   main.yaml:3:18" in why(rig, "network_storage.other")
    message = why(rig, "network_storage.data")
    assert "will be deleted" in message
    assert "<- no longer declared" in message


def test_why_reports_a_field_that_is_no_longer_declared(rig: Rig) -> None:
    rewritten(rig, "  command: sleep 1\n", "")
    assert "        <- it is no longer declared, and returns to its default" in why(rig, "instance.trainer")


def test_a_destroyed_resource_goes_because_of_the_command(rig: Rig) -> None:
    assert "<- everything in the state is deleted: destroy" in why(rig, "vpc.net", rig.plan(destroys=True))


def run(*words: str) -> Result:
    return CliRunner().invoke(root, list(words), prog_name="novita-infra")


def test_the_command_tells_it_as_text_and_as_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NOVITA_API_KEY", "NOVITA_API_URL", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "novita-infra.yaml").write_text(PROJECT)
    (tmp_path / "main.yaml").write_text(FLEET)
    monkeypatch.chdir(tmp_path)
    message = run("why", "vpc.net", "--sim", "--env", "prod")
    assert message.exit_code == 0, message.stderr
    assert message.stdout == (
        "+ vpc.net will be created\n    step: create\n    <- it is declared, and not in the state   main.yaml:8:18\n"
        '    <- name: "net"   main.yaml:8:18\n    <- cluster: "us-dallas-nas-2"   main.yaml:9:17\n'
    )
    tree: dict[str, Any] = json.loads(run("why", "vpc.net", "--sim", "--env", "prod", "--json").stdout)
    assert tree["action"] == "create"
    assert tree["because"][0]["origin"] == {"file": "main.yaml", "line": 8, "column": 18}
    wrong = run("why", "vpc.nte", "--sim", "--env", "prod")
    assert wrong.exit_code == 1
    assert 'did you mean "vpc.net"?' in wrong.stderr


def test_why_leads_to_a_default_of_the_project(rig: Rig) -> None:
    rig.write("novita-infra.yaml", f"{PROJECT}defaults:\n  - {{kind: Instance, spec: {{ports: [80/http]}}}}\n")
    message = why(rig, "instance.trainer")
    assert '<- ports: ["80/http"], a default of the project   novita-infra.yaml:16:36' in message


def test_why_leads_from_power_to_the_schedule_that_decides_it(rig: Rig) -> None:
    rewritten(rig, "  vpc: net\n", "  vpc: net\n  schedule: {running: sun 03:00-03:01 UTC}\n")
    message = why(rig, "instance.trainer")
    assert 'power: "running" -> "stopped"' in message
    assert '            <- schedule: {"running": "sun 03:00-03:01 UTC"}   main.yaml:26:13\n' in f"{message}\n"
