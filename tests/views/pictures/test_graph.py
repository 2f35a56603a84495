"""The picture of a graph as SVG: what it shows, and that no text breaks it."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from novita_infra.model.addresses import Address
from novita_infra.planning.plan.changes import Action
from novita_infra.views.content.graph import graph_of
from novita_infra.views.pictures.graph import graph_svg
from novita_infra.views.pictures.grouping import picture_of

SVG = "{http://www.w3.org/2000/svg}"
WORKER = Address("instance", "worker", "eu")
NET = Address("vpc", "net")


def _texts(svg: str) -> list[str]:
    return [item.text or "" for item in ET.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314 -- our own text


def test_a_node_shows_its_address_and_its_action_in_words_and_in_a_colour() -> None:
    svg = graph_svg(picture_of(graph_of({WORKER: (NET,)}, {WORKER: Action.CREATE})))
    assert _texts(svg) == ['instance.worker["eu"]', "create", "vpc.net"]
    assert 'class="node create"' in svg
    assert 'fill="#c8e6c9"' in svg
    assert 'aria-label="Graph of 2 resources and 1 arrow"' in svg


def test_a_node_of_several_resources_counts_them_and_shows_the_share_of_each_action() -> None:
    workers = [Address("instance", "worker", key) for key in "abcd"]
    actions = dict.fromkeys(workers[:3], Action.CREATE)
    svg = graph_svg(picture_of(graph_of(dict.fromkeys(workers, ()), actions), most=1))
    assert _texts(svg) == ["instance.worker ×4", "1 unchanged, 3 create"]
    rects = ET.fromstring(svg).iter(f"{SVG}rect")  # noqa: S314
    shares = [float(item.get("width", 0)) for item in rects if "share" in item.get("class", "")]
    assert shares == [55, 165]


def test_a_node_of_a_page_leads_to_its_element() -> None:
    svg = graph_svg(picture_of(graph_of({WORKER: (), NET: ()}, {WORKER: Action.CREATE})), {WORKER: "r7"})
    links = [(item.get("href"), item.get("aria-label")) for item in ET.fromstring(svg).iter(f"{SVG}a")]  # noqa: S314
    assert links == [("#r7", 'instance.worker["eu"]: create')]


def test_a_hostile_or_wide_key_stays_a_text_that_fits_into_its_node() -> None:
    hostile = Address("instance", "w", "</text><script>alert(1)</script>&\u202e'好")
    wide = Address("instance", "w", "好" * 60)
    svg = graph_svg(picture_of(graph_of({hostile: (), wide: ()})), {hostile: "r1", wide: "r2"})
    root = ET.fromstring(svg)  # noqa: S314
    assert {item.tag.removeprefix(SVG) for item in root.iter()} == {"svg", "a", "title", "rect", "text"}
    labels = _texts(svg)
    assert labels[0].endswith("...")
    assert labels[1] == 'instance.w["好好好好好好好...'
    assert [title.text for title in root.iter(f"{SVG}title")] == [str(hostile).replace("\u202e", "\\u202e"), str(wide)]
