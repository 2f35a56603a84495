"""Plan files: written, shown without secrets, read again to be applied, refused when they are not what they were."""

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trees import trees

from novita_infra.catalogue.prices import Cost
from novita_infra.encoding import Resolver, digest
from novita_infra.lookups.answers import LookupAnswers, LookupQuestion
from novita_infra.lookups.found import FoundLookup
from novita_infra.model.addresses import Address, Origin
from novita_infra.model.computing.compute import resolve
from novita_infra.model.diagnostics import EXIT_ERROR, EXIT_REFUSED, Diagnostic, Problems, Severity, problem
from novita_infra.model.lifecycle import Cause, OnDrift
from novita_infra.model.records import Record
from novita_infra.model.resources import Loss
from novita_infra.model.rules import Budget, Judge, OnUnknown, Policy
from novita_infra.model.values import Digest, Ref, Secret, Value, joined_text, leaves
from novita_infra.planning.options import PlanOptions
from novita_infra.planning.plan.changes import Action, Along, Change, Drift, FieldChange, Means
from novita_infra.planning.plan.configuration import Configuration, WrittenResource, WrittenValue, WrittenVariable
from novita_infra.planning.plan.costs import Money, Row
from novita_infra.planning.plan.findings import Finding
from novita_infra.planning.plan.plan import Basis, OutputChanges, Plan, Selection
from novita_infra.planning.plan.renames import Rename
from novita_infra.planning.plan.review import Remarks, Review
from novita_infra.planning.plan.steps import RecordData, Step, StepKind, StepLimits, action_named
from novita_infra.planning.plan.verdicts import Judgement, Verdict, VerdictReason
from novita_infra.planning.saved.plan_file import (
    SavedPlan,
    Setting,
    check_seal,
    decoded,
    digest_of,
    is_plan_file,
    read_content,
    read_plan,
    write_plan,
)

KEY = "0b" * 32
TRAINER, NET = Address("instance", "trainer"), Address("vpc", "net")
SETTING = Setting(
    root="/home/ann/fleet",
    environment="prod",
    state="state/prod.json",
    created=1_763_800_000.5,
    variables={"gpuCount": 4, "tags": ["$a", {"$ref": "b"}]},
    options={"scope": "main.yaml"},
    asked=PlanOptions(targets=(str(TRAINER), "vpc.*")),
    configuration=Configuration(
        variables={"region": WrittenVariable("us", "eu", "where"), "token": WrittenVariable("(secret)", secret=True)},
        resources=(WrittenResource(TRAINER, {"vpc": WrittenValue(("vpc.net.id", "vpc.net"))}, depends_on=(NET,)),),
        outputs={"n": WrittenValue(constant=[1, None])},
    ),
)
KNOWN = {"env:HF_TOKEN": "hush-one", "file:secrets/pass": "hush-two"}
TOKEN, PASSWORD = (Secret(value, source) for source, value in KNOWN.items())
LOGIN = resolve(joined_text(("ann:", PASSWORD, "@", TOKEN)), lambda ref: ref)
AUTHORITY = joined_text(("Bearer ", TOKEN, "/", Ref(NET)))

LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.sampled_from([TOKEN, PASSWORD, LOGIN, AUTHORITY]),
    st.builds(Ref, st.sampled_from([TRAINER, NET])), st.builds(Digest, st.just("0a")),
)  # fmt: skip
VALUES = trees(LEAVES, st.sampled_from(["a", "$b"]))
SPECS = st.dictionaries(st.sampled_from(["image", "env", "$odd"]), VALUES, max_size=2)
TEXTS = st.text(max_size=5)
ADDRESSES = st.sampled_from([TRAINER, NET, Address("instance", "worker", "eu")])
FIELDS = st.builds(
    FieldChange, name=TEXTS, before=VALUES, after=VALUES, means=TEXTS.map(Means.of), replaces=st.booleans()
)
CHANGES = st.builds(
    Change, address=ADDRESSES, action=st.sampled_from(Action), id=TEXTS, fields=st.lists(FIELDS, max_size=2).map(tuple),
    why=TEXTS, loses=st.lists(st.builds(Loss, TEXTS, st.none() | st.integers(0)), max_size=2).map(tuple),
    before=SPECS, after=SPECS, create_first=st.booleans(),
)  # fmt: skip
STEPS = st.builds(
    Step, key=TEXTS, address=ADDRESSES, action=st.sampled_from(StepKind) | TEXTS.map(action_named), id=TEXTS,
    spec=SPECS, after=st.lists(TEXTS, max_size=2).map(tuple), fields=st.lists(TEXTS, max_size=2).map(tuple), says=TEXTS,
    record=st.builds(
        RecordData, needs=st.lists(ADDRESSES, max_size=2).map(tuple), source=TEXTS, protect=st.booleans()
    ),
    limits=st.builds(StepLimits, timeout=st.floats(0, 1e6)),
)  # fmt: skip
PROBLEMS = st.builds(
    Diagnostic, summary=TEXTS, hint=TEXTS, address=TEXTS,
    origin=st.one_of(st.none(), st.builds(Origin, TEXTS, st.just(1), st.just(2))), severity=st.sampled_from(Severity),
)  # fmt: skip
BASES = st.builds(Basis, TEXTS, st.integers(0))
DIGESTS = st.dictionaries(st.sampled_from(["instance.a", "vpc.b"]), TEXTS)
AMOUNTS = st.none() | st.integers(0)
COSTS = st.lists(st.builds(Cost, TEXTS, AMOUNTS, least=AMOUNTS, hours=st.integers(0)), max_size=2).map(tuple)
MONEY = st.builds(
    Money, st.lists(st.builds(Row, ADDRESSES, COSTS, COSTS, COSTS, TEXTS), max_size=2).map(tuple), st.integers(0),
    st.builds(Budget, per_hour=AMOUNTS, unknown=st.sampled_from(OnUnknown)),
)  # fmt: skip
DRIFT = st.builds(
    Drift, ADDRESSES, st.sampled_from(Cause), st.sampled_from(OnDrift), TEXTS, says=TEXTS, by=TEXTS,
    fields=st.lists(FIELDS, max_size=2).map(tuple), gone=st.booleans(), before=SPECS, after=SPECS,
)  # fmt: skip
OUTPUTS = st.builds(
    OutputChanges, after=SPECS, declared=SPECS,
    before=st.dictionaries(TEXTS, st.one_of(TEXTS, st.just(Digest("0a"))), max_size=2),
    changed=st.lists(TEXTS, max_size=2).map(tuple),
)  # fmt: skip
ALONG = st.lists(st.builds(Along, ADDRESSES, TEXTS), max_size=2).map(tuple)
SELECTIONS = st.builds(
    Selection, partial=st.booleans(), along=ALONG, left_out=ALONG, data_loss=st.lists(TEXTS, max_size=2).map(tuple),
    large_change=st.booleans(),
)  # fmt: skip
PLANS = st.builds(
    Plan, project=TEXTS, environment=TEXTS, changes=st.lists(CHANGES, max_size=2).map(tuple),
    steps=st.lists(STEPS, max_size=2).map(tuple), basis=BASES, destroys=st.booleans(), outputs=OUTPUTS,
    selection=SELECTIONS, refresh_only=st.booleans(),
    drift=st.lists(DRIFT, max_size=2).map(tuple), unread=st.dictionaries(TEXTS, st.floats(0, 1e9), max_size=2),
    record_updates=st.lists(st.builds(Record, ADDRESSES, TEXTS), max_size=2).map(tuple),
)  # fmt: skip
WARNING = Judgement(Policy(name="p", by=Judge.RUN, words=("p",)), Verdict(warn=(VerdictReason("dear"),)))


def reviewed(plan: Plan, problems: list[Diagnostic], code: int, notes: list[Diagnostic], *rest: Any) -> Review:
    cost, verdicts, renames = rest
    findings = tuple(Finding(item, code) for item in problems)
    return Review(plan, checks=Remarks(findings, tuple(notes)), cost=cost, verdicts=verdicts, renames=renames)


RENAMES = st.builds(Rename, ADDRESSES, ADDRESSES, TEXTS, TEXTS, st.lists(TEXTS, max_size=2).map(tuple))
REVIEWS = st.builds(
    reviewed, PLANS, st.lists(PROBLEMS, max_size=2), st.sampled_from([EXIT_ERROR, EXIT_REFUSED]),
    st.lists(PROBLEMS, max_size=2), st.none() | MONEY, st.sampled_from([(), (WARNING,)]),
    st.lists(RENAMES, max_size=1).map(tuple),
)  # fmt: skip

PLAN = Plan(
    project="fleet",
    environment="prod",
    changes=(Change(TRAINER, Action.CREATE, after={"env": {"HF_TOKEN": TOKEN, "LOGIN": LOGIN, "AUTH": AUTHORITY}}),),
    steps=(
        Step("instance.trainer/create", TRAINER, StepKind.CREATE, spec={"env": {"HF_TOKEN": TOKEN, "LOGIN": LOGIN}}),
    ),
    basis=Basis("lineage", 3),
)
REVIEW = Review(PLAN)


def written(folder: Path, review: Review = REVIEW, declared: Mapping[str, str] | None = None) -> Path:
    path = folder / "fleet.niplan"
    write_plan(review, path, key=KEY, setting=SETTING, declared=declared)
    return path


def reread(path: Path, resolver: Resolver = KNOWN.__getitem__) -> SavedPlan:
    """The plan as an apply reads it: with its seal checked and its secrets read again."""
    content = read_content(path)
    check_seal(content, KEY, state="state/prod.json")
    return decoded(content, resolver, key=KEY)


PLAIN = trees(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.decimals(-(10**9), 10**9, places=5),
    st.sampled_from(["id", "$ref", "$number", "a b"]),
)
MAPS = st.dictionaries(st.text(max_size=5), PLAIN, max_size=3)
NAMED = st.lists(TEXTS, max_size=2).map(tuple)
LOOKUPS = st.lists(
    st.builds(FoundLookup, TEXTS, TEXTS, MAPS, MAPS, NAMED, NAMED, st.dictionaries(TEXTS, TEXTS, max_size=2)),
    max_size=3,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])  # each example writes a file
@given(LOOKUPS)
def test_what_was_looked_up_is_read_as_it_was_found_and_asks_the_same(tmp_path: Path, found: list[FoundLookup]) -> None:
    path = tmp_path / "fleet.niplan"
    write_plan(REVIEW, path, key=KEY, setting=replace(SETTING, lookups=tuple(found)))
    saved = reread(path)
    assert saved.setting.lookups == saved.review.lookups == tuple(found)
    answers = LookupAnswers(saved.setting.lookups)
    for item in {item.name: item for item in found}.values():
        assert answers.get(item.name, LookupQuestion(item.type, item.criteria)) == item


def test_a_changed_lookup_breaks_the_seal(tmp_path: Path) -> None:
    path = tmp_path / "fleet.niplan"
    found = FoundLookup("card", "product", {"gpu": "RTX"}, {"id": "a", "pricePerHour": Decimal("0.35")})
    write_plan(REVIEW, path, key=KEY, setting=replace(SETTING, lookups=(found,)))
    path.write_text(path.read_text().replace('{"$number":"0.35"}', '{"$number":"0.34"}'))
    with pytest.raises(Problems, match="its seal does not match"):
        reread(path)


def secrets_in(plan: Plan) -> list[Value]:
    specs = [plan.outputs.after, *(change.after for change in plan.changes), *(step.spec for step in plan.steps)]
    return [leaf for spec in specs for leaf in leaves(dict(spec)) if isinstance(leaf, Secret)]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])  # each example writes a file
@given(REVIEWS, DIGESTS)
def test_a_plan_is_read_as_it_was_written_and_holds_no_secret(
    tmp_path: Path, review: Review, declared: dict[str, str]
) -> None:
    path = written(tmp_path, review, declared)
    assert "hush" not in path.read_text()
    found = reread(path)
    assert found.review == review
    assert found.setting == SETTING
    assert found.declared == declared


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PLANS)
def test_a_plan_is_shown_without_any_secret(tmp_path: Path, plan: Plan) -> None:
    found = read_plan(written(tmp_path, Review(plan))).review
    assert secrets_in(found.plan) == []
    assert [change.address for change in found.plan.changes] == [change.address for change in plan.changes]
    assert [step.key for step in found.plan.steps] == [step.key for step in plan.steps]
    assert found.plan.basis == plan.basis


def test_what_stands_for_a_secret_is_a_digest_wherever_it_stood(tmp_path: Path) -> None:
    env = read_plan(written(tmp_path)).review.plan.changes[0].after["env"]
    assert isinstance(env["HF_TOKEN"], Digest)
    assert isinstance(env["LOGIN"], Digest)
    assert [type(part) for part in env["AUTH"].arguments] == [str, Digest, str, Ref]


def test_the_file_says_where_it_came_from(tmp_path: Path) -> None:
    path = tmp_path / "a.niplan"
    digest_written = write_plan(REVIEW, path, key=KEY, setting=SETTING)
    found = read_plan(path)
    assert found == SavedPlan(found.review, SETTING, {}, digest=digest_written, seal=found.seal, program=found.program)
    assert digest_written.startswith("sha256:")
    assert found.program


def test_the_same_plan_gives_the_same_bytes_and_another_one_another_digest(tmp_path: Path) -> None:
    one, two, three = (tmp_path / name for name in ("one", "two", "three"))
    digests = [
        write_plan(REVIEW, one, key=KEY, setting=SETTING),
        write_plan(REVIEW, two, key=KEY, setting=SETTING),
        write_plan(Review(replace(PLAN, environment="dev")), three, key=KEY, setting=SETTING),
    ]
    assert one.read_bytes() == two.read_bytes()
    assert digests[0] == digests[1] != digests[2]


def test_a_plan_read_with_its_secrets_has_the_digest_that_its_file_tells(tmp_path: Path) -> None:
    found = reread(written(tmp_path))
    assert digest_of(found.review) == found.digest == digest_of(REVIEW)


STEP, CHANGE = PLAN.steps[0], PLAN.changes[0]
SAME: dict[str, Plan] = {
    "another state": replace(PLAN, basis=Basis("another", 9)),
    "a resource that stays": replace(PLAN, changes=(CHANGE, Change(NET, Action.NONE))),
    "a resource that is waited for": replace(
        PLAN,
        changes=(CHANGE, Change(NET, Action.RESUME)),
        steps=(Step("vpc.net/wait", NET, StepKind.WAIT), replace(STEP, after=("vpc.net/wait",))),
    ),
    "another reason": replace(PLAN, changes=(replace(CHANGE, why="it failed"),)),
    "another line of the manifest": replace(PLAN, steps=(replace(STEP, record=RecordData(source="other.yaml")),)),
    "another value of a secret": replace(
        PLAN, steps=(replace(STEP, spec={"env": {"HF_TOKEN": Secret("new", "env:HF_TOKEN"), "LOGIN": LOGIN}}),)
    ),
}
OTHER: dict[str, Plan] = {
    "another environment": replace(PLAN, environment="dev"),
    "another call": replace(PLAN, steps=(replace(STEP, action=StepKind.ADOPT),)),
    "another object": replace(PLAN, changes=(replace(CHANGE, id="i-2"),)),
    "a field more": replace(PLAN, changes=(replace(CHANGE, after={**CHANGE.after, "image": "b"}),)),
    "a secret from elsewhere": replace(PLAN, steps=(replace(STEP, spec={"env": {"HF_TOKEN": PASSWORD}}),)),
    "one more to delete": replace(PLAN, changes=(CHANGE, Change(NET, Action.DELETE))),
    "an output": replace(PLAN, outputs=OutputChanges({"id": "x"}, changed=("id",))),
}


@pytest.mark.parametrize("name", SAME)
def test_the_digest_is_over_what_is_done_and_not_over_when_and_why(name: str) -> None:
    assert digest_of(Review(SAME[name])) == digest_of(REVIEW)


@pytest.mark.parametrize("name", OTHER)
def test_whatever_is_done_otherwise_has_another_digest(name: str) -> None:
    assert digest_of(Review(OTHER[name])) != digest_of(REVIEW)


def test_the_digest_is_over_the_cost_and_not_over_warnings() -> None:
    cost = Money((Row(TRAINER, after=(Cost("GPU", 35_000),)),))
    assert digest_of(replace(REVIEW, cost=cost)) != digest_of(REVIEW)
    assert digest_of(replace(REVIEW, checks=Remarks(notes=(Diagnostic("careful"),)))) == digest_of(REVIEW)


def test_a_plan_saved_later_has_the_same_digest_and_another_seal(tmp_path: Path) -> None:
    write_plan(REVIEW, tmp_path / "a", key=KEY, setting=SETTING)
    write_plan(REVIEW, tmp_path / "b", key=KEY, setting=replace(SETTING, created=1.0))
    first, second = read_plan(tmp_path / "a"), read_plan(tmp_path / "b")
    assert first.digest == second.digest
    assert first.seal != second.seal


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    assert written(tmp_path).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("through_link", [False, True])
def test_an_overwritten_plan_is_for_its_owner_alone(through_link: bool, tmp_path: Path) -> None:
    target = tmp_path / "x.niplan"
    target.touch(mode=0o666)
    path = tmp_path / "latest.niplan"
    path.symlink_to("x.niplan")
    write_plan(REVIEW, path if through_link else target, key=KEY, setting=SETTING)
    assert target.stat().st_mode & 0o777 == 0o600
    assert path.is_symlink()
    assert reread(target).review == REVIEW


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
@pytest.mark.parametrize("mode", [0o777, 0o1777])
@pytest.mark.parametrize("planted", ["a link", "a link to nothing", "an empty file"])
def test_a_plan_is_not_written_where_another_user_wants_it(planted: str, mode: int, tmp_path: Path) -> None:
    public, victim = tmp_path / "public", tmp_path / "victim"
    public.mkdir()
    public.chmod(mode)
    path = public / "x.niplan"
    if planted == "a link":
        victim.touch()
    if planted == "an empty file":
        path.touch(mode=0o666)
    else:
        path.symlink_to(victim)
    os.lchown(path, 12345, 12345)
    with pytest.raises(Problems, match=r"x\.niplan (is a link to .* user|belongs to user) 12345") as caught:
        write_plan(REVIEW, path, key=KEY, setting=SETTING)
    assert caught.value.code == EXIT_REFUSED
    assert victim.exists() == (planted == "a link")
    assert not victim.exists() or not victim.stat().st_size


def test_the_file_holds_neither_the_key_nor_a_digest_under_it(tmp_path: Path) -> None:
    text = written(tmp_path).read_text()
    assert KEY not in text
    assert digest(TOKEN, KEY).hex not in text


def test_a_setting_with_a_secret_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="env:HF_TOKEN must not be written"):
        write_plan(REVIEW, tmp_path / "x", key=KEY, setting=replace(SETTING, variables={"token": TOKEN}))
    assert not (tmp_path / "x").exists()


def test_a_changed_secret_is_reported_by_its_source(tmp_path: Path) -> None:
    changed = KNOWN | {"env:HF_TOKEN": "another"}
    with pytest.raises(Problems) as caught:
        reread(written(tmp_path), changed.__getitem__)
    assert [item.summary for item in caught.value.diagnostics] == [
        "the secret from env:HF_TOKEN has changed since the plan was made"
    ]


def test_every_missing_secret_is_reported(tmp_path: Path) -> None:
    def missing(source: str) -> str:
        raise problem(f"{source} is not set")

    with pytest.raises(Problems) as caught:
        reread(written(tmp_path), missing)
    assert {item.summary for item in caught.value.diagnostics} == {f"{source} is not set" for source in KNOWN}


def test_a_plan_file_is_known_by_its_content(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert is_plan_file(path)
    assert is_plan_file(path.rename(tmp_path / "trainer.yaml"))
    (tmp_path / "cut.niplan").write_bytes((tmp_path / "trainer.yaml").read_bytes()[:100])
    assert is_plan_file(tmp_path / "cut.niplan")
    for content in (b"", b"{}", b"kind: Instance\n", b"\x00\xff"):
        (tmp_path / "other.niplan").write_bytes(content)
        assert not is_plan_file(tmp_path / "other.niplan")
    assert not is_plan_file(tmp_path)
    assert not is_plan_file(tmp_path / "absent")


def test_a_plan_file_cut_off_anywhere_is_damaged(tmp_path: Path) -> None:
    path = written(tmp_path)
    whole = path.read_bytes()
    for kept in range(0, len(whole) - 2, 7):
        path.write_bytes(whole[:kept])
        with pytest.raises(Problems, match=r"fleet\.niplan is damaged: it is cut off .*; make the plan again"):
            read_plan(path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"plan": {}}, "is damaged: project is missing"),
        ({"setting": {}}, "is damaged: root is missing"),
        ({"digest": "sha256:00"}, "is damaged: its digest is not that of its content"),
        ({"digest": None}, "is damaged: it holds no plan"),
        *(
            (
                {"setting": {"root": "/", "environment": "a", "state": "b", "created": time}},
                "made at no time that there is",
            )
            for time in (1e308, 10**400, -1)
        ),
        ({"novita-infra plan": 3, "program": "8.1.0"}, "written by novita-infra 8.1.0, .*novita-infra 8.1.0 or newer"),
    ],
)
def test_a_plan_file_that_is_not_what_it_was_is_refused(tmp_path: Path, change: Any, says: str) -> None:
    path = written(tmp_path)
    path.write_text(json.dumps(json.loads(path.read_bytes()) | change))
    with pytest.raises(Problems, match=says):
        read_plan(path)


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"\xff\xfe", b"[" * 5000, b"{}"])
def test_what_is_no_plan_file_at_all_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(Problems, match="is damaged"):
        read_plan(tmp_path / "x")


def test_a_plan_whose_numbers_were_reformatted_still_reads(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_text(json.dumps(json.loads(path.read_bytes()), indent=4, sort_keys=True))
    assert reread(path).review == REVIEW


def test_a_path_that_cannot_be_used_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(Problems, match="cannot write the plan to"):
        write_plan(REVIEW, tmp_path / "no" / "such", key=KEY, setting=SETTING)
    with pytest.raises(Problems, match="cannot read the plan"):
        read_plan(tmp_path / "absent")


@pytest.mark.parametrize("text", ["kind: Instance\n", '{"novita-infra state": 1}', "\n"])
def test_a_file_that_is_no_plan_is_not_overwritten(text: str, tmp_path: Path) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_text(text)
    with pytest.raises(Problems, match=r"fleet\.yaml is there already and is no plan"):
        write_plan(REVIEW, path, key=KEY, setting=SETTING)
    assert path.read_text() == text


def test_an_older_plan_and_an_empty_file_are_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "x.niplan"
    path.touch()
    write_plan(Review(replace(PLAN, environment="dev")), path, key=KEY, setting=SETTING)
    path.write_bytes(path.read_bytes()[:100])  # damaged, but a plan all the same
    write_plan(REVIEW, path, key=KEY, setting=SETTING)
    assert reread(path).review == REVIEW
