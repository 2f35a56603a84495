"""The manifests in a plan's JSON: variables, configuration with references, relevant attributes, checks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import tftest
from manifest_files import INSTANCE, loaded, manifest, project_file, write
from plan_shapes import check_shape

from novita_infra.manifests.project.loading import Project, load
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.lifecycle import Condition
from novita_infra.planning.checks.conditions import BROKEN
from novita_infra.planning.plan.changes import Action, Change
from novita_infra.planning.plan.findings import Finding
from novita_infra.planning.plan.plan import Basis, Plan
from novita_infra.planning.plan.review import Remarks, Review
from novita_infra.planning.plan.steps import Step, StepConditions, action_named
from novita_infra.views.formats.json.configuration import configuration_json, configuration_of
from novita_infra.views.formats.json.plan import plan_json

CLEAR = "hunter2-in-clear"
PROJECT = project_file(f"""\
variables:
  region: {{type: string, default: us-ca-nas-2, description: the cluster}}
  tags: {{type: list, default: [a, b]}}
  token: {{type: string, secret: true, default: {CLEAR}}}
  db_password: {{type: string, default: {CLEAR}}}
  from_shell: {{type: string, default: "${{env.API_TOKEN}}"}}
outputs:
  net: ${{vpc.net.id}}
  login: "me:${{var.token}}"
  fixed: [1, {{a: null}}]
""")
CONDITIONS = 'lifecycle: {preconditions: [{value: "${var.region}", is: {type: string}, message: m}]}\n'
FILES = {
    "novita-infra.yaml": PROJECT,
    "main.yaml": manifest("VPC", "net", "  cluster: ${var.region}\n")
    + manifest("NetworkStorage", "data", "  cluster: ${var.region}\n  sizeGb: 20\n", head=CONDITIONS)
    + manifest("RegistryAuth", "hub", "  username: me\n  password: {fromEnv: PASS}\n")
    + manifest(
        "Instance",
        "trainer",
        INSTANCE + "  cluster: ${var.region}\n  registryAuth: hub\n  vpc: net\n"
        "  env: {TOKEN: '${var.token}', OTHER: {fromEnv: PASS}, NET: '${network_storage.data.clusterName}/x'}\n"
        "  networkStorages: [{storage: data, mountPath: /data}]\n",
        head="lifecycle:\n  dependsOn: [template.base]\n"
        "  postconditions: [{value: '${instance.trainer.url}', is: {type: string}, message: m}]\n",
    )
    + manifest("Template", "base", "  image: nginx:1\n  rootDiskGb: 20\n  env: {PLAIN: '1', HF: {fromEnv: PASS}}\n"),
}
ADDRESSES = ("instance.trainer", "network_storage.data", "registry_auth.hub", "template.base", "vpc.net")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return loaded(tmp_path_factory.mktemp("project"), FILES, environ={"PASS": CLEAR, "API_TOKEN": CLEAR})


def plan_of(project: Project, *changed: str, review: Review | None = None) -> dict[str, Any]:
    """The JSON of a plan that creates the `changed` resources and leaves the others alone."""
    changes = tuple(
        Change(Address.parse(name), Action.CREATE if name in changed else Action.NONE, after={"name": "x"})
        for name in ADDRESSES
    )
    review = review or Review(Plan("p", "dev", changes, (), Basis("lineage", 1)))
    data = plan_json(review, configuration=configuration_of(project))
    check_shape(data)
    return data


def test_the_variables_show_no_secret_value(project: Project) -> None:
    data = plan_of(project)
    hidden = {"value": "(secret)"}
    assert data["variables"] == {
        "region": {"value": "us-ca-nas-2"},
        "tags": {"value": ["a", "b"]},
        **dict.fromkeys(("token", "db_password", "from_shell"), hidden),
    }
    assert data["configuration"]["root_module"]["variables"] == {
        "region": {"default": "us-ca-nas-2", "description": "the cluster"},
        "tags": {"default": ["a", "b"]},
        **{name: {"sensitive": True} for name in ("token", "db_password", "from_shell")},
    }
    assert CLEAR not in json.dumps(data)


def test_the_configuration_holds_constants_and_references(project: Project) -> None:
    module = plan_of(project)["configuration"]["root_module"]
    resources = {item["address"]: item for item in module["resources"]}
    assert tuple(resources) == ADDRESSES
    trainer = resources["instance.trainer"]
    assert {name: value for name, value in trainer["expressions"].items() if name != "product"} == {
        "name": {"constant_value": "trainer"},
        "image": {"constant_value": "pytorch/pytorch:2.4.0"},
        "cluster": {"references": ["var.region"]},
        "registryAuth": {"references": ["registry_auth.hub.id", "registry_auth.hub"]},
        "vpc": {"novita_references": ["vpc.net.id", "vpc.net"]},
        "env": {"references": ["network_storage.data.clusterName", "network_storage.data", "var.token"]},
        "networkStorages": {"references": ["network_storage.data.id", "network_storage.data"]},
    }
    assert trainer["depends_on"] == ["template.base", "vpc.net"]
    assert resources["registry_auth.hub"]["expressions"]["password"] == {}
    env = resources["template.base"]["expressions"]["env"]
    assert env == {"constant_value": {"PLAIN": "1", "HF": "(secret)"}}
    assert module["outputs"] == {
        "fixed": {"expression": {"constant_value": [1, {"a": None}]}},
        "login": {"expression": {"references": ["var.token"]}, "sensitive": True},
        "net": {"expression": {"references": ["vpc.net.id", "vpc.net"]}},
    }


def test_the_relevant_attributes_are_those_that_the_changes_refer_to(project: Project) -> None:
    found = plan_of(project, "instance.trainer")["relevant_attributes"]
    assert [(item["resource"], *item["attribute"]) for item in found] == [
        ("network_storage.data", "clusterName"),
        ("network_storage.data", "id"),
        ("registry_auth.hub", "id"),
        ("vpc.net", "id"),
    ]
    assert "relevant_attributes" not in plan_of(project, "vpc.net")


def test_the_checks_say_what_is_known_of_the_conditions(project: Project) -> None:
    def statuses(**parts: Any) -> dict[str, str]:
        names = {"network_storage.data", "instance.trainer"}
        changes = tuple(Change(Address.parse(name), parts.get("action", Action.NONE)) for name in sorted(names))
        plan = Plan("p", "dev", changes, parts.get("steps", ()), Basis("lineage", 1), destroys=parts.get("off", False))
        checks = Remarks(findings=parts.get("findings", ()))
        data = plan_of(project, review=Review(plan, checks=checks))
        return {
            item["address"]["to_display"]: item["status"]
            + "".join(p["message"] for p in item["instances"][0].get("problems", ()))
            for item in data.get("checks", ())
        }

    storage = Address.parse("network_storage.data")
    assert statuses() == {"instance.trainer": "pass", "network_storage.data": "unknown"}
    assert statuses(action=Action.UPDATE) == {"instance.trainer": "pass", "network_storage.data": "pass"}
    later = StepConditions(ensures=(Condition("x", {}, "m"),))
    step = Step("s", storage, action_named("create"), conditions=later)
    assert statuses(action=Action.UPDATE, steps=(step,))["network_storage.data"] == "unknown"
    finding = Finding(Diagnostic(f"{BROKEN}m", address=str(storage)))
    assert statuses(action=Action.UPDATE, findings=(finding,))["network_storage.data"] == "failm"
    assert statuses(off=True) == {}


def test_tftest_reads_the_variables_and_the_configuration(project: Project) -> None:
    read = tftest.TerraformPlanOutput(plan_of(project))
    assert (read.variables["region"], read.terraform_version) == ("us-ca-nas-2", "1.9.0")
    assert read.configuration["root_module"]["variables"]["region"]["description"] == "the cluster"


def test_a_plan_without_manifests_has_no_configuration() -> None:
    data = plan_json(Review(Plan("p", "dev", (), (), Basis("lineage", 1))))
    check_shape(data)
    assert not {"variables", "configuration", "relevant_attributes", "checks", "timestamp"} & set(data)


def test_modules_are_module_calls_with_addresses_of_their_own(tmp_path: Path) -> None:
    head = "apiVersion: novita-infra/v1\n"
    data_spec = "  cluster: ${vpc.net.cluster}\n  sizeGb: ${var.size}\n"
    inner = f"{head}kind: ModuleInterface\ninputs: {{token: {{sensitive: true}}}}\n"
    outer = (
        f"{head}kind: ModuleInterface\n"
        "inputs: {size: {type: integer, default: 20, description: GB}, pass: {sensitive: true}}\n"
        "outputs: {net: '${vpc.net.id}'}\n"
    )
    uses = f"{head}kind: Module\nmetadata: {{name: NAME}}\n"
    files = {
        "novita-infra.yaml": project_file("variables: {size: {type: integer, default: 30}}\n"),
        "main.yaml": uses.replace("NAME", "out")
        + f"forEach: [a, b]\nspec: {{source: ./out, inputs: {{size: '${{var.size}}', pass: {CLEAR}}}}}\n",
        "out/novita-infra-module.yaml": outer,
        "out/nets.yaml": manifest("VPC", "net", "  cluster: us-ca-nas-2\n")
        + manifest("NetworkStorage", "data", data_spec, head="forEach: [x, y]\n"),
        "out/more.yaml": uses.replace("NAME", "in") + "spec: {source: ./in, inputs: {token: '${var.pass}'}}\n",
        "out/in/novita-infra-module.yaml": inner,
        "out/in/auth.yaml": manifest("RegistryAuth", "hub", "  username: me\n  password: ${var.token}\n"),
    }
    found = loaded(tmp_path, files)
    changes = tuple(Change(item.address, Action.CREATE, after={"name": "x"}) for item in found.declared)
    data = plan_json(Review(Plan("p", "dev", changes, (), Basis("lineage", 1))), configuration=configuration_of(found))
    check_shape(data)
    root = data["configuration"]["root_module"]
    assert "resources" not in root
    call = root["module_calls"]["out"]
    assert {name: part for name, part in call.items() if name != "module"} == {
        "source": "./out",
        "expressions": {"size": {"references": ["var.size"]}, "pass": {}},
        "for_each_expression": {"constant_value": ["a", "b"]},
    }
    assert call["module"]["variables"] == {
        "size": {"default": 20, "description": "GB"},
        "pass": {"sensitive": True},
    }
    assert call["module"]["outputs"] == {"net": {"expression": {"references": ["vpc.net.id", "vpc.net"]}}}
    assert [item["address"] for item in call["module"]["resources"]] == ["network_storage.data", "vpc.net"]
    assert call["module"]["resources"][0]["expressions"]["sizeGb"] == {"references": ["var.size"]}
    (auth,) = call["module"]["module_calls"]["in"]["module"]["resources"]
    assert (auth["address"], auth["expressions"]["password"]) == ("registry_auth.hub", {"references": ["var.token"]})
    assert data["relevant_attributes"] == [{"resource": "module.out.vpc.net", "attribute": ["cluster"]}]
    assert CLEAR not in json.dumps(data)


@pytest.mark.parametrize(("each", "reference"), [("${var.sizes}", "var.sizes"), ("${lookup.places}", "lookup.places")])
def test_a_for_each_that_is_an_expression_names_what_it_refers_to(each: str, reference: str, tmp_path: Path) -> None:
    rest = "variables: {sizes: {type: map, default: {a: 1}}}\nlookups: {places: {cluster: {region: US, choose: all}}}\n"
    files = {
        "novita-infra.yaml": project_file(rest),
        "main.yaml": manifest("VPC", "net", "  cluster: us-ca-nas-2\n", head=f"forEach: {each}\n"),
    }
    project = load(write(tmp_path, files), environ={}, lenient=True)
    (resource,) = configuration_json(configuration_of(project))["root_module"]["resources"]
    assert resource["for_each_expression"] == {"references": [reference]}
