"""The nodes of a picture: one for each resource, or for many that are alike."""

from __future__ import annotations

import itertools

from novita_infra.model.addresses import Address
from novita_infra.planning.plan.changes import Action
from novita_infra.views.content.graph import graph_of
from novita_infra.views.pictures.grouping import DrawnNode, Picture, picture_of

NET = Address("vpc", "net")


def _labels(picture: Picture) -> dict[str, int]:
    return {node.label: len(node.members) for node in picture.nodes}


def _arrows(picture: Picture) -> set[tuple[str, str]]:
    return {(picture.nodes[source].label, picture.nodes[target].label) for source, target in picture.arrows}


def test_a_small_graph_has_a_node_for_each_resource() -> None:
    workers = [Address("instance", "worker", key) for key in "ab"]
    picture = picture_of(graph_of(dict.fromkeys(workers, (NET,))), most=3)
    assert _labels(picture) == {'instance.worker["a"]': 1, 'instance.worker["b"]': 1, "vpc.net": 1}
    assert picture.arrows == ((0, 2), (1, 2))


def test_the_keys_of_a_for_each_become_one_node_with_their_actions() -> None:
    workers = [Address("instance", "worker", f"k{number}") for number in range(1000)]
    actions = dict.fromkeys(workers[:980], Action.CREATE)
    picture = picture_of(graph_of(dict.fromkeys(workers, (NET,)), actions))
    assert _labels(picture) == {"instance.worker": 1000, "vpc.net": 1}
    assert _arrows(picture) == {("instance.worker", "vpc.net")}
    node = picture.nodes[0]
    assert node.actions == {Action.NONE: 20, Action.CREATE: 980}
    assert node.names.endswith('instance.worker["k104"] and 992 more')


def test_the_keys_of_a_module_become_one_node_too() -> None:
    made = [Address("instance", "web", "", f'module.site["{number}"]') for number in range(5)]
    assert _labels(picture_of(graph_of(dict.fromkeys(made, ())), most=3)) == {"module.site.instance.web": 5}


def test_resources_that_need_the_same_become_one_node_of_their_type() -> None:
    needs = {Address("instance", f"w{number}"): [NET] for number in range(50)}
    needs |= {Address("instance", f"x{number}"): [] for number in range(50)}
    picture = picture_of(graph_of(needs), most=10)
    assert sorted((node.label, len(node.members)) for node in picture.nodes) == [
        ("instance", 50),
        ("instance", 50),
        ("vpc.net", 1),
    ]


def test_where_all_differ_each_type_is_one_node_and_no_arrow_leads_to_itself() -> None:
    chain = [Address("instance", f"w{number}") for number in range(100)]
    needs = {one: [other] for one, other in itertools.pairwise(chain)}
    assert picture_of(graph_of(needs), most=10) == Picture(
        (DrawnNode("instance", tuple(sorted(chain)), {Action.NONE: 100}),), ()
    )
