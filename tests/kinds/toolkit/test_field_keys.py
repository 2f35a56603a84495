"""Fields under their keys: the body of a call, and the readers of an answer."""

from __future__ import annotations

from novita_infra.api.json_values import carried, int_of
from novita_infra.kinds.call import Target
from novita_infra.kinds.field import By, Field, Key
from novita_infra.kinds.toolkit.field_keys import READ, body_of, readers, texts
from novita_infra.kinds.toolkit.translation import ports_list, ports_of
from novita_infra.model.resources import Live, Phase
from novita_infra.model.values import Value


def field(name: str, keys: dict[str, Key]) -> Field:
    return Field(name=name, schema={}, doc="", api="", keys=keys, change=By("edit"))


FIELDS = (
    field("image", texts("imageUrl", "create", "edit")),
    field("sizeGb", {"create": Key("size", int_of), READ: Key("storageSize", int_of)}),
    field("ports", {"edit": Key("ports", ports_list), READ: Key("portMappings", ports_of)}),
    field("note", {}),
)


def test_a_body_has_the_fields_with_a_key_for_the_call() -> None:
    target = Target("", {"image": "a:1", "sizeGb": 10, "ports": ["80/http"], "note": "n"})
    assert body_of(FIELDS, "create", target) == {"imageUrl": "a:1", "size": 10}
    assert body_of(FIELDS, "delete", target) == {}


def test_a_body_sends_undeclared_fields_as_they_are_and_else_empty() -> None:
    values: dict[str, Value] = {"image": "live"}
    live = Live("i", "a", Phase.READY, "running", values)
    assert body_of(FIELDS, "edit", Target("i", {}, live)) == {"imageUrl": "live", "ports": []}
    assert body_of(FIELDS, "edit", Target("i", {})) == {"imageUrl": "", "ports": []}


def test_readers_take_the_fields_that_an_answer_carries() -> None:
    item = {"imageUrl": "", "storageSize": "24", "portMappings": [{"port": 80, "type": "http"}], "note": "n"}
    assert carried(item, readers(FIELDS)) == {"image": "", "sizeGb": 24, "ports": ["80/http"]}
    assert carried({"storageSize": "no number"}, readers(FIELDS)) == {}
