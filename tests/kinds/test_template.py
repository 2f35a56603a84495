"""The kind Template: what is said to the API about it, and what is read."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from trees import trees

from novita_infra.api.request import Request
from novita_infra.kinds.call import Target
from novita_infra.kinds.field import By, Default
from novita_infra.kinds.template import TEMPLATE
from novita_infra.model.resources import Phase

V1 = "/gpu-instance/openapi/v1"

SPEC = {
    "name": "notebook",
    "image": "jupyter/scipy-notebook:2024-05-27",
    "readme": "# Notebook",
    "registryAuth": "auth-1",
    "command": "start.sh",
    "entrypoint": "tini",
    "rootDiskGb": 40,
    "ports": ["8888/http", "22/tcp", "80/http"],
    "env": {"B": "2", "A": "1"},
    "minCudaVersion": "12.4",
}
BODY = {
    "name": "notebook",
    "type": "instance",
    "channel": "private",
    "image": "jupyter/scipy-notebook:2024-05-27",
    "readme": "# Notebook",
    "imageAuth": "auth-1",
    "startCommand": "start.sh",
    "entrypoint": "tini",
    "rootfsSize": 40,
    "ports": [{"type": "http", "ports": [80, 8888]}, {"type": "tcp", "ports": [22]}],
    "envs": [{"key": "A", "value": "1"}, {"key": "B", "value": "2"}],
    "minCudaVersion": "12.4",
}
ANSWER = {
    **BODY,
    "Id": "107672",
    "rootfsSize": "40",
    "user": "u-1",
    "tools": [{"name": "Jupyter", "describe": "", "port": 8888, "type": "http"}],
    "recommendCards": [],
    "createdAt": "1751000000",
}


def test_a_create_is_wrapped_and_not_repeated() -> None:
    sent = TEMPLATE.api.create.request(Target("", SPEC))
    assert sent == Request("POST", f"{V1}/template/create", body={"template": BODY}, repeatable=False)


def test_an_update_sends_everything_with_a_capital_id() -> None:
    live = TEMPLATE.api.read.parse(ANSWER)
    sent = TEMPLATE.call("update").request(Target("107672", {"name": "notebook", "image": "new:1"}, live))
    body = {"template": {**BODY, "Id": "107672", "image": "new:1"}}
    assert sent == Request("POST", f"{V1}/template/update", body=body, repeatable=True)


def test_a_delete_names_the_template() -> None:
    sent = TEMPLATE.api.delete.request(Target("107672", {}))
    assert sent == Request("POST", f"{V1}/template/delete", body={"templateId": "107672"}, repeatable=True)
    assert TEMPLATE.api.delete.final_phases == {Phase.GONE}


def test_a_template_is_read_as_it_was_declared() -> None:
    live = TEMPLATE.api.read.parse(ANSWER)
    assert (live.id, live.name, live.phase) == ("107672", "notebook", Phase.READY)
    assert dict(live.values) == {**SPEC, "ports": ["22/tcp", "80/http", "8888/http"]}
    assert live.outputs["id"] == "107672"


def test_only_own_templates_are_listed() -> None:
    pages = TEMPLATE.api.read.pages
    assert (pages.path, dict(pages.query)) == (f"{V1}/templates", {"channel": "private", "isMyCommunity": "true"})
    assert (pages.items[0], pages.number, pages.size) == ("template", "pageNum", "pageSize")


def test_a_got_template_is_unwrapped() -> None:
    reading = TEMPLATE.api.read
    assert reading.get is not None
    assert reading.unwrap is not None
    assert reading.get("107672") == Request("GET", f"{V1}/template", {"templateId": "107672"}, repeatable=True)
    assert reading.unwrap({"template": ANSWER}) == ANSWER
    assert reading.unwrap({"template": {}}) is None
    assert reading.unwrap(None) is None


def test_the_new_id_stands_in_the_answer() -> None:
    assert [TEMPLATE.api.new_id(answer) for answer in ({"templateId": "7"}, {"templateId": 7}, {}, None, "")] == [
        "7",
        "7",
        "",
        "",
        "",
    ]


def test_a_template_is_known_again_by_its_name() -> None:
    live = TEMPLATE.api.read.parse(ANSWER)
    assert TEMPLATE.api.matches(SPEC, live)
    assert not TEMPLATE.api.matches({**SPEC, "name": "other"}, live)


def test_every_field_is_changed_by_the_update_and_may_be_taken_back() -> None:
    assert {field.change for field in TEMPLATE.fields} == {By("update")}
    assert {field.name for field in TEMPLATE.fields if not isinstance(field.absent, Default)} == {
        "name",
        "image",
        "rootDiskGb",
    }


def test_a_template_has_at_most_ten_ports() -> None:
    assert TEMPLATE.resolution.check is not None
    ports = [f"{number}/http" for number in range(3000, 3011)]
    assert not list(TEMPLATE.resolution.check({**SPEC, "ports": ports[:10]}))
    assert [fault.path for fault in TEMPLATE.resolution.check({**SPEC, "ports": ports})] == [("ports",)]


def test_a_template_that_says_nothing_of_ports_sends_none() -> None:
    sent: Any = TEMPLATE.api.create.request(Target("", {"name": "a", "image": "b", "rootDiskGb": 10})).body
    assert (sent["template"]["ports"], sent["template"]["envs"]) == ([], [])


JSON = trees(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8), st.text(max_size=8))


@given(st.dictionaries(st.sampled_from(sorted(ANSWER)), JSON))
def test_reading_never_raises(item: dict[str, Any]) -> None:
    live = TEMPLATE.api.read.parse(item)
    assert live.phase is Phase.READY
