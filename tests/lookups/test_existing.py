"""Objects that exist already, by name, id and cluster, of each kind that can be looked up."""

from __future__ import annotations

import pytest

from novita_infra.kinds import KINDS
from novita_infra.kinds.field import Secrecy
from novita_infra.lookups.found import Answer, NoAnswer
from novita_infra.lookups.lookup import LookupType, ReadSoFar
from novita_infra.lookups.registry import LOOKUPS
from novita_infra.model.resources import Live, Phase

KIND_OF = {"template": "template", "registryAuth": "registry_auth", "networkStorage": "network_storage", "vpc": "vpc"}
EACH = pytest.mark.parametrize("of", [LOOKUPS[name] for name in KIND_OF], ids=KIND_OF)


def live(id: str, name: str = "data", **values: object) -> Live:
    return Live(id, name, values.pop("phase", Phase.READY), "ready", values, {"id": id})  # type: ignore[arg-type]


def read(of: LookupType, *lives: Live) -> ReadSoFar:
    return ReadSoFar(lists={KIND_OF[of.name]: lives})


@EACH
def test_an_object_is_found_by_its_name_or_its_id(of: LookupType) -> None:
    for criteria in ({"name": "data"}, {"id": "2"}, {"name": "data", "id": "2"}):
        answer = of.answer(criteria, read(of, live("1", "other"), live("2"), live("3", "data", phase=Phase.GONE)))
        assert isinstance(answer, Answer)
        assert (answer.value["id"], answer.value["name"], answer.chosen) == ("2", "data", ("data (2)",))


@EACH
def test_nothing_that_may_be_secret_is_an_attribute(of: LookupType) -> None:
    fields = KINDS[KIND_OF[of.name]].by_name
    assert {fields[name].secrecy for name in of.attributes if name in fields} <= {Secrecy.PUBLIC}
    answer = of.answer({"id": "1"}, read(of, live("1", password="hunter2", env={"A": "hunter2"})))
    assert "hunter2" not in str(answer)


@EACH
def test_an_object_that_is_not_there_is_named_with_the_nearest(of: LookupType) -> None:
    kind = KINDS[KIND_OF[of.name]].name
    assert of.answer({"name": "date"}, read(of, live("1"))) == NoAnswer(
        f'the account has no {kind} with the name "date"', 'did you mean "data"?'
    )
    assert of.answer({"id": "x"}, read(of)) == NoAnswer(
        f'the account has no {kind} with the id "x"', "it has none at all"
    )


@pytest.mark.parametrize("name", ["networkStorage", "vpc"])
def test_objects_of_one_name_differ_by_their_cluster(name: str) -> None:
    of = LOOKUPS[name]
    lives = read(of, live("1", cluster="us-ca-nas-2"), live("2", cluster="eu-de-1"))
    assert of.answer({"name": "data"}, lives) == NoAnswer(
        "several fit: data (1) in us-ca-nas-2; data (2) in eu-de-1",
        "narrow it by id or cluster, or write `choose: all`",
    )
    answer = of.answer({"name": "data", "cluster": "eu-de-1"}, lives)
    assert isinstance(answer, Answer)
    assert answer.value["id"] == "2"
