"""Changes of several keys that are alike are shown once, and nothing that differs is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from novita_infra.model.addresses import Address
from novita_infra.planning.plan.changes import Action, Change
from novita_infra.views.content.alike import ChangeLines, shown_once
from novita_infra.views.content.lines import line, plain


def shown(*items: tuple[str, Action, str, tuple[str, ...]], cost: str = "") -> str:
    """Each item: key, action, id, lines."""
    costs = (line(("      cost: ", None), cost),) if cost else ()
    return plain(
        shown_once(
            ChangeLines(
                Change(Address("instance", "worker", key), action, id=id),
                tuple(line(("      ", None), text) for text in lines),
                costs,
            )
            for key, action, id, lines in items
        )
    )


def test_changes_that_differ_in_key_and_name_are_shown_once() -> None:
    items = [(key, Action.CREATE, "", (f'name: "worker-{key}"', f"rank: {key}, zone: z2", "gpus: 8")) for key in "12"]
    assert shown(*items, cost="+$1/h") == (
        '  + instance.worker["1"], ["2"] will be created\n'
        '      name: "worker-${each.key}"\n      rank: ${each.key}, zone: z2\n      gpus: 8\n      cost: +$1/h each\n\n'
    )


def test_ids_stand_beside_their_keys_and_other_actions_apart() -> None:
    items = [("a", Action.UPDATE, "1f", ("x",)), ("b", Action.DELETE, "2f", ()), ("c", Action.UPDATE, "3f", ("x",))]
    assert shown(*items) == (
        '  ~ instance.worker["a"] (1f), ["c"] (3f) will be updated in place\n      x\n\n'
        '  - instance.worker["b"] (2f) will be deleted\n\n'
    )


def test_a_part_of_a_word_is_no_key() -> None:
    items = [(key, Action.CREATE, "", (f"image: trainer:{key}0", f"count: {key}x")) for key in ("1", "2")]
    text = shown(*items)
    assert "${each.key}" not in text
    assert text.count("will be created") == 2


def test_a_resource_without_a_key_is_shown_as_ever() -> None:
    items = [("", Action.CREATE, "", ("x",)), ("a", Action.CREATE, "", ("x",))]
    assert shown(*items).count("will be created") == 2


def test_many_keys_are_counted_and_many_forms_cost_a_bounded_time() -> None:
    alike = [(str(number), Action.CREATE, "", (f"rank: {number}",)) for number in range(5000)]
    assert '["39"] and 4,960 more will be created\n      rank: ${each.key}\n' in shown(*alike)
    different = [(str(number), Action.CREATE, "", (f"size: {number * 7 + 1}",)) for number in range(3000)]
    assert shown(*different).count("will be created") > 2000


WORDS = st.sampled_from(["a", "b", "a-b", "1", "12", "x y", '"', "worker-a", "worker-1", " ", ": "])
BLOCKS = st.dictionaries(st.sampled_from(["a", "b", "1", "12", "x y"]), st.lists(WORDS, max_size=5), min_size=1)


@given(BLOCKS)
def test_every_change_can_be_read_back_from_the_text(blocks: dict[str, list[str]]) -> None:
    """Each shown block, with its keys put in for the word, gives the lines of exactly these keys."""
    text = shown(*((key, Action.CREATE, "", ("".join(words),)) for key, words in sorted(blocks.items())))
    found = {}
    for block in text.removesuffix("\n\n").split("\n\n"):
        head, body = block.split("\n")
        for key in (part.split('"]')[0] for part in head.split('["')[1:]):
            slug = Address("instance", "worker", key).object_name.removeprefix("worker-")
            found[key] = {body.replace("${each.key}", word) for word in (key, slug)}
    assert found.keys() == blocks.keys()
    for key, words in blocks.items():
        if key != "x y":
            assert str(line(("      ", None), "".join(words))) in found[key]
