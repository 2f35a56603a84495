"""Resources that are deleted and created under another name: which are one, and what keeps the object."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from edits import Edit, Fate
from kind_facts import FACTS
from planning_values import KEY, declared, existing

from novita_infra.catalogue.keys import keys_in
from novita_infra.catalogue.models import LanguageModel
from novita_infra.catalogue.products import Catalogue, Cluster, Product
from novita_infra.encoding import digest
from novita_infra.kinds import KINDS
from novita_infra.model.addresses import Address
from novita_infra.model.identity import Identity, in_mark
from novita_infra.model.lifecycle import Lifecycle
from novita_infra.model.records import PendingCall
from novita_infra.model.resources import Declared, Existing, Phase
from novita_infra.model.values import Ref, Secret, Spec
from novita_infra.planning.inputs import AccountSnapshot, Config, PlanInputs, PriorState
from novita_infra.planning.options import PlanOptions
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.plan.renames import Rename
from novita_infra.planning.plan.review import Review
from novita_infra.planning.planner import make_review
from novita_infra.simulator.world.llm.models import MODELS
from novita_infra.simulator.world.market.catalogue import (
    CLUSTERS,
    CPU_PRODUCTS,
    GPU_PRODUCTS,
    SERVERLESS_PRODUCTS,
    ProductEntry,
)


def products(entries: Iterable[ProductEntry]) -> tuple[Product, ...]:
    return tuple(Product(item.id, item.name, available=True, price=item.price) for item in entries)


CATALOGUE = Catalogue(
    clusters=tuple(Cluster(item.id, item.name, network_storage=True, vpc=True) for item in CLUSTERS),
    gpu=products(GPU_PRODUCTS),
    cpu=products(CPU_PRODUCTS),
    serverless=products(SERVERLESS_PRODUCTS),
    keys=tuple(keys_in({"keys": [{"stringId": f"key_{name}", "name": name} for name in ("ci", "batches")]})),
    models=tuple(LanguageModel(item.id, item.name) for item in MODELS),
)
WORKER, NODE = Address("instance", "worker"), Address("instance", "node")
DATA, STORE = Address("network_storage", "data"), Address("network_storage", "store")


def machine(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "product": {"gpu": "RTX 4090"}, "image": "u", **more}


def described(kind: str, spec: Spec) -> Spec:
    """The spec with what the files of a job hold, as a loaded project has it."""
    job = KINDS[kind].api.job
    return job.files.describe(spec, Path())[0] if job and job.files else spec


def recorded(address: Address, spec: Spec, **more: Any) -> Existing:
    """A resource that was applied with the spec."""
    resolve = KINDS[address.type].resolution.resolve
    resolved = resolve(spec, CATALOGUE, None)[0] if resolve else spec
    sent = {name: digest(value, KEY) for name, value in resolved.items()}
    return existing(address, sent, resolved, **more)


def inputs(
    before: Mapping[Address, Existing],
    now: Iterable[Declared],
    *,
    config: Mapping[str, Any] | None = None,
    **options: Any,
) -> PlanInputs:
    return PlanInputs(
        config=Config(identity=Identity(project="p", environment="default"), declared=tuple(now), **(config or {})),
        prior=PriorState(lineage="l", serial=1, key=KEY),
        world=AccountSnapshot(existing=before, catalogue=CATALOGUE),
        kinds=KINDS,
        options=PlanOptions(**options),
    )


def moved(made: PlanInputs, renames: Iterable[Rename]) -> PlanInputs:
    """The inputs of the next plan: what the renames advise was done."""
    world, now = dict(made.world.existing), {item.address: item for item in made.config.declared}
    accepted: dict[str, tuple[str, ...]] = {}
    for item in renames:
        found = world.pop(item.source)
        assert found.record is not None
        world[item.target] = replace(found, record=replace(found.record, address=item.target))
        accepted[str(item.target)] = (in_mark(item.source),)
        spec = {**now[item.target].spec, **({"name": item.name} if item.name else {})}
        now[item.target] = replace(now[item.target], spec=spec)
    identity = replace(made.config.identity, accepted=accepted)
    config = replace(made.config, declared=tuple(now.values()), identity=identity)
    return replace(made, config=config, world=replace(made.world, existing=world))


def pairs(review: Review) -> list[tuple[str, str]]:
    return [(item.source.name, item.target.name) for item in review.renames]


def review_of(before: Existing, now: Declared, **options: Any) -> Review:
    assert before.record is not None
    return make_review(inputs({before.record.address: before}, [now], **options))


# --- every kind ---------------------------------------------------------------------------------------------------


def example(kind: str, name: str) -> dict[str, Any]:
    spec = dict(yaml.safe_load(KINDS[kind].example)["spec"])
    for field in KINDS[kind].fields:
        if field.secret and field.name in spec:
            spec[field.name] = Secret("hunter22", "env:X")
    return {**({"name": name} if "name" in KINDS[kind].by_name else {}), **described(kind, spec)}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_renamed_resource_of_every_kind_is_kept_by_the_advice(kind: str) -> None:
    old, new = Address(kind, "old"), Address(kind, "new")
    made = inputs({old: recorded(old, example(kind, "old"))}, [declared(new, example(kind, "new"))])
    review = make_review(made)
    assert {change.address: change.action for change in review.plan.changes} == {
        old: Action.FORGET if KINDS[kind].api.completes else Action.DELETE,
        new: Action.CREATE,
    }
    (rename,) = review.renames
    assert (rename.source, rename.target, rename.id) == (old, new, "old-1")
    after = make_review(moved(made, review.renames))
    (change,) = after.plan.changes
    renames = [field.name for field in change.fields]
    assert (change.action, renames) in [(Action.NONE, []), (Action.UPDATE, ["name"])]
    assert rename.name == ""
    assert not after.renames


EDITS = [edit for facts in FACTS.values() for edit in facts.edits if edit.fate in {Fate.CHANGED, Fate.REPLACED}]
FILLED_IN = {"template", "schedule"}
MEANT = [edit for edit in EDITS if edit.writes and edit.fields != ("name",) and not FILLED_IN & edit.before.keys()]
"""Without those whose fields come from a template or a schedule, which nothing fills in here."""


@pytest.mark.parametrize("edit", MEANT, ids=lambda edit: edit.id)
def test_a_resource_that_is_renamed_and_edited_at_once_is_another_one(edit: Edit) -> None:
    old, new = Address(edit.kind, "old"), Address(edit.kind, "new")
    name = {"name": "it"} if "name" in KINDS[edit.kind].by_name else {}
    first, then = (described(edit.kind, {**name, **spec}) for spec in (edit.before, edit.after))
    before = {old: recorded(old, first)}
    assert len(make_review(inputs(before, [declared(new, first)])).renames) == 1
    assert make_review(inputs(before, [declared(new, then)])).renames == ()


# --- what is said -------------------------------------------------------------------------------------------------


def test_a_renamed_machine_needs_the_permission_of_a_replacement() -> None:
    before, now = recorded(WORKER, machine("worker")), declared(NODE, machine("node"))
    review = review_of(before, now)
    (finding,) = review.findings
    assert finding.diagnostic.summary == (
        "deleting it loses what is on its container disk (size not known), and instance.node is created with a spec "
        "that is equal but for the name"
    )
    assert finding.diagnostic.hint == (
        "to keep the object, add `- {from: instance.worker, to: instance.node}` to `moved:` in the project file, or "
        "move its record now: `novita-infra state mv instance.worker instance.node`; if the loss is "
        "wanted, run it again with --allow-data-loss instance.worker"
    )
    assert review.notes == ()
    allowed = review_of(before, now, allow_data_loss=("instance.worker",))
    assert allowed.findings == ()
    assert [item.summary for item in allowed.notes] == [
        "it is deleted, and instance.node is created with a spec that is equal but for the name"
    ]


def test_a_protected_target_protects_the_object_that_it_may_be() -> None:
    net, lan = Address("vpc", "net"), Address("vpc", "lan")
    now = declared(lan, {"name": "lan", "cluster": "us-ca-nas-2"}, lifecycle=Lifecycle(protect=True))
    review = review_of(recorded(net, {"name": "net", "cluster": "us-ca-nas-2"}), now)
    assert [item.summary for item in review.problems] == [
        "delete is refused: vpc.lan is created with a spec that is equal but for the name, which is protected"
    ]
    assert review.notes == ()


@pytest.mark.parametrize("options", [(), ("--env", "prod"), ("my fleet",), ("--env", "prod", "--", "-x")])
def test_the_command_names_the_environment_and_the_project(options: tuple[str, ...]) -> None:
    old = replace(WORKER, key="eu 1")
    config = {"project_options": options}
    review = review_of(recorded(old, machine("worker")), declared(NODE, machine("worker")), config=config)
    (rename,) = review.renames
    command = ["novita-infra", "state", "mv", 'instance.worker["eu 1"]', "instance.node"]
    assert shlex.split(rename.command) == [*command, *options]
    assert rename.name == ""


def test_the_keys_of_a_renamed_name_are_moved_by_one_entry() -> None:
    keys = ("a", "b")
    specs = {key: {"name": f"net-{key}", "cluster": "us-ca-nas-2"} for key in (*keys, "c")}
    old, new = Address("vpc", "old"), Address("vpc", "new")
    before = {}
    for key, spec in specs.items():  # each with an id of its own
        item = recorded(old.with_key(key), spec)
        assert item.record is not None
        before[old.with_key(key)] = replace(item, record=replace(item.record, id=key))
    now = [declared(new.with_key(key), specs[key]) for key in keys]
    renames = make_review(inputs(before, now)).renames
    assert [item.entry for item in renames] == ["- {from: vpc.old, to: vpc.new}"] * 2
    kept = [*now, declared(old.with_key("c"), specs["c"])]
    assert [item.entry for item in make_review(inputs(before, kept)).renames] == [
        f"- {{from: 'vpc.old[\"{key}\"]', to: 'vpc.new[\"{key}\"]'}}" for key in keys
    ]


@pytest.mark.parametrize("name", ["on", "7", "a b", "ok-1"])
def test_the_name_to_declare_is_yaml(name: str) -> None:
    (rename,) = review_of(recorded(WORKER, machine(name)), declared(NODE, machine("node"))).renames
    line = rename.advice.split("`")[1]
    assert yaml.safe_load(line) == {"name": name}


def test_a_name_that_no_address_gave_is_declared_to_keep_a_machine() -> None:
    for before, now in (("mine", "node"), ("worker", "other")):
        made = inputs({WORKER: recorded(WORKER, machine(before))}, [declared(NODE, machine(now))])
        (rename,) = make_review(made).renames
        assert rename.advice == (
            f"to keep the object, which cannot be renamed, declare `name: {before}` in the spec of instance.node, "
            "and add `- {from: instance.worker, to: instance.node}` to `moved:` in the project file, or move its "
            "record now: `novita-infra state mv instance.worker instance.node`"
        )
        (change,) = make_review(moved(made, [rename])).plan.changes
        assert change.action is Action.NONE


def test_a_moved_machine_keeps_its_name_until_another_is_declared_or_it_is_replaced() -> None:
    made = inputs({WORKER: recorded(WORKER, machine("worker"))}, [declared(NODE, machine("node"))])
    after = moved(made, make_review(made).renames)
    (change,) = make_review(after).plan.changes
    assert (change.action, change.after["name"]) == (Action.NONE, "worker")
    named = replace(after, config=replace(after.config, declared=(declared(NODE, machine("other")),)))
    assert make_review(named).plan.changes[0].action is Action.REPLACE
    bigger = replace(after, config=replace(after.config, declared=(declared(NODE, machine("node", gpuCount=2)),)))
    (change,) = make_review(bigger).plan.changes
    assert (change.action, change.after["name"]) == (Action.REPLACE, "node")


# --- which are one ------------------------------------------------------------------------------------------------


def test_several_are_paired_by_their_names_and_numbers() -> None:
    olds = [Address("instance", f"worker-{number}") for number in (1, 2, 3, 10)]
    news = [Address("instance", f"node-{number}") for number in (10, 3, 1)]
    made = inputs(
        {old: recorded(old, machine(old.name)) for old in olds}, [declared(new, machine(new.name)) for new in news]
    )
    assert pairs(make_review(made)) == [("worker-1", "node-1"), ("worker-10", "node-10"), ("worker-3", "node-3")]


def test_each_is_paired_with_the_one_that_it_agrees_with() -> None:
    olds = {"a": {"RANK": "0"}, "b": {"RANK": "1"}, "c": {"TOKEN": Secret("one", "env:A")}, "d": {}}
    news = {"d2": {"TOKEN": Secret("one", "env:B")}, "a2": {"RANK": "1"}, "b2": {"RANK": "0"}, "c2": {"RANK": "2"}}
    made = inputs(
        {
            Address("instance", name): recorded(Address("instance", name), machine(name, env=olds[name]))
            for name in olds
        },
        [declared(Address("instance", name), machine(name, env=news[name])) for name in news],
    )
    assert pairs(make_review(made)) == [("a", "b2"), ("b", "a2"), ("c", "d2")]


def test_many_that_agree_in_nothing_are_told_apart_in_little_time() -> None:
    made = inputs(
        {
            (old := Address("vpc", f"a{number}")): recorded(old, {"name": old.name, "cluster": "gone"})
            for number in range(60)
        },
        [declared(Address("vpc", f"b{number}"), {"name": "b", "cluster": "us-ca-nas-2"}) for number in range(60)],
    )
    assert make_review(made).renames == ()


def test_what_refers_to_a_renamed_resource_is_renamed_with_it() -> None:
    def mounting(name: str, storage: Any) -> dict[str, Any]:
        return machine(name, networkStorages=[{"storage": storage, "mountPath": "/s"}], cluster="us-ca-nas-2")

    storage = {"sizeGb": 10, "cluster": "us-ca-nas-2"}
    other, second, third = (Address("instance", name) for name in ("other", "worker-2", "node-2"))
    made = inputs(
        {
            DATA: recorded(DATA, {"name": "data", **storage}),
            WORKER: recorded(WORKER, mounting("worker", "data-1")),
            second: recorded(second, mounting("worker-2", "data-1")),
            other: recorded(other, mounting("other", "data-1")),
        },
        [
            declared(STORE, {"name": "store", **storage}),
            declared(NODE, mounting("node", Ref(STORE)), needs=(STORE,)),
            declared(third, mounting("node-2", Ref(STORE)), needs=(STORE,)),
            declared(other, mounting("other", Ref(STORE)), needs=(STORE,)),
        ],
        allow_large_change=True,
    )
    review = make_review(made)
    assert pairs(review) == [("worker", "node"), ("worker-2", "node-2"), ("data", "store")]
    after = make_review(moved(made, review.renames)).plan
    actions = {change.address.name: change.action for change in after.changes}
    assert actions == {"node": Action.NONE, "node-2": Action.NONE, "other": Action.NONE, "store": Action.UPDATE}


def test_a_chosen_cluster_is_that_of_the_object() -> None:
    net, lan = Address("vpc", "net"), Address("vpc", "lan")
    now = declared(lan, {"name": "lan", "cluster": "elsewhere"})
    before = existing(net, {"name": "net", "cluster": "us-ca-nas-2"})
    assert pairs(review_of(before, now)) == []
    assert pairs(review_of(before, now, config={"placed": frozenset({lan})})) == [("net", "lan")]


def test_drift_that_is_put_back_under_either_name_does_not_matter() -> None:
    spec = recorded(WORKER, machine("worker", power="running")).live
    assert spec is not None
    stopped = existing(WORKER, spec.values, {**spec.values, "power": "stopped"}, phase=Phase.STOPPED)
    assert pairs(review_of(stopped, declared(NODE, machine("node", power="running")))) == [("worker", "node")]


def test_a_monthly_machine_whose_deletion_is_refused_is_paired() -> None:
    spec = {"billingMode": "monthly", "months": 1}
    review = review_of(recorded(WORKER, machine("worker", **spec)), declared(NODE, machine("node", **spec)))
    assert pairs(review) == [("worker", "node")]
    assert "to keep the object" in review.notes[0].hint


PENDING = PendingCall("op", "delete", 1.0)
NEVER: dict[str, Existing] = {
    "another image": recorded(WORKER, machine("worker", image="v")),
    "one field more": recorded(WORKER, machine("worker", env={"A": "1"})),
    "one field less": recorded(WORKER, {**machine("worker"), "ports": ["80/http"], "rootDiskGb": 80}),
    "another secret": recorded(WORKER, machine("worker", env={"A": Secret("x", "env:A")})),
    "gone": recorded(WORKER, machine("worker"), gone=True),
    "failed": recorded(WORKER, machine("worker"), phase=Phase.FAILED),
    "being deleted": recorded(WORKER, machine("worker"), phase=Phase.LEAVING),
    "deleted by an earlier run": recorded(WORKER, machine("worker"), pending=PENDING),
    "to be replaced": recorded(WORKER, machine("worker"), recreate_reason="--replace"),
    "without an id": Existing(replace(recorded(WORKER, machine("worker")).record, id="")),  # type: ignore[type-var]
}


@pytest.mark.parametrize("before", NEVER.values(), ids=NEVER.keys())
def test_what_could_not_be_kept_is_not_paired(before: Existing) -> None:
    review = review_of(before, declared(NODE, machine("node")))
    assert review.renames == ()
    assert not [item for item in (*review.notes, *review.problems) if "state mv" in str(item)]


def test_other_plans_pair_nothing() -> None:
    before, now = recorded(WORKER, machine("worker")), declared(NODE, machine("node"))
    assert review_of(before, now, destroys=True).renames == ()
    assert review_of(before, now, replaces=("instance.node",)).renames == ()
    assert review_of(before, now, targets=("instance.node",)).renames == ()
    foreign = replace(before, live=replace(before.live, mark="other/default/instance.worker/op"))  # type: ignore[type-var]
    assert review_of(foreign, now).renames == ()
    template = Address("template", "worker")
    assert review_of(recorded(template, {"name": "worker", "image": "u"}), now).renames == ()
    twice = {WORKER: before, replace(WORKER, name="twin"): before}
    assert make_review(inputs(twice, [now])).renames == ()
    lost = Existing(replace(recorded(NODE, machine("node")).record, id="node-1"))  # type: ignore[type-var]
    assert make_review(inputs({WORKER: before, NODE: lost}, [now])).renames == ()
