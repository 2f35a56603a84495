"""The project file and the frame of every resource are explained from their schemas, down to the last field."""

from __future__ import annotations

import json
from collections.abc import Iterator

import jsonschema
import pytest
import yaml

from novita_infra.kinds import KINDS
from novita_infra.model.diagnostics import Problems
from novita_infra.model.lifecycle import Cause
from novita_infra.schema import reference_pages as reference
from novita_infra.schema.explain_frame import PartExplained, explain_frame, explain_module, explain_project
from novita_infra.schema.project import EXAMPLE
from novita_infra.schema.resources import manifest_schema, project_schema

INSTANCE = KINDS["instance"]


def deep(part: PartExplained) -> Iterator[PartExplained]:
    yield part
    for item in part.items:
        yield from deep(item)


PARTS = [*deep(explain_project()), *deep(explain_frame("metadata")), *deep(explain_frame("lifecycle"))]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.title)
def test_every_part_says_what_it_is_in_a_sentence_or_two(part: PartExplained) -> None:
    assert part.doc.endswith(".")
    assert part.doc[0].isalpha()
    assert len(part.doc) < 350


def test_only_what_may_be_anything_is_of_any_type() -> None:
    anything = {part.title.rpartition(".")[2] for part in PARTS if part.type == "any value"}
    assert anything == {"default", "value"}


def test_all_that_the_project_file_may_hold_is_explained() -> None:
    assert [item.name for item in explain_project().items] == list(project_schema()["properties"])


def test_a_part_tells_type_default_limits_and_examples() -> None:
    explained = explain_project("maxPriceRise")
    assert explained == PartExplained(
        within="Project",
        path="maxPriceRise",
        doc=explained.doc,
        type="text",
        required=False,
        default="0%",
        limits=(r"matches ^[0-9]{1,4}(\.[0-9]{1,2})?%$",),
        examples=("10%",),
    )
    assert (explained.title, explained.name) == ("Project.maxPriceRise", "maxPriceRise")


@pytest.mark.parametrize(
    ("path", "type_", "limits"),
    [
        ("budget.perHour", "number or text", ("number: at least 0", r"text: matches ^[0-9]+(\.[0-9]{1,5})?$")),
        (
            "policies",
            "list of {run, file, schema, of, name, timeout, onError}",
            ("each: exactly one of run, file, schema",),
        ),
        ("policies.timeout", "length of time", ("matches ^[1-9][0-9]*[smhd]$",)),
        ("apiVersion", "always novita-infra/v1", ()),
        ("groups.NAME.onFailure", "one of rollback, keep, stop", ()),
        ("state.path", "text", ("at least 1 character",)),
        ("changeLimit.percent", "whole number", ("0 to 100",)),
    ],
)
def test_types_and_limits_are_in_a_persons_words(path: str, type_: str, limits: tuple[str, ...]) -> None:
    assert (explain_project(path).type, explain_project(path).limits) == (type_, limits)


def test_what_is_one_word_or_one_for_each_is_explained_as_both() -> None:
    explained = explain_frame("lifecycle.onDrift", INSTANCE)
    assert explained.title == "Instance.lifecycle.onDrift"
    assert explained.type.startswith("one of heal, adopt, alert, ignore or {edited, ")
    assert [item.name for item in explained.items] == [cause.value for cause in Cause]
    assert explained.items[0].type == "one of heal, adopt, alert, ignore"


def test_the_waits_of_a_kind_are_the_defaults_of_its_timeouts() -> None:
    explained = {item.name: item for item in explain_frame("lifecycle.timeouts", INSTANCE).items}
    assert {name: item.default for name, item in explained.items()} == {
        "create": "90m",
        "update": "90m",
        "delete": "10m",
        "accept": "15m",
        "pull": "75m",
        "ready": "15m",
    }
    assert all(item.default == "" for item in explain_frame("lifecycle.timeouts").items)
    assert explain_frame("lifecycle.timeouts.pull", KINDS["vpc"]).doc.endswith("The kind has no such stage.")


def test_only_a_credential_is_created_first_by_default() -> None:
    first = [
        name for name, kind in KINDS.items() if explain_frame("lifecycle.createBeforeDestroy", kind).default == "true"
    ]
    assert first == ["registry_auth"]


@pytest.mark.parametrize("word", ["type", "NAME.type", "gpuCount.type"])
def test_a_name_of_the_writers_choice_may_be_left_out_or_be_any(word: str) -> None:
    assert explain_project(f"variables.{word}").path == "variables.NAME.type"
    assert explain_project("environments.budget.perHour") == explain_project("environments.prod.budget.perHour")
    assert explain_project("variables.gpuCount") == explain_project("variables.NAME")


def test_what_an_environment_leaves_out_has_no_default_of_its_own() -> None:
    inherited = ("budget", "maxPriceRise", "onDrift", "changeLimit")
    parts = [part for name in inherited for part in deep(explain_project(f"environments.NAME.{name}"))]
    assert [part.title for part in parts if part.default] == []
    assert explain_project("onDrift").default == "heal"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("bugdet", 'Project has no field "bugdet"; did you mean "budget"?'),
        ("budget.perHuor", 'Project.budget has no field "perHuor"; did you mean "perHour"?'),
        ("variables.tpye", 'Project.variables.NAME has no field "tpye"; did you mean "type"?'),
        ("variables.size.secrt", 'Project.variables.NAME has no field "secrt"; did you mean "secret"?'),
        (
            "variables.",
            'Project.variables.NAME has no field ""; known: default, description, fields, of, secret, sensitive, type, '
            "validation, values",
        ),
        ("ownerMarks.all", 'Project.ownerMarks has no field "all"'),
        (
            "environments.dev.patches.traget",
            'Project.environments.NAME.patches has no field "traget"; did you mean "target"?',
        ),
    ],
)
def test_an_unknown_part_is_refused_with_the_nearest(path: str, message: str) -> None:
    with pytest.raises(Problems) as caught:
        explain_project(path)
    assert str(caught.value) == message


def test_the_pages_have_every_part_with_its_words() -> None:
    pages = {"Project": reference.pages()["project.md"], "": reference.pages()["lifecycle.md"]}
    assert [part.title for part in PARTS if part.path and part.doc not in pages[part.within]] == []
    for whole in (explain_project(), explain_frame("metadata"), explain_frame("lifecycle")):
        assert [item.title for item in whole.items if f"### {item.name}\n" not in pages[whole.within]] == []
    assert EXAMPLE in pages["Project"]


def test_the_page_of_a_kind_has_its_waits() -> None:
    page = reference.pages()["instance.md"]
    assert "create 90m, update 90m, delete 10m, accept 15m, pull 75m, ready 15m." in page


def test_what_the_pages_show_fits_the_published_schema() -> None:
    published = jsonschema.Draft202012Validator(manifest_schema())
    for name in ("project.md", "lifecycle.md"):
        shown = reference.pages()[name].partition("```yaml\n")[2].partition("```")[0]
        assert list(published.iter_errors(json.loads(json.dumps(yaml.safe_load(shown), default=str)))) == []


@pytest.mark.parametrize("path", ["source", "inputs", "patches", "patches.target"])
def test_a_field_of_the_spec_of_a_module_is_found_without_spec_as_one_of_a_kind_is(path: str) -> None:
    assert explain_module(path) == explain_module(f"spec.{path}")
