"""Lookups in a load: asked once for all that reads them, together, and never where something is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from manifest_files import write

from novita_infra.lookups.answers import LookupAnswers, LookupQuestion, LookupsWanted
from novita_infra.lookups.found import Answer, NoAnswer
from novita_infra.manifests.project.loading import Project, load
from novita_infra.model.diagnostics import Problems

HEAD = "apiVersion: novita-infra/v1\nkind: Project\nmetadata: {name: x}\n"
CARD = Answer({"id": "4090", "name": "RTX 4090", "sizes": {"a": 1, "b": 2}}, ("RTX 4090",))


def project(folder: Path, lookups: str, rest: str, manifests: str = "") -> None:
    write(folder, {"novita-infra.yaml": f"{HEAD}lookups:\n{lookups}{rest}", "main.yaml": manifests or VPC})


VPC = "apiVersion: novita-infra/v1\nkind: VPC\nmetadata: {name: net}\nspec: {cluster: us-ca-nas-2}\n"


def loaded(folder: Path, answers: Mapping[str, Answer | NoAnswer]) -> tuple[Project, list[list[LookupQuestion]]]:
    """The project, and what was asked in each round; the answers are by the type and the criteria."""
    known, rounds = LookupAnswers(), list[list[LookupQuestion]]()
    while True:
        try:
            return load(folder, environ={"GPU": "RTX"}, lookups=known), rounds
        except LookupsWanted as wanted:
            rounds.append([*wanted.questions])
            known.add({item.key: answers[item.type] for item in wanted.questions})


def errors(folder: Path, **answers: Answer | NoAnswer) -> list[str]:
    with pytest.raises(Problems) as caught:
        loaded(folder, answers)
    assert not isinstance(caught.value, LookupsWanted)
    return [str(item) for item in caught.value.diagnostics]


def test_all_lookups_that_something_reads_are_asked_together_and_once(tmp_path: Path) -> None:
    lookups = "  card: {product: {gpu: RTX}}\n  place: {cluster: {region: US}}\n  unread: {vpc: {name: x}}\n"
    project(tmp_path, lookups, "outputs: {a: '${lookup.card.id}', b: '${lookup.card.name} ${lookup.place.id}'}\n")
    found, rounds = loaded(tmp_path, {"product": CARD, "cluster": Answer({"id": "us"}, ("us",))})
    assert [[item.type for item in asked] for asked in rounds] == [["product", "cluster"]]
    assert found.outputs == {"a": "4090", "b": "RTX 4090 us"}
    assert [item.name for item in found.given.lookups] == ["card", "place"]


def test_a_criterion_may_read_another_lookup_and_a_local_value(tmp_path: Path) -> None:
    lookups = (
        "  place: {cluster: {region: US}}\n  card: {product: {gpu: '${local.gpu}', cluster: '${lookup.place.id}'}}\n"
    )
    project(tmp_path, lookups, "locals: {gpu: '${env.GPU}'}\noutputs: {a: '${lookup.card.id}'}\n")
    found, rounds = loaded(tmp_path, {"product": CARD, "cluster": Answer({"id": "us"}, ("us",))})
    assert [[dict(item.criteria) for item in asked] for asked in rounds] == [
        [{"region": "US"}],
        [{"gpu": "RTX", "cluster": "us"}],
    ]
    assert found.outputs == {"a": "4090"}


def test_a_lookup_through_a_local_value_is_asked_without_further_errors(tmp_path: Path) -> None:
    manifests = (
        "apiVersion: novita-infra/v1\nkind: Instance\nmetadata: {name: a}\nspec:\n  product: {id: '${local.card}'}\n"
        "  image: ubuntu:22.04\n  gpuCount: ${local.sizes.b}\n"
        "  networkStorages: [{storage: '${local.card}', mountPath: /d}]\n  cluster: us-ca-nas-2\n"
        "---\napiVersion: novita-infra/v1\nkind: NetworkStorage\nmetadata: {name: '4090x'}\nspec: {sizeGb: 10}\n"
    ).replace("'4090x'", "data")
    project(
        tmp_path,
        "  card: {product: {gpu: RTX}}\n",
        "locals: {card: '${lookup.card.id}', sizes: '${lookup.card.sizes}'}\n",
        manifests,
    )
    with pytest.raises(LookupsWanted):
        load(tmp_path, environ={}, lookups=LookupAnswers())
    (message,) = errors(tmp_path, product=CARD)
    assert message == ("main.yaml:8:31: there is no such network_storage; name a network_storage, or write {id: ...}")


@pytest.mark.parametrize(
    "each", ["${lookup.card.sizes}", "${keys(lookup.card.sizes)}", "${local.sizes}", "{x: '${lookup.card.id}'}"]
)
def test_keys_of_for_each_may_come_from_a_lookup(each: str, tmp_path: Path) -> None:
    manifests = (
        f"apiVersion: novita-infra/v1\nkind: NetworkStorage\nmetadata: {{name: data}}\nforEach: {each}\n"
        "spec: {cluster: us-ca-nas-2, sizeGb: 10}\n"
        "---\napiVersion: novita-infra/v1\nkind: Instance\nmetadata: {name: m}\n"
        f"forEach: {each}\n"
        "spec:\n  product: {gpu: RTX 4090}\n  image: ubuntu:22.04\n  env: {K: '${each.key}', V: '${each.value}'}\n"
        "  networkStorages: [{storage: 'data[\"${each.key}\"]', mountPath: /d}]\n"
    )
    project(tmp_path, "  card: {product: {gpu: RTX}}\n", "locals: {sizes: '${lookup.card.sizes}'}\n", manifests)
    found, rounds = loaded(tmp_path, {"product": CARD})
    assert len(rounds) == 1
    keys = ["x"] if each.startswith("{x") else ["a", "b"]
    assert [item.address.key for item in found.declared if item.address.type == "instance"] == keys
    offline = load(tmp_path, environ={}, lenient=True)
    assert all(item.unasked for item in offline.warnings)


def test_enabled_may_come_from_a_lookup(tmp_path: Path) -> None:
    manifests = VPC.replace("spec:", "enabled: ${lookup.card.id == '4090'}\nspec:")
    project(tmp_path, "  card: {product: {gpu: RTX}}\n", "", manifests)
    assert len(loaded(tmp_path, {"product": CARD})[0].declared) == 1
    other = Answer({"id": "other"}, ("other",))
    assert loaded(tmp_path, {"product": other})[0].declared == ()
    assert [str(item.address) for item in load(tmp_path, environ={}, lenient=True).declared] == ["vpc.net"]


def test_default_takes_no_place_of_what_was_not_looked_up(tmp_path: Path) -> None:
    project(
        tmp_path, "  card: {product: {gpu: RTX}}\n", "outputs: {a: '${default(lookup.card.nothing, lookup.card.id)}'}\n"
    )
    found, rounds = loaded(tmp_path, {"product": CARD})
    assert (found.outputs, len(rounds)) == ({"a": "4090"}, 1)


def test_nothing_is_asked_while_something_is_wrong(tmp_path: Path) -> None:
    project(tmp_path, "  card: {product: {gpu: RTX}}\n", "outputs: {a: '${lookup.card.id}', b: '${var.x}'}\n")
    assert errors(tmp_path) == [
        'novita-infra.yaml:6:45: there is no variable "x"; declare it under variables: in novita-infra.yaml'
    ]


def test_a_lookup_without_an_answer_is_one_error_whatever_reads_it(tmp_path: Path) -> None:
    rest = "outputs: {a: '${lookup.card.id}', b: '${lookup.card.name}', c: '${lookup.cart.id}'}\n"
    project(tmp_path, "  card: {product: {gpu: RTX}}\n", rest)
    assert errors(tmp_path, product=NoAnswer("nothing fits", "ask for less")) == [
        'novita-infra.yaml:6:74: there is no lookup "cart"; did you mean "card"?'
    ]
    project(tmp_path, "  card: {product: {gpu: RTX}}\n", rest.replace("cart", "card"))
    assert errors(tmp_path, product=NoAnswer("nothing fits", "ask for less")) == [
        "novita-infra.yaml:5:3: lookup.card: nothing fits; ask for less"
    ]


def test_a_module_reads_no_lookup_but_takes_its_value(tmp_path: Path) -> None:
    module = (
        "apiVersion: novita-infra/v1\nkind: ModuleInterface\ninputs: {card: {type: string}}\n"
        "outputs: {card: '${var.card}'}\n"
    )
    use = (
        "apiVersion: novita-infra/v1\nkind: Module\nmetadata: {name: m}\n"
        "spec: {source: ./m, inputs: {card: '${lookup.card.id}'}}\n"
    )
    project(tmp_path, "  card: {product: {gpu: RTX}}\n", "outputs: {a: '${module.m.card}'}\n", use)
    write(tmp_path, {"m/novita-infra-module.yaml": module, "m/net.yaml": VPC})
    found, _ = loaded(tmp_path, {"product": CARD})
    assert found.outputs == {"a": "4090"}
    write(tmp_path, {"m/net.yaml": VPC.replace("us-ca-nas-2", "'${lookup.card.id}'")})
    (message,) = errors(tmp_path)
    assert message.startswith('m/net.yaml:4:20: "lookup" is no kind of resource')


def test_a_secret_field_takes_what_was_looked_up(tmp_path: Path) -> None:
    manifests = (
        "apiVersion: novita-infra/v1\nkind: Instance\nmetadata: {name: a}\nspec:\n  product: {gpu: RTX 4090}\n"
        "  image: ubuntu:22.04\n  env: {CARD: '${lookup.card.id}', OTHER: plain}\n"
    )
    project(tmp_path, "  card: {product: {gpu: RTX}}\n", "", manifests)
    found, _ = loaded(tmp_path, {"product": CARD})
    assert found.declared[0].spec["env"] == {"CARD": "4090", "OTHER": "plain"}
    offline: Any = load(tmp_path, environ={}, lenient=True).declared[0]
    assert [item.path for item in offline.lifecycle.ignored] == [("env", "CARD")]


def test_an_import_may_take_the_id_of_a_lookup(tmp_path: Path) -> None:
    rest = "import: [{to: vpc.net, id: '${lookup.net.id}'}]\n"
    project(tmp_path, "  net: {vpc: {name: net}}\n", rest)
    found, _ = loaded(tmp_path, {"vpc": Answer({"id": "n-1"}, ("net",))})
    assert [item.id for item in found.written.refactoring.imports] == ["n-1"]
    assert errors(tmp_path, vpc=NoAnswer("the account has none")) == [
        "novita-infra.yaml:5:3: lookup.net: the account has none"
    ]
    assert [item.unasked for item in load(tmp_path, environ={}, lenient=True).warnings] == [True]
