"""The graph of needs as text."""

from __future__ import annotations

from collections.abc import Callable

from novita_infra.model.addresses import Address
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.plan.review import Review
from novita_infra.views.content.graph import graph_of, needs_of
from novita_infra.views.formats.dot.graph import dot
from novita_infra.views.formats.mermaid.graph import mermaid

WORKER = Address("instance", "worker", "eu")
NET = Address("vpc", "net")


def test_mermaid_points_from_what_needs_to_what_it_needs() -> None:
    assert mermaid(graph_of({WORKER: (NET,), NET: ()})) == (
        'graph LR\n    n0["instance.worker[#quot;eu#quot;]"]\n    n1["vpc.net"]\n    n0 --> n1\n'
    )


def test_dot_escapes_the_quotes_of_a_key() -> None:
    text = dot(graph_of({WORKER: (NET,)}))
    assert r'n0 [label="instance.worker[\"eu\"]"];' in text
    assert "n0 -> n1;" in text


def test_a_hostile_key_ends_neither_its_label_nor_the_block_around_the_graph() -> None:
    key = 'a\n```\n<b>#1 & \\N"];\u202e'
    shown = graph_of({Address("instance", "w", key): ()}, {Address("instance", "w", key): Action.CREATE})
    assert (
        r"""n0["instance.w[#quot;a\n#96;#96;#96;\n#lt;b#gt;#35;1 #38; \N#quot;];\u202e#quot;]<br/>create"]"""
        in mermaid(shown)
    )
    assert r"""[label="instance.w[\"a\\n```\\n<b>#1 & \\N\"];\\u202e\"]\ncreate",""" in dot(shown)
    assert mermaid(shown).count("\n") == 4


def test_actions_are_written_and_coloured() -> None:
    actions = {WORKER: Action.CREATE, NET: Action.NONE}
    assert "<br/>create" in mermaid(graph_of({WORKER: (NET,)}, actions))
    assert "class n0 create" in mermaid(graph_of({WORKER: (NET,)}, actions))
    assert 'fillcolor="#c8e6c9"' in dot(graph_of({WORKER: (NET,)}, actions))


def test_a_plan_knows_what_its_values_refer_to(plan_of: Callable[[str], Review]) -> None:
    needs = needs_of(plan_of("mixed").plan)
    assert needs[WORKER] == {Address("registry_auth", "hub"), Address("network_storage", "data")}
