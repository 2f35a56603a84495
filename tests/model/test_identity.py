"""Identity: the owner that a mark names, and its relation to a project and an environment."""

from __future__ import annotations

import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.model.addresses import Address
from novita_infra.model.identity import (
    Claim,
    Identity,
    MarkMoments,
    mark_after,
    moments_of,
    new_project_id,
    owner_of,
    scope_of,
    with_moments,
)

TRAINER = Address("instance", "trainer")
OWN = Identity(project="fleet", environment="prod", id="p1")
NAMES = st.text(string.ascii_letters + string.digits + " _.-/:", min_size=1, max_size=20)
WORDS = st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=12)


@given(project=NAMES, id=WORDS, environment=WORDS, name=WORDS, key=st.text("ab/.: ", max_size=6))
def test_an_owner_mark_is_read_back_as_its_own(project: str, id: str, environment: str, name: str, key: str) -> None:
    identity = Identity(project=project, environment=environment, id=id)
    address = Address("instance", name, key)
    mark = f"{identity.owner(address)}/op-1"
    assert identity.claim(mark) is Claim.OWN
    assert identity.foreign_owner(mark, address) is None
    assert identity.foreign_owner(mark, Address("instance", f"{name}x", key)) is not None


@pytest.mark.parametrize(
    ("mark", "claim"),
    [
        ("", Claim.NONE),
        ("mine", Claim.NONE),
        ("a/b/c", Claim.NONE),
        ("fleet:p1/prod/instance.trainer/op", Claim.OWN),
        ("other:p1/prod/instance.trainer/op", Claim.OWN),  # the project was renamed; its id is the same
        ("fleet:p1/dev/instance.trainer/op", Claim.FOREIGN),
        ("fleet:p2/prod/instance.trainer/op", Claim.FOREIGN),
        ("fleet/prod/instance.trainer/op", Claim.OWN),  # of version 0.1
        ("fleet/dev/instance.trainer/op", Claim.FOREIGN),
        ("other/prod/instance.trainer/op", Claim.FOREIGN),
    ],
)
def test_a_claim_depends_on_the_project_and_the_environment(mark: str, claim: Claim) -> None:
    assert OWN.claim(mark) is claim


def test_a_mark_of_version_0_1_proves_nothing_about_a_folder_of_its_name() -> None:
    folder = Identity(project="fleet", environment="prod", id="p1", named=False)
    assert folder.claim("fleet/prod/instance.trainer/op") is Claim.DOUBTFUL


def test_another_id_under_the_same_name_is_in_doubt_only_before_the_first_apply() -> None:
    mark = "fleet:p2/prod/instance.trainer/op"
    new = Identity(project="fleet", environment="prod", id="p1", settled=False)
    assert new.claim(mark) is Claim.DOUBTFUL
    assert Identity(project="fleet", environment="prod", id="p1", settled=False, named=False).claim(mark) is (
        Claim.FOREIGN
    )


def test_a_former_scope_of_a_renamed_state_is_its_own() -> None:
    renamed = Identity(project="new", environment="prod", id="p9", former=("fleet:p1/prod", "fleet/dev"))
    assert renamed.claim("fleet:p1/prod/instance.trainer/op") is Claim.OWN
    assert renamed.claim("fleet/dev/instance.trainer/op") is Claim.OWN
    assert renamed.claim("fleet/prod/instance.trainer/op") is Claim.FOREIGN


def test_an_accepted_address_or_owner_is_not_foreign() -> None:
    moved = "fleet:p1/prod/instance.worker/op"
    assert str(OWN.foreign_owner(moved, TRAINER)) == "fleet:p1/prod/instance.worker"
    stolen = "other:p2/dev/instance.worker/op"
    accepts_move = replace(OWN, accepted={"instance.trainer": ("instance.worker",)})
    assert accepts_move.foreign_owner(moved, TRAINER) is None
    assert accepts_move.foreign_owner(stolen, TRAINER) is not None
    assert accepts_move.foreign_owner(moved, Address("instance", "other")) is not None
    accepts_owner = replace(OWN, accepted={"instance.trainer": ("other:p2/dev/instance.worker",)})
    assert accepts_owner.foreign_owner(stolen, TRAINER) is None


def test_an_owner_is_named_in_words() -> None:
    owner = owner_of("fleet:p1/prod/instance.trainer/op")
    assert owner is not None
    assert owner.path == "fleet/prod/instance.trainer"
    assert owner.in_words() == "project fleet, environment prod, instance.trainer"
    assert owner.in_words(other_than="fleet") == "project fleet (id p1), environment prod, instance.trainer"
    assert scope_of("my fleet", "", "prod") == "my-fleet/prod"


def test_a_new_project_id_is_text_in_yaml_and_random() -> None:
    ids = {new_project_id() for _ in range(50)}
    assert len(ids) == 50
    assert all(id[0].isalpha() and len(id) == 13 for id in ids)


@pytest.mark.parametrize(
    ("mark", "own", "after"),
    [
        ("", "", ""),
        ("", "fleet:p1/prod/instance.b/new", "fleet:p1/prod/instance.b/new"),
        ("fleet:p1/prod/instance.b/old", "fleet:p1/prod/instance.b/new", "fleet:p1/prod/instance.b/old"),
        ("fleet:p1/prod/instance.a/old", "fleet:p1/prod/instance.b/new", "fleet:p1/prod/instance.b/new"),
        ("fleet/prod/instance.a/old", "fleet:p1/prod/instance.b/new", "fleet:p1/prod/instance.b/new"),
        ("fleet:p2/prod/instance.a/old", "fleet:p1/prod/instance.b/new", "fleet:p2/prod/instance.a/old"),
        ("fleet:p1/dev/instance.a/old", "fleet:p1/prod/instance.b/new", "fleet:p1/dev/instance.a/old"),
        ("other:p1/prod/instance.a/old", "fleet:p1/prod/instance.b/new", "other:p1/prod/instance.a/old"),
        ("no mark", "fleet:p1/prod/instance.b/new", "no mark"),
    ],
)
def test_a_mark_is_corrected_only_after_a_move_in_the_project(mark: str, own: str, after: str) -> None:
    assert mark_after(mark, own) == after


@pytest.mark.parametrize(
    ("mark", "moments"),
    [
        ("fleet:p1/default/instance.a/op", MarkMoments()),
        ("fleet:p1/default/instance.a/op;at=10;until=20", MarkMoments(10, 20)),
        ("fleet:p1/default/instance.a/op;until=20;more=x", MarkMoments(0, 20)),
        ("fleet:p1/default/instance.a/op;until=20;until=30", MarkMoments()),
        ("fleet:p1/default/instance.a/op;until=", MarkMoments()),
        ("fleet:p1/default/instance.a/op;until=-1", MarkMoments()),
        ("fleet:p1/default/instance.a/op;until=1e9", MarkMoments()),
        ("fleet:p1/default/instance.a/op;until=999999999999", MarkMoments()),
        (";until=20", MarkMoments()),
        ("", MarkMoments()),
    ],
)
def test_the_moments_of_a_mark_are_read_and_all_else_counts_as_not_given(mark: str, moments: MarkMoments) -> None:
    assert moments_of(mark) == moments


def test_a_mark_with_moments_names_the_same_owner() -> None:
    mark = "fleet:p1/default/instance.a/op"
    assert with_moments(mark, MarkMoments(10, 20)) == f"{mark};at=10;until=20"
    assert owner_of(with_moments(mark, MarkMoments(10, 20))) == owner_of(mark)
    assert with_moments("", MarkMoments(10, 20)) == ""


def test_a_moved_object_keeps_its_moments() -> None:
    mark = "fleet:p1/default/instance.a/op;at=10;until=20"
    assert mark_after(mark, "fleet:p1/default/instance.b/op2") == "fleet:p1/default/instance.b/op2;at=10;until=20"
