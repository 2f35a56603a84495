"""Lookups: read once before the plan, shared with it, frozen in a plan file, and shown."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from plan_files import apply_saved, save, saved_run
from rig import Rig

from novita_infra.lookups.answers import LookupsWanted
from novita_infra.model.diagnostics import Problems
from novita_infra.operations.opening.lookups import LookupsOfRun
from novita_infra.operations.plans.planning import plan_project
from novita_infra.operations.plans.saved_plans import read_saved_plan
from novita_infra.operations.session import ProjectOptions, Session, project_at, validate_project
from novita_infra.planning.plan.review import Review
from novita_infra.simulator.world.market.catalogue import product_of, set_stock
from novita_infra.simulator.world.market.money import move_price
from novita_infra.views.content.lines import plain
from novita_infra.views.formats.json.plan import plan_json
from novita_infra.views.plan_lines.plan import plan_lines

CARD = {"product": {"gpu": "RTX", "maxPricePerHour": 0.4, "choose": "cheapest"}}


def project(rig: Rig, lookups: dict[str, Any], **more: Any) -> None:
    head = {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "rig"}}
    rig.write("novita-infra.yaml", {**head, "lookups": lookups, **more})


def machine(**spec: Any) -> tuple[str, str, dict[str, Any]]:
    return ("Instance", "a", {"product": {"id": "${lookup.card.id}"}, "image": "ubuntu:22.04", **spec})


def planned(rig: Rig) -> Review:
    """`plan`, with one client for the lookups and the plan."""

    async def work() -> Review:
        where = ProjectOptions(path=rig.folder)
        async with rig.client() as client:
            lookups = LookupsOfRun(partial(rig.account, client), rig.environ)
            loaded = await project_at(where, rig.environ, destroys=False, lookups=lookups.answers)
            store = rig.store()
            session = Session(where, loaded, store, client, rig.clock, "simulator", store.load())
            return await plan_project(session)

    return rig.clock.run(work())


def test_a_lookup_is_made_before_the_plan_and_its_value_is_used(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    project(rig, {"card": CARD})
    rig.declare(machine(env={"CARD": "${lookup.card.name}", "PRICE": "${lookup.card.pricePerHour}"}))
    rig.apply()
    (live,) = rig.world.instances
    assert live.product == "3090.16c92g"
    assert {item["key"]: item["value"] for item in live.envs if item["key"] in {"CARD", "PRICE"}} == {
        "CARD": "RTX 3090 24GB",
        "PRICE": "0.21",
    }
    rig.assert_converged()


def test_no_list_is_read_twice_for_lookups_and_the_plan(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    template = {"image": "ubuntu:22.04", "rootDiskGb": 60}
    project(rig, {})
    rig.declare(("Template", "base", template))
    rig.apply()
    lookups = {
        "card": CARD,
        "big": {"product": {"minGpuMemoryGb": 140}},
        "place": {"cluster": {"name": "us-ca-nas-2"}},
        "old": {"template": {"name": "base"}},
    }
    project(rig, lookups, outputs={name: f"${{lookup.{name}.id}}" for name in lookups})
    rig.declare(("Template", "base", template), machine(cluster="${lookup.place.id}"))
    before = dict(rig.world.calls)
    planned(rig)
    made = {name: count - before.get(name, 0) for name, count in rig.world.calls.items()}
    assert made["products.list"] == 3 + 1  # one for each billing mode, and the stock of one cluster
    assert "products_v2.list" not in made  # the names of the products tell the memory
    assert made["cpu_products.list"] == made["clusters.list"] == 1
    assert made["templates.list"] == 1


def test_a_project_without_lookups_makes_no_call_for_them(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    project(rig, {"card": CARD, "old": {"template": {"name": "base"}}})
    rig.declare(("VPC", "net", {"cluster": "us-ca-nas-2"}))
    planned(rig)
    assert "products.list" not in rig.world.calls, "nothing reads the lookup"


def test_a_saved_plan_holds_its_lookups_and_its_apply_does_not_look_again(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    project(rig, {"chat": {"llmModel": {"id": "deepseek/deepseek-v3-0324"}}, "card": CARD})
    rig.declare(machine(env={"MODEL": "${lookup.chat.id}"}))
    path = save(rig)
    (card, chat) = read_saved_plan(path, ProjectOptions()).review.lookups
    assert (card.name, card.value["id"], chat.value["id"]) == ("card", "3090.16c92g", "deepseek/deepseek-v3-0324")
    move_price(rig.world, product_of("4090.16c62g"), per_cent=1)
    assert rig.plan().lookups[0].value["id"] == "4090.16c62g"
    models = rig.world.calls["models.list"]
    apply_saved(rig, path)
    assert [live.product for live in rig.world.instances] == ["3090.16c92g"]
    assert rig.world.calls["models.list"] == models


def test_a_saved_plan_is_refused_where_a_lookup_asks_something_else_now(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    project(rig, {"card": CARD})
    rig.declare(machine())
    path = save(rig)
    project(rig, {"card": {"product": {"gpu": "L40S"}}})
    with pytest.raises(Problems) as caught:
        saved_run(rig, path)
    assert str(caught.value.diagnostics[0]) == (
        "novita-infra.yaml:4:3: lookup.card: this is not what the plan has looked up; make a new plan"
    )


@pytest.mark.parametrize("part", ["id", "pricePerHour"])
def test_a_plan_file_with_other_lookups_is_refused(part: str, tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    project(rig, {"card": CARD})
    rig.declare(machine(env={"PRICE": "${lookup.card.pricePerHour}"}))
    path = save(rig)
    data = json.loads(path.read_text())
    data["setting"]["lookups"][0]["value"][part] = "H100-80GB.20c240g"
    path.write_text(json.dumps(data, separators=(",", ":")))
    with pytest.raises(Problems, match="was changed after it was made: its seal does not match"):
        apply_saved(rig, path)
    assert not list(rig.world.instances)


def test_a_destroy_looks_up_nothing(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    project(rig, {"card": CARD})
    rig.declare(machine())
    rig.apply()

    async def work() -> int:
        loaded = await project_at(ProjectOptions(path=rig.folder), {}, destroys=True)
        return len(loaded.declared)

    assert rig.clock.run(work()) == 1


def test_a_command_without_the_account_takes_a_lookup_as_unknown(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    project(rig, {"card": CARD, "places": {"cluster": {"region": "US", "choose": "all"}}})
    rig.declare(machine())
    loaded = validate_project(ProjectOptions(path=tmp_path), {}, lenient=True)
    assert [str(item) for item in loaded.warnings] == [
        "main.yaml:8:18: lookup.card is not looked up here: what uses it is neither checked nor compared; "
        "`plan` and `apply` do that"
    ]
    assert all(item.unasked for item in loaded.warnings)
    assert "product" not in loaded.declared[0].spec


def test_for_each_makes_a_resource_for_each_match(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    project(rig, {"places": {"cluster": {"region": "US", "features": ["networkStorage"], "choose": "all"}}})
    storage = {
        "apiVersion": "novita-infra/v1",
        "kind": "NetworkStorage",
        "metadata": {"name": "data"},
        "forEach": "${lookup.places}",
        "spec": {"cluster": "${each.key}", "sizeGb": 10},
    }
    rig.write("main.yaml", storage)
    rig.apply()
    assert sorted(str(address) for address in rig.state().records) == [
        'network_storage.data["us-ca-nas-2"]',
        'network_storage.data["us-dallas-nas-2"]',
    ]
    rig.assert_converged()
    assert len(validate_project(ProjectOptions(path=tmp_path), {}, lenient=True).declared) == 1


def test_a_plan_shows_what_was_looked_up(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    project(rig, {"card": CARD, "places": {"cluster": {"region": "California", "choose": "all"}}})
    rig.declare(machine(env={"N": '${join(",", keys(lookup.places))}'}))
    review = rig.plan()
    assert (
        "  lookup.card  RTX 3090 24GB (3090.16c92g), $0.21/h per GPU, in 9 clusters\n"
        "      fits, too: RTX 4090 24GB (4090.16c62g), $0.35/h per GPU, in 4 clusters; RTX 4090 24GB (4090.16c96g.v2), "
        "$0.39/h per GPU, in 9 clusters\n"
        "  lookup.places  us-ca-6 (US-CA-06 (California))\n"
        "                 us-ca-nas-2 (US-CA-02 (California))\n"
    ) in plain(plan_lines(review))
    card, _ = plan_json(review)["novita"]["lookups"]
    assert (card["name"], card["type"], card["criteria"]) == ("card", "product", CARD["product"])
    assert (card["value"]["id"], card["value"]["pricePerHour"]) == ("3090.16c92g", "0.21")
    assert card["chosen"] == ["RTX 3090 24GB (3090.16c92g), $0.21/h per GPU, in 9 clusters"]
    assert len(card["others"]) == 2


def test_the_stock_of_the_wanted_place_counts(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    set_stock(rig.world, products="3090*", clusters="us-ca-nas-2", places=0)
    project(rig, {"card": {"product": {**CARD["product"], "cluster": "us-ca-nas-2", "inStock": True}}})
    rig.declare(machine(cluster="us-ca-nas-2"))
    assert rig.plan().lookups[0].value["id"] == "4090.16c62g"
    set_stock(rig.world, products="*", clusters="us-ca-nas-2", places=0)
    with pytest.raises(Problems) as caught:
        rig.plan()
    assert "lookup.card: no product is free: RTX 3090 24GB, RTX 4090 24GB" in str(caught.value.diagnostics[0])


# --- other projects -------------------------------------------------------------------------------------------------


def network(folder: Path, world: Rig) -> Rig:
    """Another project with outputs, applied in the same account."""
    rig = Rig(folder, environ={"TOKEN": "hunter2-hunter2"})
    rig.world, rig.clock = world.world, world.clock
    outputs = {"net": "${vpc.net.id}", "token": "${env.TOKEN}", "sizes": {"a": 1, "b": 2}}
    project(rig, {}, outputs=outputs)
    rig.declare(("VPC", "net", {"cluster": "us-ca-nas-2"}))
    rig.apply()
    return rig


def two(tmp_path: Path) -> Rig:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    rig = Rig(tmp_path / "b", environ={})
    network(tmp_path / "a", rig)
    return rig


def test_the_outputs_of_another_project_are_read_from_its_state(tmp_path: Path) -> None:
    rig = two(tmp_path)
    project(rig, {"other": {"outputs": {"path": "../a"}}, "card": CARD}, outputs={"sizes": "${lookup.other.sizes}"})
    rig.declare(machine(vpc={"id": "${lookup.other.net}"}, cluster="us-ca-nas-2"))
    rig.apply()
    (net,) = rig.world.networks
    assert [live.network for live in rig.world.instances] == [net.id]
    assert rig.state().outputs == {"sizes": {"a": 1, "b": 2}}
    rig.forget("instance.a")


def test_a_secret_output_of_another_project_remains_secret(tmp_path: Path) -> None:
    rig = two(tmp_path)
    project(rig, {"other": {"outputs": {"path": "../a"}}}, outputs={"all": "${lookup.other}"})
    rig.declare(("VPC", "own", {"cluster": "us-ca-nas-2"}))
    review = rig.plan()
    assert "token" not in review.lookups[0].value
    assert "hunter2" not in json.dumps(plan_json(review))
    project(rig, {"other": {"outputs": {"path": "../a"}}}, outputs={"token": "${lookup.other.token}"})
    with pytest.raises(Problems) as caught:
        rig.plan()
    assert str(caught.value.diagnostics[0]) == (
        'novita-infra.yaml:10:25: lookup.other gives no "token": it is secret, and a state holds only its digest'
    )


@pytest.mark.parametrize(
    ("criteria", "message"),
    [
        ({"path": "../c"}, "the outputs of ../c cannot be read: ../c: there is no such file or folder"),
        ({"path": "../a", "environment": "prod"}, 'the outputs of ../a cannot be read: there is no environment "prod"'),
        ({"path": "../new"}, "../new has no state for environment default; apply that project first"),
    ],
)
def test_a_project_without_outputs_to_read_is_an_error(criteria: Any, message: str, tmp_path: Path) -> None:
    rig = two(tmp_path)
    (tmp_path / "new").mkdir()
    project(Rig(tmp_path / "new", environ={}), {})
    project(rig, {"other": {"outputs": criteria}}, outputs={"net": "${lookup.other.net}"})
    with pytest.raises(Problems) as caught:
        rig.plan()
    assert message in str(caught.value.diagnostics[0]).replace(str(tmp_path / "b") + "/", "")


def test_no_key_is_needed_where_only_other_projects_are_looked_up(tmp_path: Path) -> None:
    rig = two(tmp_path)
    project(rig, {"other": {"outputs": {"path": "../a"}}}, outputs={"net": "${lookup.other.net}"})

    async def no_account(_: Path) -> Any:
        raise AssertionError

    async def work() -> Any:
        where = ProjectOptions(path=rig.folder)
        return await project_at(where, {}, destroys=False, lookups=LookupsOfRun(no_account, {}).answers)

    assert rig.clock.run(work()).outputs["net"] == next(iter(rig.world.networks)).id


# --- what does not fit ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lookup", "message"),
    [
        (
            {"product": {"gpu": "L40S", "maxPricePerHour": "0.1"}},
            "no product fits: the cheapest costs $0.55/h per GPU (L40S 48GB); ask for less, or allow a higher price",
        ),
        ({"product": {"gpu": "RTX 4080"}}, 'no product "RTX 4080"; did you mean "RTX 4090 24GB"?'),
        (
            {"cluster": {"region": "California"}},
            "several fit: us-ca-6 (US-CA-06 (California)); us-ca-nas-2 (US-CA-02 (California)); narrow it by name, "
            "region, features or gpu, or write `choose: first` or `choose: all`",
        ),
        (
            {"cluster": {"name": "us-ca-6", "features": ["networkStorage"]}},
            "no network storage in us-ca-6 (US-CA-06 (California)); clusters that have it: as-sgp-2 (AS-SGP-02 "
            "(Singapore)), cn-hongkong-1 (CN-HK-01 (Hong Kong)), eu-de-1 (EU-DE-01 (Germany)), us-ca-nas-2 "
            "(US-CA-02 (California)), us-dallas-nas-2 (US-01 (Dallas))",
        ),
        (
            {"vpc": {"name": "nett"}},
            'the account has no VPC with the name "nett"; did you mean "net"?',
        ),
        ({"template": {"name": "base"}}, 'the account has no Template with the name "base"; it has none at all'),
        (
            {"llmModel": {"id": "deepseek/deepseek-v3-0325"}},
            'no language model "deepseek/deepseek-v3-0325"; did you mean "deepseek/deepseek-v3-0324"?',
        ),
    ],
)
def test_a_lookup_without_an_answer_says_what_there_is(lookup: Any, message: str, tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    project(rig, {})
    rig.declare(("VPC", "net", {"cluster": "us-ca-nas-2"}))
    rig.apply()
    project(rig, {"x": lookup}, outputs={"id": "${lookup.x.id}"})
    with pytest.raises(Problems) as caught:
        rig.plan()
    assert not isinstance(caught.value, LookupsWanted)
    assert [str(item) for item in caught.value.diagnostics] == [f"novita-infra.yaml:4:3: lookup.x: {message}"]


def test_several_objects_of_one_name_are_listed_with_their_places(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    project(rig, {})
    rig.declare(*(("NetworkStorage", name, {"name": "data", "cluster": place, "sizeGb": 10}) for name, place in PLACES))
    rig.apply()
    here, there = (rig.record(f"network_storage.{name}").id for name, _ in PLACES)
    project(rig, {"x": {"networkStorage": {"name": "data"}}}, outputs={"id": "${lookup.x.id}"})
    with pytest.raises(Problems) as caught:
        rig.plan()
    first, second = sorted([f"data ({here}) in us-ca-nas-2", f"data ({there}) in eu-de-1"])
    assert str(caught.value.diagnostics[0]) == (
        f"novita-infra.yaml:4:3: lookup.x: several fit: {first}; {second}; narrow it by id or cluster, or write "
        "`choose: all`"
    )
    project(rig, {"x": {"networkStorage": {"name": "data", "cluster": "eu-de-1"}}}, outputs={"id": "${lookup.x.id}"})
    assert rig.plan().lookups[0].value["id"] == there


PLACES = (("a", "us-ca-nas-2"), ("b", "eu-de-1"))
