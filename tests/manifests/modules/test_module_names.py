"""Local values of modules, modules in `dependsOn`, and where a value in a module comes from."""

from __future__ import annotations

from pathlib import Path

import pytest
from manifest_files import loaded, manifest, one, project_file, refused, write
from module_files import INTERFACE, NODES, files, use

from novita_infra.manifests.project.loading import load
from novita_infra.manifests.project.provenance import Provenance
from novita_infra.model.addresses import Address

LOCALS = INTERFACE.replace(
    "outputs:", "locals: {mode: 'm-${var.peer}', twice: '${local.mode}${local.mode}'}\noutputs:\n  mode: ${local.twice}"
)
USING = NODES.replace("PEER: '${var.peer}'", "PEER: '${local.twice}'")
MODULE = {"modules/train/novita-infra-module.yaml": LOCALS, "modules/train/nodes.yaml": USING}
TWO = "forEach: [a, b]\n"


def depending(*items: str, name: str = "o") -> str:
    return manifest("VPC", name, "  cluster: c\n", head=f"lifecycle: {{dependsOn: [{', '.join(items)}]}}\n")


def test_local_values_of_a_module_are_those_of_each_use(tmp_path: Path) -> None:
    texts = (
        use(rest=f"{TWO}inputs: {{peer: 'x${{each.key}}'}}\n"),
        manifest("VPC", "o", '  cluster: ${module.train["b"].mode}\n'),
    )
    more = {"novita-infra.yaml": project_file("locals: {mode: of-the-project, used: '${local.mode}'}\n")}
    project = loaded(tmp_path, files(*texts) | MODULE | more)
    env = [one(project, f'module.train["{key}"].instance.head').spec["env"] for key in "ab"]
    assert env == [{"PEER": "m-xam-xa"}, {"PEER": "m-xbm-xb"}]
    assert one(project, "vpc.o").spec["cluster"] == "m-xbm-xb"


@pytest.mark.parametrize(
    ("interface", "nodes", "message"),
    [
        (
            LOCALS,
            USING.replace("local.twice", "local.twic"),
            'modules/train/nodes.yaml:9:24: there is no local value "twic"; did you mean "twice"?',
        ),
        (
            INTERFACE,
            USING,
            'modules/train/nodes.yaml:9:24: there is no local value "twice"; declare it under locals: in '
            "modules/train/novita-infra-module.yaml",
        ),
        (
            LOCALS.replace("var.peer", "var.pear"),
            NODES,
            'modules/train/novita-infra-module.yaml:6:25: there is no input "pear"; did you mean "peer"?',
        ),
        (
            LOCALS.replace("var.peer", "local.twice"),
            USING,
            "modules/train/novita-infra-module.yaml:6:36: values need each other in a circle: module.train.local.twice"
            " -> module.train.local.mode -> module.train.local.twice; let one of them have a value of its own",
        ),
    ],
)
def test_a_wrong_local_value_of_a_module_is_one_error(tmp_path: Path, interface: str, nodes: str, message: str) -> None:
    more = {"modules/train/novita-infra-module.yaml": interface, "modules/train/nodes.yaml": nodes}
    assert refused(tmp_path, files(use()) | more) == [message]


def test_depends_on_a_module_means_all_resources_in_it(tmp_path: Path) -> None:
    outer = {
        "modules/outer/novita-infra-module.yaml": "apiVersion: novita-infra/v1\nkind: ModuleInterface\n",
        "modules/outer/x.yaml": use("in", TWO, "../train") + depending("'module.in[\"b\"]'", name="inner"),
    }
    texts = (
        use("out", source="./modules/outer"),
        use("off", rest="enabled: false\n"),
        depending("module.out", "module.off"),
    )
    project = loaded(tmp_path, files(*texts) | outer)
    within = [f'module.out.module.in["{key}"].{name}' for name in ("instance.head", "vpc.net") for key in "ab"]
    assert sorted(map(str, one(project, "vpc.o").needs)) == sorted([*within, "module.out.vpc.inner"])
    assert [str(item) for item in one(project, "module.out.vpc.inner").needs] == [within[1], within[3]]


@pytest.mark.parametrize(
    ("texts", "messages"),
    [
        ((use(rest=TWO), depending("'module.train[\"c\"]'")), ['12:25: module.train has no key "c"; known: a, b']),
        ((use(), depending("module.trian")), ['11:25: there is no module "trian"; did you mean "train"?']),
        ((use(), depending("'module.train[\"c\"]'")), ["11:25: module.train has no keys: it has no forEach; write"]),
        ((use(rest="forEach: 5\n"), depending("module.train")), ["5:10: forEach is a number; forEach is a map"]),
        (
            (use(rest="inputs: {peer: '${vpc.o.id}'}\n"), depending("module.train")),
            ["need each other in a circle: module.train.instance.head -> vpc.o -> module.train.instance.head"],
        ),
    ],
)
def test_a_module_that_nothing_can_depend_on_is_explained(
    tmp_path: Path, texts: tuple[str, ...], messages: list[str]
) -> None:
    found = refused(tmp_path, files(*texts))
    assert len(found) == len(messages), found
    assert all(message in line for message, line in zip(messages, found, strict=True))


def trail(tmp_path: Path, address: str, *path: str) -> list[str]:
    """The steps of a value as lines, in the environment dev."""
    provenance = Provenance()
    load(tmp_path, environment="dev", environ={}, provenance=provenance)
    return [f"{said} ({place})" for said, place in provenance.trail(Address.parse(address), path)]


def test_why_leads_from_a_value_in_a_module_to_the_lines_of_its_callers(tmp_path: Path) -> None:
    outer = (
        "apiVersion: novita-infra/v1\nkind: ModuleInterface\ninputs: {size: {type: integer, default: 2}}\n"
        "locals: {double: '${var.size * 2}'}\n"
    )
    inner = use("in", "inputs: {gpus: '${local.double}'}\n", "../train")
    project = "variables: {gpus: {type: integer, default: 1}}\nenvironments: {dev: {variables: {gpus: 2}}}\n"
    more = {
        "modules/outer/novita-infra-module.yaml": outer,
        "modules/outer/x.yaml": inner,
        "novita-infra.yaml": project_file(project),
    }
    rest = "forEach: {a: 1}\ninputs: {size: '${var.gpus * each.value}'}\n"
    write(tmp_path, files(use("out", rest, "./modules/outer")) | more)
    assert trail(tmp_path, 'module.out["a"].module.in.instance.head', "gpuCount") == [
        "gpuCount: ${var.gpus} (modules/train/nodes.yaml:8:13)",
        'var.gpus is ${local.double}, by module.out["a"].module.in (modules/outer/x.yaml:7:18)',
        "local.double: ${var.size * 2} (modules/outer/novita-infra-module.yaml:4:18)",
        'var.size is ${var.gpus * each.value}, by module.out["a"] (a.yaml:8:18)',
        'var.gpus is 2, by the environment "dev" (novita-infra.yaml:5:40)',
        "in place of 1, its default (novita-infra.yaml:4:44)",
        "each.value is 1, by forEach (a.yaml:5:14)",
        "in place of 2, its default (modules/outer/novita-infra-module.yaml:3:41)",
        "in place of 1, its default (modules/train/novita-infra-module.yaml:4:34)",
    ]


def test_why_names_the_caller_that_patches_and_shows_no_secret(tmp_path: Path) -> None:
    interface = INTERFACE.replace("{type: string, default: none}", "{sensitive: true, default: hunter2}")
    rest = (
        "inputs: {peer: hunter3}\n"
        "patches: [{target: instance.head, spec: {rootDiskGb: '${local.disk}', ports: null}}]\n"
    )
    more = {
        "modules/train/novita-infra-module.yaml": interface,
        "modules/train/nodes.yaml": NODES.replace("  vpc: net\n", "  vpc: net\n  ports: [22/tcp]\n"),
        "novita-infra.yaml": project_file("locals: {disk: 90}\nenvironments: {dev: {}}\n"),
    }
    write(tmp_path, files(use(rest=rest)) | more)
    head = "module.train.instance.head"
    assert trail(tmp_path, head, "rootDiskGb") == [
        "module.train patches rootDiskGb: ${local.disk} (a.yaml:8:56)",
        "local.disk: 90 (novita-infra.yaml:4:16)",
    ]
    assert trail(tmp_path, head, "ports") == [
        "module.train removes ports (a.yaml:8:43)",
        'in place of ["22/tcp"] (modules/train/nodes.yaml:11:10)',
    ]
    assert trail(tmp_path, head, "env", "PEER") == [
        "env.PEER: ${var.peer} (modules/train/nodes.yaml:9:15)",
        "var.peer is (secret), by module.train (a.yaml:7:18)",
        "in place of (secret), its default (modules/train/novita-infra-module.yaml:5:36)",
    ]
