"""The JSON form of plans on disk: a file of version 0.1 is read, and what is written has the same fields."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest

from novita_infra.encoding import Malformed, as_digest, reading_again
from novita_infra.model.addresses import Address
from novita_infra.model.values import Digest, Ref
from novita_infra.planning.plan.changes import Along
from novita_infra.planning.plan.plan import Basis
from novita_infra.planning.plan.review import Review
from novita_infra.planning.saved.plan_file import digest_of, read_plan, write_plan
from novita_infra.planning.saved.stored_form import from_stored

OLD: Final = Path(__file__).parent / "files" / "version-0.1.niplan"
TRAINER, NET = Address("instance", "trainer"), Address("vpc", "net")


def old_review() -> Review:
    """The review in the file, its secret read again as version 0.1 did: with the key in the file."""
    data = json.loads(OLD.read_bytes())
    secrets = reading_again({"env:HF_TOKEN": "hush-one"}.__getitem__, data["key"], problems=[])
    return from_stored(data["plan"], secrets=secrets)[0]


def test_a_plan_file_of_version_0_1_is_read() -> None:
    saved, review = read_plan(OLD), old_review()
    plan = review.plan
    assert saved.declared == {"instance.trainer": "0a", "vpc.net": "0b"}
    assert plan.basis == Basis("lineage", 7)
    assert plan.outputs.after["url"] == plan.outputs.declared["url"] == Ref(TRAINER, "url")
    assert plan.outputs.before == {"same": 1, "old": Digest("0c")}
    assert plan.outputs.changed == ("old", "url")
    assert plan.selection.along == (Along(NET, "instance.trainer needs it"),)
    assert [str(item.address) for item in plan.selection.left_out] == ['instance.worker["eu"]']
    assert (plan.selection.partial, plan.selection.data_loss, plan.selection.large_change) == (
        True,
        ("instance.*",),
        True,
    )
    assert [record.id for record in plan.record_updates] == ["v-1"]
    assert [item.summary for item in review.checks.notes] == ["careful"]
    assert [item.policy.name for item in review.verdicts] == ["p"]
    assert review.cost is not None
    assert digest_of(review) == saved.digest == json.loads(OLD.read_bytes())["digest"]


def test_a_plan_is_written_with_the_field_names_of_version_0_1(tmp_path: Path) -> None:
    saved = read_plan(OLD)
    path = tmp_path / "again.niplan"
    write_plan(old_review(), path, key="0b" * 32, setting=saved.setting, declared=saved.declared)
    old, new = (json.loads(file.read_bytes())["plan"] for file in (OLD, path))
    old["basis"].pop("config")
    new["basis"].pop("config")
    assert new == old


@pytest.mark.parametrize(
    "data", [None, [], {"project": "p"}, {"basis": 1}, {"basis": {"declared": 1}}, {"selection": {}}, {"problems": 1}]
)
def test_other_json_is_malformed(data: object) -> None:
    with pytest.raises(Malformed):
        from_stored(data, secrets=as_digest)
