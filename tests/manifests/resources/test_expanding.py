"""`forEach`, `enabled` and `environments`: which resources a document makes, their names, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from manifest_files import INSTANCE, loaded, manifest, one, project_file, refused

from novita_infra.manifests.project.loading import Project
from novita_infra.model.addresses import Address
from novita_infra.model.values import Ref

EARLY = "take what forEach and enabled use from variables: they decide which resources there are"
FORMS = "forEach is a map, a list of texts, or an expression that gives one, such as ${var.regions} or ${range(8)}"


def worker(head: str, *lines: str, name: str = "worker") -> str:
    spec = INSTANCE + "".join(f"  {line}\n" for line in lines)
    return manifest("Instance", name, spec, head=f"{head}\n")


def storage(head: str, name: str = "data") -> str:
    return manifest("NetworkStorage", name, "  cluster: c1\n  sizeGb: 100\n", head=f"{head}\n")


def addresses(project: Project) -> list[str]:
    return [str(item.address) for item in project.declared]


def test_a_map_makes_one_resource_for_each_key_with_its_value(tmp_path: Path) -> None:
    text = worker(
        "forEach: {eu: {gpus: 4}, us: {gpus: 8}}", "gpuCount: ${each.value.gpus}", "env: {AT: 'in ${each.key}'}"
    )
    project = loaded(tmp_path, {"a.yaml": text})
    assert addresses(project) == ['instance.worker["eu"]', 'instance.worker["us"]']
    found = one(project, 'instance.worker["us"]')
    assert (found.spec["gpuCount"], found.spec["env"], found.spec["name"]) == (8, {"AT": "in us"}, "worker-us")
    assert (found.origin.line, found.places["image"].line) == (2, 8)


@pytest.mark.parametrize(
    ("written", "keys"),
    [
        ("[eu, us]", ["eu", "us"]),
        ("[2, 1.5, a]", ["1.5", "2", "a"]),
        ("${range(3)}", ["0", "1", "2"]),
        ("${var.regions}", ["eu", "us"]),
        ("\"${merge(var.sizes, {'c': 1})}\"", ["a", "b", "c"]),
        ('["${var.one}-a", "${environment.name}"]', ["default", "x-a"]),
        ("{}", []),
        ("${var.none}", []),
    ],
)
def test_keys_come_from_lists_maps_and_expressions(tmp_path: Path, written: str, keys: list[str]) -> None:
    variables = "variables:\n  regions: {type: list, default: [eu, us]}\n  sizes: {type: map, default: {a: 1, b: 2}}\n"
    variables += "  none: {type: list, default: []}\n  one: {default: x}\n"
    files = {"a.yaml": worker(f"forEach: {written}"), "novita-infra.yaml": project_file(variables)}
    assert [item.address.key for item in loaded(tmp_path, files).declared] == keys


def test_the_value_of_a_list_is_its_item(tmp_path: Path) -> None:
    text = worker("forEach: ${range(1, 3)}", "gpuCount: ${each.value}", 'env: {RANK: "${each.key}"}')
    found = one(loaded(tmp_path, {"a.yaml": text}), 'instance.worker["2"]')
    assert (found.spec["gpuCount"], found.spec["env"], found.spec["name"]) == (2, {"RANK": "2"}, "worker-2")


def test_other_resources_name_one_key_or_all(tmp_path: Path) -> None:
    spec = INSTANCE + "  networkStorages: [{storage: 'data[\"${each.key}\"]', mountPath: /data}]\n"
    text = manifest("Instance", "worker", spec, head="forEach: [eu, us]\nlifecycle: {dependsOn: [instance.head]}\n")
    head = worker("", "env: {IDS: '${join(\",\", network_storage.data[*].cluster)}'}", name="head")
    last = worker(
        'lifecycle: {dependsOn: [instance.worker], replaceTriggeredBy: ["network_storage.data.sizeGb"]}', name="z"
    )
    outputs = 'outputs: {all: "${network_storage.data[*].id}", one: \'${instance.worker["eu"].ip}\'}\n'
    files = {
        "a.yaml": text + head + last,
        "b.yaml": storage("forEach: [eu, us]"),
        "novita-infra.yaml": project_file(outputs),
    }
    project = loaded(tmp_path, files)
    eu, us = (Address("network_storage", "data", key) for key in ("eu", "us"))
    assert one(project, 'instance.worker["us"]').needs == (Address("instance", "head"), us)
    assert one(project, "instance.head").spec["env"] == {"IDS": "c1,c1"}
    assert one(project, "instance.head").needs == (eu, us)
    workers = tuple(Address("instance", "worker", key) for key in ("eu", "us"))
    assert one(project, "instance.z").needs == (*workers, eu, us)
    assert [trigger.address for trigger in one(project, "instance.z").lifecycle.triggers] == [eu, us]
    assert project.outputs == {"all": [Ref(eu), Ref(us)], "one": Ref(workers[0], "ip")}


def test_values_may_be_known_after_apply_and_secret(tmp_path: Path) -> None:
    head = "forEach: {eu: {ip: '${instance.head.ip}', key: '${env.MY_KEY}'}}"
    text = worker(head, "env: {HEAD: '${each.value.ip}', KEY: '${each.value.key}'}") + worker("", name="head")
    found = one(loaded(tmp_path, {"a.yaml": text}, environ={"MY_KEY": "hush"}), 'instance.worker["eu"]')
    assert found.spec["env"]["HEAD"] == Ref(Address("instance", "head"), "ip")
    assert "hush" not in repr(found)
    assert found.needs == (Address("instance", "head"),)


def test_declared_fields_read_each_of_their_own_resource(tmp_path: Path) -> None:
    text = worker("forEach: {a: 1, b: 2}", "gpuCount: ${each.value}")
    other = worker("", "gpuCount: ${instance.worker['b'].gpuCount * 2}", name="other")
    assert one(loaded(tmp_path, {"a.yaml": text + other}), "instance.other").spec["gpuCount"] == 4


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("5", f"forEach is a number; {FORMS}"),
        ("eu", f"forEach is a text; {FORMS}"),
        ("true", f"forEach is a bare true or false; {FORMS}"),
        ("~", f"forEach is empty; {FORMS}"),
        ("${instance.head.ip}", "forEach is known only after apply: it uses ${instance.head.ip}; " + EARLY),
        ("${env.MY_KEY}", f"forEach is secret, and it would be shown; {FORMS}"),
        ("['${env.MY_KEY}']", "a key of forEach is secret, and it would be shown; a key is a text or a number"),
        (
            "['a-${instance.head.ip}']",
            "a key of forEach is known only after apply: it uses ${instance.head.ip}; a key is a text or a number",
        ),
        ("[[a]]", "a key of forEach is a list; a key is a text or a number"),
        ("[a, a]", 'forEach has the key "a" twice; a key names one resource'),
        ("[1, '1']", 'forEach has the key "1" twice; a key names one resource'),
        ("['']", "a key of forEach is empty; a key is part of the address"),
        (
            "['a]']",
            'the key "a]" of forEach holds ]; an address can hold neither ", nor ], nor control characters',
        ),
        (
            r'["a\tb"]',
            "control character U+0009; an address can hold neither",
        ),
        ("['x', '${instance.head.image}']", f"this is no place for the fields of resources; {EARLY}"),
        ("${var.x}", 'there is no variable "x"'),
        ("{a: '${instance.heat.ip}'}", 'there is no instance "heat"; did you mean "head"?'),
        ("[a b, a-b]", 'the keys "a b" and "a-b" both give the name "worker-a-b"; write a name: into the spec'),
        ("['!']", 'the key "!" gives no name for its object; write a name: into the spec, such as name: ${each.key}'),
    ],
)
def test_keys_that_cannot_be_addresses_are_refused(tmp_path: Path, written: str, message: str) -> None:
    files = {"a.yaml": worker(f"forEach: {written}"), "b.yaml": worker("", name="head")}
    (found,) = refused(tmp_path, files, environ={"MY_KEY": "hush"})
    assert found.startswith("a.yaml:5:")
    assert message in found


def test_a_written_name_may_serve_keys_of_any_characters(tmp_path: Path) -> None:
    text = worker("forEach: ['!', '?']", "name: 'w${each.key}'")
    assert [item.spec["name"] for item in loaded(tmp_path, {"a.yaml": text}).declared] == ["w!", "w?"]


def test_a_default_name_is_no_longer_than_the_api_allows(tmp_path: Path) -> None:
    text = manifest("VPC", "net", "  cluster: c1\n", head=f"forEach: [{'k' * 27}]\n")
    (found,) = refused(tmp_path, {"a.yaml": text})
    assert "which is longer than 30 characters; write a name: into the spec" in found


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            "env: {A: '${instance.worker.ip}'}",
            'instance.worker has forEach, so its address needs a key; write instance.worker["eu"] for one of them, '
            'instance.worker[*] for all; keys: "eu", "us"',
        ),
        ("env: {A: '${instance.worker[\"eux\"].ip}'}", 'instance.worker has no key "eux"; did you mean "eu"?'),
        (
            "env: {A: '${instance.head[\"eu\"].ip}'}",
            "instance.head has no keys: it has no forEach; write instance.head",
        ),
        ("env: {A: '${each.key}'}", "each is used without forEach; only a document with forEach has keys"),
        ("vpc: net", 'vpc.net has forEach, so its address needs a key; write vpc.net["a"] for one of them'),
        ("vpc: 'net[\"b\"]'", 'vpc.net has no key "b"'),
        ("vpc: 'nets[\"a\"]'", "there is no such vpc; name a vpc, or write {id: ...}"),
        ("env: {A: '${instance.none[\"x\"].ip}'}", "instance.none has no keys: its forEach is empty"),
    ],
)
def test_a_reference_without_a_key_or_with_a_wrong_one_is_explained(tmp_path: Path, lines: str, message: str) -> None:
    files = {
        "a.yaml": worker("forEach: [eu, us]") + worker("", lines, name="head") + worker("forEach: []", name="none"),
        "b.yaml": manifest("VPC", "net", "  cluster: c1\n", head="forEach: [a]\n"),
    }
    (found,) = refused(tmp_path, files)
    assert message in found


def test_an_error_of_all_keys_is_reported_once_and_others_with_their_keys(tmp_path: Path) -> None:
    keys = ", ".join(f"k{number}: {number}" for number in range(9))
    text = worker(f"forEach: {{{keys}}}", "gpuCount: ${each.value}", "ports: [x]")
    ports, count = refused(tmp_path, {"a.yaml": text})[::-1]
    assert ports.startswith('a.yaml:10:11: ports[0] cannot be "x"')
    assert "(key" not in ports
    assert 'gpuCount is 0, which is too small (from ${each.value}) (key "k0")' in count


def test_errors_of_many_keys_cost_a_bounded_time_and_name_some(tmp_path: Path) -> None:
    text = worker("forEach: ${range(10000)}", "gpuCount: ${each.value - 9000}", "ports: [x]")
    found = refused(tmp_path, {"a.yaml": text})
    assert len(found) == 2
    assert "(keys" in found[0]


def test_a_broken_foreach_does_not_hide_other_errors_and_is_no_unknown_resource(tmp_path: Path) -> None:
    text = worker("forEach: 5", "gpuCount: x", "env: {A: '${each.key}'}")
    other = worker("", "env: {A: '${instance.worker[\"eu\"].ip}', B: '${instance.worker[*].ip}'}", name="head")
    found = refused(tmp_path, {"a.yaml": text + other})
    assert [line.split(": ", 1)[1].split(";")[0] for line in found] == [
        "forEach is a number",
        'gpuCount wants a whole number, not "x"',
    ]


def test_a_reference_inside_a_foreach_may_name_its_own_other_keys(tmp_path: Path) -> None:
    text = worker("forEach: [a, b]", 'env: {A: \'${each.key == "a" ? "" : instance.worker["a"].ip}\'}')
    assert one(loaded(tmp_path, {"a.yaml": text}), 'instance.worker["b"]').needs == (
        Address("instance", "worker", "a"),
    )


def test_a_patch_names_all_keys_or_one(tmp_path: Path) -> None:
    patches = """environments:
  prod:
    patches:
      - {target: 'instance.worker["b.c"]', spec: {gpuCount: 4, env: {KEY: "${each.key}"}}}
      - {target: instance.worker, spec: {gpuCount: 2}}
      - {target: 'instance.worker["x"]', spec: {gpuCount: 3}}
"""
    files = {"a.yaml": worker("forEach: [a, b.c]"), "novita-infra.yaml": project_file(patches)}
    (found,) = refused(tmp_path, files, environment="prod")
    assert found.startswith("novita-infra.yaml:9:18: ")
    assert 'target "instance.worker["x"]" matches no resource; did you mean "instance.worker["a"]"?' in found
    files["novita-infra.yaml"] = project_file(patches.replace('["x"]', ""))
    project = loaded(tmp_path, files, environment="prod")
    assert [item.spec["gpuCount"] for item in project.declared] == [3, 4]
    assert project.declared[1].spec["env"] == {"KEY": "b.c"}


# --- enabled and environments ---------------------------------------------------------------------------------------

PROJECT = project_file(
    "environments: {dev: {}, prod: {variables: {on: true}}}\nvariables: {on: {type: boolean, default: false}}\n"
)


def test_enabled_and_environments_decide_what_exists(tmp_path: Path) -> None:
    text = worker("enabled: ${var.on}", name="a") + worker("environments: [prod]", name="b") + worker("", name="c")
    text += worker("forEach: [x, y]\nenabled: ${each.key == 'x' || var.on}", name="d")
    text += worker("enabled: true\nenvironments: [dev, default]", name="e")
    files = {"a.yaml": text, "novita-infra.yaml": PROJECT}
    assert addresses(loaded(tmp_path, files, environment="dev")) == ["instance.c", 'instance.d["x"]', "instance.e"]
    assert addresses(loaded(tmp_path, files, environment="prod")) == [
        "instance.a",
        "instance.b",
        "instance.c",
        'instance.d["x"]',
        'instance.d["y"]',
    ]


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("enabled: ${var.x}", 'there is no variable "x"'),
        ("enabled: 'yes'", "enabled is a text; it is true or false, such as ${var.monitoring}"),
        ("enabled: ${1}", "enabled is a number; it is true or false"),
        ("enabled: ~", "enabled is empty; it is true or false"),
        (
            "enabled: '${instance.head.ip == \"\"}'",
            "enabled is known only after apply: it uses ${instance.head.ip}; " + EARLY,
        ),
        ("environments: [prd]", 'there is no environment "prd"; did you mean "prod"?'),
        ("environments: prod", "environments wants a list of names; such as environments: [prod]"),
        ("environments: []", "environments wants a list of names; such as environments: [prod]"),
        ("environments: [5]", "this is no name; known: default, dev, prod"),
    ],
)
def test_existence_that_is_not_known_is_refused(tmp_path: Path, head: str, message: str) -> None:
    files = {"a.yaml": worker(head) + worker("", name="head"), "novita-infra.yaml": PROJECT}
    (found,) = refused(tmp_path, files)
    assert message in found
    assert found.startswith("a.yaml:5:")


@pytest.mark.parametrize("line", ["env: {A: '${instance.worker.ip}'}", "env: {A: '${instance.worker.image}'}"])
@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("enabled: ${var.on}", "instance.worker does not exist here: it is disabled (a.yaml:5:1)"),
        (
            "environments: [prod]",
            "here: its environments leave out default (a.yaml:5:1)",
        ),
    ],
)
def test_a_reference_to_a_disabled_resource_names_the_line(tmp_path: Path, head: str, message: str, line: str) -> None:
    files = {"a.yaml": worker(head) + worker("", line, name="head"), "novita-infra.yaml": PROJECT}
    assert [message in found for found in refused(tmp_path, files)] == [True]


def test_a_disabled_resource_may_be_replaced_by_a_default_and_waited_for(tmp_path: Path) -> None:
    values = "A: '${default(instance.worker.ip, \"none\")}', B: '${join(\"\", instance.worker[*].ip)}-'"
    text = worker("enabled: false") + worker(
        "lifecycle: {dependsOn: [instance.worker]}", f"env: {{{values}}}", name="head"
    )
    found = one(loaded(tmp_path, {"a.yaml": text}), "instance.head")
    assert (found.spec["env"], found.needs) == ({"A": "none", "B": "-"}, ())


def test_a_disabled_resource_is_checked_as_far_as_it_is_written(tmp_path: Path) -> None:
    text = worker("enabled: false", "gpuCount: x", "ports: ${var.only_in_prod}")
    (found,) = refused(tmp_path, {"a.yaml": text})
    assert 'gpuCount wants a whole number, not "x"' in found


# --- properties -------------------------------------------------------------------------------------------------------

KEYS = st.lists(
    st.text(st.characters(exclude_characters='"]', exclude_categories=["Cc", "Cs"]), min_size=1),
    min_size=1,
    unique=True,
)


@given(KEYS, st.randoms(use_true_random=False))
def test_addresses_of_keys_are_read_back_and_their_order_means_nothing(keys: list[str], random: Random) -> None:
    for key in keys:
        assert Address.parse(str(Address("instance", "worker", key))).key == key
    shuffled = [*keys]
    random.shuffle(shuffled)
    with TemporaryDirectory() as folder:
        first, second = (
            worker(f"forEach: {json.dumps(items).replace('${', '$${')}", f"name: w{number}").replace("w1", "w0")
            for number, items in enumerate((keys, shuffled))
        )
        found = [loaded(Path(folder), {"a.yaml": text}).declared for text in (first, second)]
    assert [item.address for item in found[0]] == sorted(Address("instance", "worker", key) for key in keys)
    assert [(item.address, item.spec) for item in found[0]] == [(item.address, item.spec) for item in found[1]]


@given(st.text(min_size=1))
def test_default_names_hold_only_characters_that_every_kind_takes(key: str) -> None:
    name = Address("instance", "worker", key).object_name
    assert name.isascii()
    assert name.replace("-", "").replace("_", "").isalnum()
