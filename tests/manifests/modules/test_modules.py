"""Uses of modules: their resources, names, inputs and outputs, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from manifest_files import INSTANCE, loaded, manifest, one, project_file, refused
from module_files import HEAD, INTERFACE, NODES, files, use

from novita_infra.manifests.yaml.excerpts import PublicText
from novita_infra.model.addresses import Address
from novita_infra.model.values import Ref, Secret


def test_names_in_a_module_are_local_and_addresses_begin_with_it(tmp_path: Path) -> None:
    project = loaded(tmp_path, files(use(), manifest("VPC", "net", "  cluster: c2\n")))
    assert [str(item.address) for item in project.declared] == [
        "module.train.instance.head",
        "vpc.net",
        "module.train.vpc.net",
    ]
    found = one(project, "module.train.instance.head")
    assert found.spec["vpc"] == Ref(Address("vpc", "net", "", "module.train"))
    assert (found.spec["name"], found.origin.file) == ("train-head", "modules/train/nodes.yaml")
    assert one(project, "vpc.net").spec["cluster"] == "c2"


def test_defaults_of_the_project_are_below_the_resources_of_modules(tmp_path: Path) -> None:
    defaults = "defaults: [{kind: Instance, spec: {rootDiskGb: 90}}]\n"
    project = loaded(tmp_path, files(use()) | {"novita-infra.yaml": project_file(defaults)})
    assert one(project, "module.train.instance.head").spec["rootDiskGb"] == 90


def test_outputs_are_values_of_the_project_and_give_edges(tmp_path: Path) -> None:
    texts = (
        use("a", "forEach: [x, y]\ninputs: {gpus: 2}\n"),
        use("b", "inputs: {peer: '${module.a[\"x\"].ip}', gpus: '${module.a[\"y\"].gpus}'}\n"),
        manifest("Instance", "z", INSTANCE + "  env: {A: '${module.b.gpus}.', B: '${module.b.text}'}\n"),
    )
    outputs = "outputs: {all: '${module.a[*].ip}'}\n"
    project = loaded(tmp_path, files(*texts, novita_infra_yaml="") | {"novita-infra.yaml": project_file(outputs)})
    x = Address("instance", "head", "", 'module.a["x"]')
    b = one(project, "module.b.instance.head")
    assert (b.spec["gpuCount"], b.spec["env"], x in b.needs) == (4, {"PEER": Ref(x, "ip")}, True)
    assert one(project, "instance.z").spec["env"] == {"A": "8.", "B": "training hello"}
    assert project.outputs == {"all": [Ref(x, "ip"), Ref(Address("instance", "head", "", 'module.a["y"]'), "ip")]}


def test_modules_inside_of_modules_and_secrets_pass_through(tmp_path: Path) -> None:
    outer = f"{HEAD}kind: ModuleInterface\ninputs: {{token: {{secret: true}}}}\noutputs: {{ip: '${{module.in.ip}}'}}\n"
    text = use("out", "inputs: {token: {fromEnv: PW}}\n", "./modules/outer")
    inner = use("in", "inputs: {peer: '${var.token}'}\n", "../train")
    more = {"modules/outer/novita-infra-module.yaml": outer, "modules/outer/x.yaml": inner}
    project = loaded(tmp_path, files(text) | more, environ={"PW": "hush"})
    (head, _) = project.declared
    assert str(head.address) == "module.out.module.in.instance.head"
    assert head.spec["name"] == "out-in-head"
    assert isinstance(head.spec["env"]["PEER"], Secret)


@pytest.mark.parametrize(
    ("texts", "messages"),
    [
        ((use(source="modules/train"),), ['the source of a module cannot be "modules/train"; write ./modules/train']),
        ((use(source="../train"),), ["the source of a module is not inside of the project's folder"]),
        ((use(source="./modules/tran"),), ["the folder modules/tran cannot be read: No such file or directory"]),
        ((use(source="./modules"),), ["the folder modules has no novita-infra-module.yaml; write apiVersion"]),
        ((use(rest="inputs: {gpu: 1}\n"),), ['module.train has no input "gpu"; did you mean "gpus"?']),
        ((use(rest="inputs: {gpus: x}\n"),), ['the input "gpus"']),
        ((use(rest="inputs: {gpus: '${var.nope}'}\n"),), ['there is no variable "nope"']),
        ((use(rest="inputs: {gpus: 99}\n"),), ["gpuCount is 99, which is too large (from ${var.gpus})"]),
        ((use(rest="forEach: 5\n"),), ["forEach is a number"]),
        ((use(source="./modules/train\n  sorce: x"),), ['unknown field "sorce"; did you mean "source"?']),
        ((use(), use()), ["module.train is declared twice"]),
        (
            (use(), manifest("VPC", "v", "  cluster: ${module.train.ips}\n")),
            ['module.train has no output "ips"; did you mean "ip"?'],
        ),
        (
            (manifest("VPC", "v", "  cluster: ${module.trian.ip}\n"), use()),
            ['there is no module "trian"; did you mean'],
        ),
        ((manifest("VPC", "v", "  cluster: ${module.train}\n"), use()), ["module.train names no output"]),
        ((manifest("VPC", "v", "  cluster: ${instance.head.ip}\n"), use()), ['there is no instance "head"']),
        ((use(rest="forEach: '${module.train.gpus}'\n"),), ["modules need each other in a circle: module.train"]),
        (
            (use("a", "inputs: {peer: '${module.b.ip}'}\n"), use("b", "inputs: {peer: '${module.a.ip}'}\n")),
            ["modules need each other in a circle: module.a, module.b"],
        ),
    ],
)
def test_a_use_that_cannot_be_is_explained(tmp_path: Path, texts: tuple[str, ...], messages: list[str]) -> None:
    found = refused(tmp_path, files(*texts))
    assert len(found) == len(messages), found
    for message, line in zip(messages, found, strict=True):
        assert message in line


BAD_FILE = "a list or mapping above is not closed"


@pytest.mark.parametrize(
    ("interface", "nodes", "rest", "message"),
    [
        (INTERFACE.replace("default: 1", "description: x"), NODES, "inputs: {gpu: 2}", 'has no input "gpu"; did'),
        (INTERFACE, "a: [\n", "", BAD_FILE),
        ("a: [\n", NODES, "inputs: {gpus: 1}", BAD_FILE),
        ("", NODES, "inputs: {gpus: 1}", "1:1: the file of a module is a mapping; write apiVersion, kind"),
        ("- a\n", NODES, "inputs: {gpus: 1}", "1:1: the file of a module is a mapping; write apiVersion, kind"),
        (
            INTERFACE,
            NODES.replace("spec:", "forEach: ${range(var.gpus)}\nspec:", 1),
            "inputs: {gpus: x}",
            "number, and",
        ),
        (INTERFACE, NODES.replace("var.gpus", "var.gpsu"), "", '"gpsu"; did you mean "gpus"?'),
        (
            INTERFACE.replace("default: 1", "default: 1, validation: [{condition: '${var.gpus < 9}', message: many}]"),
            NODES,
            "inputs: {gpus: 99}",
            'a.yaml:7:18: the input "gpus" is not valid: many; the rule is at modules/train/novita-infra-module',
        ),
    ],
)
def test_one_cause_makes_one_error_however_much_follows_from_it(
    tmp_path: Path, interface: str, nodes: str, rest: str, message: str
) -> None:
    user = manifest("Instance", "z", INSTANCE + "  env: {A: '${module.train.gpus}'}\n")
    more = {"modules/train/novita-infra-module.yaml": interface, "modules/train/nodes.yaml": nodes}
    (found,) = refused(tmp_path, files(use(rest=f"{rest}\n"), user) | more)
    assert message in found


def test_a_module_without_a_value_for_an_input_is_refused_at_its_use(tmp_path: Path) -> None:
    interface = INTERFACE.replace("default: none", "description: x")
    found = refused(tmp_path, files(use()) | {"modules/train/novita-infra-module.yaml": interface})
    assert found == [
        'a.yaml:6:11: the input "peer" of module.train has no value; write peer: ... under inputs: of '
        "module.train, or give it a default"
    ]


def test_a_warning_of_a_module_is_given_once_for_all_uses(tmp_path: Path) -> None:
    auth = manifest("RegistryAuth", "hub", "  username: u\n  password: hunter2hunter2\n")
    project = loaded(tmp_path, files(use(rest="forEach: [a, b]\n"), modules__train__auth_yaml=auth))
    assert [str(item).split(";")[0] for item in project.warnings] == [
        "modules/train/auth.yaml:7:13: a secret stands in clear in the manifest"
    ]


def test_a_module_in_itself_is_refused(tmp_path: Path) -> None:
    more = {"modules/train/again.yaml": use("again", source="../train")}
    (found,) = refused(tmp_path, files(use()) | more)
    assert found.startswith("modules/train/again.yaml:6:11: modules contain each other: modules/train -> modules/train")


def test_a_disabled_module_makes_nothing(tmp_path: Path) -> None:
    text = manifest("VPC", "v", "  cluster: \"${default(module.train.ip, 'c1')}\"\n")
    project = loaded(tmp_path, files(use(rest="enabled: false\n"), text))
    assert [str(item.address) for item in project.declared] == ["vpc.v"]
    assert project.declared[0].spec["cluster"] == "c1"


NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,5}", fullmatch=True)
KEYS = st.one_of(
    st.just(""), st.text(st.characters(exclude_characters='"]', exclude_categories=["Cc", "Cs"]), min_size=1)
)


@given(st.lists(st.tuples(NAMES, KEYS), max_size=3), NAMES, KEYS)
def test_addresses_in_modules_are_read_back(modules: list[tuple[str, str]], name: str, key: str) -> None:
    within: Any = ""
    for module, module_key in modules:
        within = str(Address("module", module, module_key, within))
    address = Address("network_storage", name, key, within)
    assert Address.parse(str(address)) == address
    assert address.base == Address.parse(str(address.base))
    assert within == "" or Address.parse(within).module == (Address.parse(within).base.module)


FORMS = (
    "it is a folder of this project, relative to this file, such as ./modules/train, or in a repository, such as "
    "git::https://github.com/acme/modules.git//train?ref=v1.2.0 or git::file:///srv/modules.git//train"
)
CREDENTIALS = (
    "the source of a module holds no credentials; leave out what stands before the @: git asks its credential "
    "helper, and ssh takes its keys"
)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("/srv/modules/train", f'the source of a module cannot be "/srv/modules/train"; {FORMS}'),
        ("~/modules/train", f'the source of a module cannot be "~/modules/train"; {FORMS}'),
        ("the train", f'the source of a module cannot be "the train"; {FORMS}'),
        (".", f'the source of a module cannot be "."; {FORMS}'),
        (
            "https://host/m.git//a?ref=v1",
            'the source of a module cannot be "https://host/m.git//a?ref=v1"; write git::https://host/m.git//a?ref=v1',
        ),
        (
            "host.org/acme/m",
            'the source of a module cannot be "host.org/acme/m"; write git::https://host.org/acme/m',
        ),
        ("git@host:acme/m.git", "this is no address of a repository; write git::ssh://git@host/acme/m.git"),
        ("https://ada:hunter2hunter2@host/m.git", CREDENTIALS),
        ("https://hunter2hunter2@host/m.git", CREDENTIALS),
    ],
)
def test_a_source_of_another_form_is_shown_with_what_to_write(tmp_path: Path, source: str, message: str) -> None:
    text = use(source=source)
    assert refused(tmp_path, files(text)) == [f"a.yaml:6:11: {message}"]
    shown = PublicText(text).line(5, column=11)
    assert shown is not None
    assert shown[0].strip() == f"source: {re.sub('//.*hunter2@', '//********@', source)}"


def test_an_absolute_path_into_the_project_is_written_relative_to_the_file(tmp_path: Path) -> None:
    more = {"below/b.yaml": use("b", source=str(tmp_path / "modules/train"))}
    first, second = refused(tmp_path, files(use(source=str(tmp_path / "modules/train"))) | more)
    assert first.startswith('a.yaml:6:11: the source of a module cannot be "/')
    assert first.endswith("; write ./modules/train")
    assert second.endswith("; write ../modules/train")


USED = manifest("VPC", "v", "  cluster: ${module.train.ip}\n", head="lifecycle: {dependsOn: [module.train]}\n")
PATCH = "patches: [{target: instance.head, spec: {rootDiskGb: 80}}]\n"


@pytest.mark.parametrize(
    ("source", "rest", "message"),
    [
        ("./modules/gone", "", "modules/gone cannot be read"),
        ("./modules/gone", "forEach: [a]\n", "modules/gone cannot be read"),
        ("/srv/train", "", 'the source of a module cannot be "/srv/train"'),
        ("[]", "", "source wants a text, not a list"),
        ("git::https://host/m.git", "", "novita-infra.lock.yaml does not pin git::https://host/m.git"),
    ],
)
def test_what_follows_from_a_module_that_is_not_found_is_not_reported_beside_it(
    tmp_path: Path, source: str, rest: str, message: str
) -> None:
    for inner in (False, True):
        around = "module.out." if inner else ""
        patch = f"{{target: {around}module.train.instance.head, spec: {{}}}}"
        project = (
            f"environments: {{dev: {{patches: [{patch}]}}}}\n"
            f"outputs: {{a: '${{{around or 'module.train.'}ip}}', b: '${{{around or 'module.train[*].'}ip}}'}}\n"
            f"moved: [{{from: instance.old, to: {around}module.train.instance.head}}]\n"
        )
        use_of_it = {"modules/out/x.yaml": use(source=source, rest=rest + PATCH) + USED}
        outer = f"{HEAD}kind: ModuleInterface\noutputs: {{ip: '${{module.train.ip}}'}}\n"
        found = {
            **(
                files(use("out", source="./modules/out"))
                if inner
                else files(use(source=source, rest=rest + PATCH), USED)
            ),
            **(use_of_it | {"modules/out/novita-infra-module.yaml": outer} if inner else {}),
            "novita-infra.yaml": project_file(project),
        }
        (line,) = refused(tmp_path / str(inner), found, environment="dev")
        assert message in line
