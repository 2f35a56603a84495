"""The published schemas: valid, true to the kinds, the same for two validators, and committed as generated."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
from quick_yaml import read_yaml

from novita_infra.kinds import KINDS
from novita_infra.kinds.field import Field
from novita_infra.kinds.kind import Kind
from novita_infra.schema import reference_pages as reference
from novita_infra.schema import resources as schemas
from novita_infra.schema.explain_kinds import describe_means
from novita_infra.schema.objects import schema_id

ROOT = Path(__file__).parents[2]
ALL = tuple(KINDS.values())
FIELDS = [(kind, item) for kind in ALL for item in kind.fields]
MADE = schemas.schemas()
MANIFEST = MADE["manifest.json"]

each_kind = pytest.mark.parametrize("kind", ALL, ids=[kind.type for kind in ALL])
REQUIRED = [(kind, item) for kind, item in FIELDS if item.required]
SECRETS = [(kind, item) for kind, item in FIELDS if item.secret_items or item.schema.get("type") != "object"]
"""Fields whose schema tells a secret's source apart from an object of the field's own."""


def named(pairs: Iterable[tuple[Kind, Field]]) -> list[Any]:
    """The pairs as parameters with the id KIND.FIELD."""
    return [pytest.param(kind, item, id=f"{kind.name}.{item.name}") for kind, item in pairs]


each_field = pytest.mark.parametrize(("kind", "field"), named(FIELDS))
each_schema = pytest.mark.parametrize("name", MADE)


COMPILED = {
    schema["$id"]: (jsonschema.Draft202012Validator(schema), jsonschema_rs.Draft202012Validator(schema))
    for schema in MADE.values()
}
"""Two validators of different authors for each schema."""


def accepts(schema: dict[str, Any], document: Any) -> bool:
    """Whether the document fits; both validators must say the same."""
    one, other = (validator.is_valid(document) for validator in COMPILED[schema["$id"]])
    assert one == other
    return bool(one)


def faults(schema: dict[str, Any], document: Any) -> list[tuple[str, str]]:
    """Where and by which keyword a document does not fit."""
    errors = COMPILED[schema["$id"]][0].iter_errors(document)
    return sorted((error.json_path, str(error.validator)) for error in errors)


def example(kind: Kind) -> dict[str, Any]:
    document: dict[str, Any] = read_yaml(kind.example)
    return document


def with_field(kind: Kind, name: str, value: Any) -> dict[str, Any]:
    document = example(kind)
    document["spec"][name] = value
    return document


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Every object inside the schema."""
    if isinstance(schema, dict):
        yield schema
        for item in schema.values():
            yield from parts(item)
    elif isinstance(schema, list):
        for item in schema:
            yield from parts(item)


# --- the files ------------------------------------------------------------------------------------------------------


@each_schema
def test_every_schema_is_a_valid_one_of_its_draft(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(MADE[name])
    jsonschema_rs.meta.validate(MADE[name])


@each_schema
def test_every_schema_has_a_stable_address_a_title_and_stands_alone(name: str) -> None:
    schema = MADE[name]
    assert schema["$id"] == f"urn:novita-infra:schema:v1:{name.removesuffix('.json')}"
    assert schema["title"]
    assert schema["description"]
    wanted = {part["$ref"] for part in parts(schema) if "$ref" in part}
    assert wanted == {f"#/$defs/{defined}" for defined in schema.get("$defs", {})}


@each_schema
def test_the_committed_schema_is_the_generated_one(name: str) -> None:
    committed = (ROOT / "schemas" / name).read_text(encoding="utf-8")
    assert committed == schemas.text_of_schema(MADE[name]), "run: make schemas"


def test_no_schema_is_left_of_a_kind_that_is_gone() -> None:
    of_others = {"diagnostics.json", "notice.json", "plan.json", "scenario.json", "results"}
    assert {path.name for path in (ROOT / "schemas").iterdir()} == set(MADE) | of_others | {schemas.OLDER}


def test_the_committed_reference_is_the_generated_one() -> None:
    folder = ROOT / "docs" / "reference"
    committed = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    index, _, operations = committed["index.md"].partition("\n## Every operation")
    assert operations, "tests/contract compares them with the routes"
    committed["index.md"] = index
    committed.pop("commands.md")  # compared in tests/cli
    committed.pop("errors.md")  # likewise
    committed.pop("operations.md")  # compared in tests/cli
    committed.pop("expressions.md")  # written by hand, compared in tests/manifests
    committed.pop("variables.md")  # written by hand, compared in tests/manifests
    assert committed == reference.pages(), "run: make schemas"


def test_writing_replaces_what_was_there(tmp_path: Path) -> None:
    kept = {"package.json", "plan.json", "scenario.json"}
    for name in ("machine.json", "plan.json", "scenario.json"):
        (tmp_path / name).write_text(json.dumps({"$id": schema_id(name.removesuffix(".json"))}), encoding="utf-8")
    (tmp_path / "package.json").write_text("{}", encoding="utf-8")  # somebody else's
    schemas.write_schemas(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(MADE) | kept | {schemas.OLDER}
    assert json.loads((tmp_path / "vpc.json").read_text(encoding="utf-8")) == MADE["vpc.json"]
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "machine.md").write_text("", encoding="utf-8")
    reference.write_pages(pages)
    frame = {"index.md", "project.md", "lifecycle.md", "modules.md", "lookups.md", "secrets.md"}
    assert {path.name for path in pages.iterdir()} == frame | {f"{kind.type}.md" for kind in ALL}


@each_schema
def test_patterns_are_of_the_dialect_that_every_validator_has(name: str) -> None:
    """ECMA-262 in its unicode mode: nothing is escaped that has no meaning, and no Python groups."""
    patterns = [part["pattern"] for part in parts(MADE[name]) if isinstance(part.get("pattern"), str)]
    for pattern in patterns:
        assert not re.findall(r"\\(?!x[0-9a-f]{2})[^\^$\\.*+?()\[\]{}|/dDsSwWbB]", pattern), pattern
        assert "(?" not in pattern


# --- what they say --------------------------------------------------------------------------------------------------


@each_field
def test_a_field_ends_with_what_changing_it_costs(kind: Kind, field: Field) -> None:
    described = MADE[f"{kind.type}.json"]["properties"]["spec"]["properties"][field.name]["description"]
    assert described.startswith(field.doc.rstrip("."))
    assert described.endswith(f" Changing it: {describe_means(kind, field)}.")


def test_the_costs_read_as_in_a_plan() -> None:
    storage = MADE["network_storage.json"]["properties"]["spec"]["properties"]
    assert storage["name"]["description"].endswith("Changing it: update: renamed or grown in place, data is kept.")
    assert " shrinking: refused: a storage cannot shrink" in storage["sizeGb"]["description"]
    assert " Changing it: forces replacement: a storage cannot move" in storage["cluster"]["description"]


@each_kind
def test_objects_are_closed_wherever_they_name_their_properties(kind: Kind) -> None:
    for part in parts(MADE[f"{kind.type}.json"]):
        if part.get("type") == "object" and "properties" in part:
            assert part["additionalProperties"] is False


# --- what they accept -----------------------------------------------------------------------------------------------


@each_kind
def test_the_example_fits_its_own_schema_and_that_of_any_manifest(kind: Kind) -> None:
    assert accepts(MADE[f"{kind.type}.json"], example(kind))
    assert accepts(MANIFEST, example(kind))


@each_kind
def test_the_whole_frame_is_accepted(kind: Kind) -> None:
    frame = {
        "metadata": {"name": "a-Name_1", "labels": {"team": "research"}},
        "lifecycle": {
            "protect": True,
            "timeouts": {"create": "30m", "update": "90s", "delete": "2h"},
            "dependsOn": ["network_storage.data", 'instance.worker["eu"]'],
        },
    }
    assert accepts(MANIFEST, {**example(kind), **frame})


@each_field
def test_every_field_takes_an_expression_for_its_whole_value(kind: Kind, field: Field) -> None:
    assert accepts(MADE[f"{kind.type}.json"], with_field(kind, field.name, "${var.value}"))


def scalars(schema: dict[str, Any], path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The places of the scalars of a field; one item of each list and map."""
    if "anyOf" in schema:
        for branch in schema["anyOf"]:
            yield from scalars(branch, path)
    elif schema.get("type") == "object":
        for name, item in schema.get("properties", {}).items():
            yield from scalars(item, (*path, name))
        if isinstance(schema.get("additionalProperties"), dict):
            yield from scalars(schema["additionalProperties"], (*path, "KEY"))
    elif schema.get("type") == "array":
        yield from scalars(schema["items"], (*path, 0))
    else:
        yield path


def placed(value: Any, path: tuple[str | int, ...]) -> Any:
    """The value at the path, with what is around it made up."""
    for name in reversed(path):
        value = [value] if name == 0 else {name: value}
    return value


@each_field
def test_every_scalar_inside_a_field_takes_an_expression(kind: Kind, field: Field) -> None:
    schema = MADE[f"{kind.type}.json"]
    for path in scalars(dict(field.schema)):
        found = faults(schema, with_field(kind, field.name, placed("${var.value}", path)))
        assert [fault for fault in found if fault[1] not in {"required", "oneOf"}] == []  # what stands beside it


@pytest.mark.parametrize(("kind", "field"), named(SECRETS))
def test_a_secret_may_come_from_the_environment_or_a_file_and_nothing_else_may(kind: Kind, field: Field) -> None:
    schema = MADE[f"{kind.type}.json"]
    inside = [*field.schema.get("properties", {})] if field.secret_items else []
    for source in ({"fromEnv": "NAME"}, {"fromFile": "secrets/key"}):
        value: Any = dict.fromkeys(inside, source) if inside else {"KEY": source} if field.secret_items else source
        assert accepts(schema, with_field(kind, field.name, value)) == (field.secret or field.secret_items)


@pytest.mark.parametrize(
    "source", [{}, {"fromEnv": ""}, {"fromEnv": "A", "fromFile": "b"}, {"fromVault": "x"}, {"fromEnv": 1}]
)
def test_a_secret_has_one_source(source: Any) -> None:
    assert not accepts(MANIFEST, with_field(KINDS["registry_auth"], "password", source))
    assert not accepts(MANIFEST, with_field(KINDS["endpoint"], "env", {"TOKEN": source}))


@pytest.mark.parametrize("name", ["endpoint", "instance"])
def test_a_reference_is_a_name_an_id_or_an_expression(name: str) -> None:
    def fits(value: Any) -> bool:
        return accepts(MANIFEST, with_field(KINDS[name], "registryAuth", value))

    assert fits("hub")
    assert fits({"id": "a1"})
    assert fits({"id": "${var.auth}"})
    assert fits("${registry_auth.hub.id}")
    assert not fits({"id": 5})
    assert not fits({"name": "hub"})
    assert not fits({"id": "a1", "name": "hub"})
    assert not fits("")
    assert not fits(["hub"])


def test_an_escaped_expression_is_no_expression() -> None:
    assert accepts(MANIFEST, with_field(KINDS["endpoint"], "healthPath", "${var.path}"))
    assert accepts(MANIFEST, with_field(KINDS["endpoint"], "healthPath", "v${var.version}/health"))
    assert not accepts(MANIFEST, with_field(KINDS["endpoint"], "healthPath", "$${var.path}"))


def test_only_a_whole_expression_stands_for_a_number_or_a_list() -> None:
    storage, endpoint = KINDS["network_storage"], KINDS["endpoint"]
    assert accepts(MANIFEST, with_field(storage, "sizeGb", "${var.size}"))
    assert not accepts(MANIFEST, with_field(storage, "sizeGb", "1${var.size}"))
    assert accepts(MANIFEST, with_field(endpoint, "ports", "${var.ports}"))
    assert not accepts(MANIFEST, with_field(endpoint, "ports", "8000/http ${var.ports}"))


# --- what they refuse -----------------------------------------------------------------------------------------------


@each_kind
def test_a_misspelt_field_is_reported_at_its_place_and_alone(kind: Kind) -> None:
    typo = kind.fields[-1].name + "x"
    assert faults(MANIFEST, with_field(kind, typo, "value")) == [("$.spec", "additionalProperties")]
    assert faults(MANIFEST, {**example(kind), "status": {}}) == [("$", "additionalProperties")]


def test_every_pattern_of_a_value_has_an_example_that_fits_it() -> None:
    """A message shows the example and not the pattern."""
    lacking = []

    def visit(schema: Any, path: str) -> None:
        if isinstance(schema, dict):
            if isinstance(schema.get("pattern"), str) and schema["pattern"] != "^/":
                examples = schema.get("examples", [])
                if not examples or not all(re.search(schema["pattern"], example) for example in examples):
                    lacking.append(path)
            for name, part in schema.items():
                if name not in {"examples", "propertyNames", "$defs", "forEach"}:
                    visit(part, f"{path}.{name}")
        elif isinstance(schema, list):
            for part in schema:
                visit(part, path)

    for document in (*map(schemas.schema_of, KINDS.values()), schemas.project_schema()):
        visit(document, document["title"])
    assert lacking == []


@pytest.mark.parametrize("name", MADE["project.json"]["properties"])
def test_the_schema_of_one_part_of_a_project_file_stands_alone(name: str) -> None:
    schema = schemas.project_schema([name])
    assert schema["properties"] == {name: MADE["project.json"]["properties"][name]}
    assert jsonschema_rs.Draft202012Validator(schema).is_valid({}) is False


@pytest.mark.parametrize(("kind", "field"), named(REQUIRED))
def test_a_missing_required_field_is_reported_once_defaults_and_patches_had_their_say(kind: Kind, field: Field) -> None:
    document = example(kind)
    del document["spec"][field.name]
    complete = jsonschema.Draft202012Validator(schemas.schema_of(kind))
    assert [(error.json_path, error.validator) for error in complete.iter_errors(document)] == [("$.spec", "required")]
    assert accepts(MANIFEST, document)
    assert accepts(MADE[f"{kind.type}.json"], document)


@each_field
def test_a_value_of_another_type_is_refused(kind: Kind, field: Field) -> None:
    schema = MADE[f"{kind.type}.json"]
    wrong: list[Any] = [None, 1.5, [[]], {"x": {"y": 1}}]
    assert not any(accepts(schema, with_field(kind, field.name, value)) for value in wrong)


@pytest.mark.parametrize(
    ("prefix", "field", "value", "keyword", "place"),
    [
        ("network_storage", "sizeGb", 9, "minimum", "$.spec.sizeGb"),
        ("network_storage", "sizeGb", "200", "type", "$.spec.sizeGb"),
        ("network_storage", "cluster", "", "minLength", "$.spec.cluster"),
        ("vpc", "name", "n" * 31, "maxLength", "$.spec.name"),
        ("endpoint", "ports", [], "minItems", "$.spec.ports"),
        ("endpoint", "ports", ["80/http", "81/http"], "maxItems", "$.spec.ports"),
        ("endpoint", "ports", ["22/tcp"], "pattern", "$.spec.ports[0]"),
        ("endpoint", "healthPath", "health", "pattern", "$.spec.healthPath"),
        ("endpoint", "appName", "My_App", "pattern", "$.spec.appName"),
        ("endpoint", "appName", "app-", "pattern", "$.spec.appName"),
        ("endpoint", "product", {}, "oneOf", "$.spec.product"),
        ("endpoint", "product", {"choose": "cheapest"}, "oneOf", "$.spec.product"),
        ("endpoint", "product", {"gpu": "a", "choose": "dearest"}, "enum", "$.spec.product.choose"),
        ("endpoint", "scaling", {"type": "magic", "value": 1}, "enum", "$.spec.scaling.type"),
        ("endpoint", "localStorage", {"sizeGb": 30, "mountPath": "/a b"}, "pattern", "$.spec.localStorage.mountPath"),
        ("instance", "gpuCount", 9, "maximum", "$.spec.gpuCount"),
        ("instance", "env", {"A": 1}, "type", "$.spec.env.A"),
        ("instance", "ports", ["eighty"], "pattern", "$.spec.ports[0]"),
    ],
)
def test_one_mistake_is_one_message_at_its_place(prefix: str, field: str, value: Any, keyword: str, place: str) -> None:
    assert faults(MANIFEST, with_field(KINDS[prefix], field, value)) == [(place, keyword)]


def test_an_unknown_kind_is_one_message() -> None:
    assert faults(MANIFEST, {"apiVersion": "novita-infra/v1", "kind": "Machine", "spec": {}}) == [("$.kind", "enum")]
    assert faults(MANIFEST, {"apiVersion": "novita-infra/v1"}) == [("$", "required")]
    assert faults(MANIFEST, []) == [("$", "type")]


@each_kind
@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        (("apiVersion",), "v2", "$.apiVersion"),
        (("metadata", "name"), "1st", "$.metadata.name"),
        (("metadata", "name"), "a b", "$.metadata.name"),
        (("metadata", "labels"), {"a": 1}, "$.metadata.labels.a"),
        (("lifecycle",), {"protect": "yes"}, "$.lifecycle.protect"),
        (("lifecycle",), {"timeouts": {"create": "30"}}, "$.lifecycle.timeouts.create"),
        (("lifecycle",), {"timeouts": {"create": "0s"}}, "$.lifecycle.timeouts.create"),
        (("lifecycle",), {"timeouts": {"stop": "3m"}}, "$.lifecycle.timeouts"),
        (("lifecycle",), {"dependsOn": ["trainer"]}, "$.lifecycle.dependsOn[0]"),
        (("lifecycle",), {"dependsOn": ["vpc.a", "vpc.a"]}, "$.lifecycle.dependsOn"),
    ],
)
def test_a_mistake_in_the_frame_is_reported_at_its_place(
    kind: Kind, path: tuple[str, ...], value: Any, place: str
) -> None:
    document = copy.deepcopy(example(kind))
    inner = document
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    assert [where for where, _ in faults(MANIFEST, document)] == [place]


# --- the project file -----------------------------------------------------------------------------------------------

PROJECT: dict[str, Any] = read_yaml("""
apiVersion: novita-infra/v1
kind: Project
metadata: {name: training}
variables:
  gpuCount: {type: integer, default: 4, description: GPUs per machine}
  hfToken: {type: string, secret: true}
  sizes: {type: map, default: {small: 10}}
environments:
  dev:
    variables: {gpuCount: 1}
    patches:
      - target: instance.trainer
        spec: {power: stopped, env: null}
      - target: instance.*
        lifecycle: {protect: false}
  prod: {}
defaultEnvironment: dev
state: {path: state}
outputs:
  url: ${endpoint.api.url}
  all: {ids: ["${instance.trainer.id}"], count: 2}
""")


def test_a_project_fits_its_own_schema_and_that_of_any_manifest() -> None:
    assert accepts(MADE["project.json"], PROJECT)
    assert accepts(MANIFEST, PROJECT)
    assert accepts(MANIFEST, {name: PROJECT[name] for name in ("apiVersion", "kind", "metadata")})


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"variables": {"gpu-count": {}}}, "$.variables"),
        ({"variables": {"gpuCount": {"type": "int"}}}, "$.variables.gpuCount.type"),
        ({"variables": {"gpuCount": {"secret": "yes"}}}, "$.variables.gpuCount.secret"),
        ({"variables": {"gpuCount": 4}}, "$.variables.gpuCount"),
        ({"environments": {"dev": {"variable": {}}}}, "$.environments.dev"),
        ({"environments": {"dev": {"patches": [{"spec": {}}]}}}, "$.environments.dev.patches[0]"),
        ({"environments": {"dev": {"patches": [{"target": "trainer"}]}}}, "$.environments.dev.patches[0].target"),
        ({"defaultEnvironment": 1}, "$.defaultEnvironment"),
        ({"state": {"paht": "x"}}, "$.state"),
        ({"metadata": {}}, "$.metadata"),
        ({"spec": {}}, "$"),
    ],
)
def test_a_mistake_in_the_project_is_reported_at_its_place(changes: dict[str, Any], place: str) -> None:
    assert {where for where, _ in faults(MANIFEST, {**PROJECT, **changes})} == {place}
