"""Variables: where their values come from, in which order, and of what type they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from manifest_files import INSTANCE, loaded, manifest, one, project_file, refused

from novita_infra.model.diagnostics import Diagnostic, Problems
from novita_infra.model.values import Secret

FLEET = manifest("Instance", "trainer", INSTANCE)
SOURCES = project_file(
    "variables: {region: {default: default}}\n"
    "environments: {dev: {variables: {region: environment}}, prod: {}}\n"
    "defaultEnvironment: dev\n"
)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"environment": "prod"}, "default"),
        ({}, "environment"),
        ({"var_files": ("a.vars.yaml",)}, "file"),
        ({"var_files": ("a.vars.yaml", "b.json")}, "later file"),
        ({"var_files": ("a.vars.yaml",), "environ": {"NOVITA_INFRA_VAR_region": "environ"}}, "environ"),
        ({"environ": {"NOVITA_INFRA_VAR_region": "environ"}, "variables": {"region": "flag"}}, "flag"),
    ],
)
def test_a_later_source_wins(tmp_path: Path, options: dict[str, Any], expected: str) -> None:
    files = {"fleet.yaml": FLEET, "a.vars.yaml": "region: file\n", "b.json": '{"region": "later file"}'}
    assert loaded(tmp_path, {**files, "novita-infra.yaml": SOURCES}, **options).variables == {"region": expected}


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("string", "010", "010"),
        ("string", "", ""),
        ("string", "${var.x}", "${var.x}"),
        ("integer", "4", 4),
        ("number", "4.5", 4.5),
        ("number", "4", 4),
        ("boolean", "true", True),
        ("list", "[a, 1]", ["a", 1]),
        ("map", '{"a": {"b": null}}', {"a": {"b": None}}),
    ],
)
def test_text_from_outside_is_read_by_the_type(tmp_path: Path, kind: str, text: str, value: Any) -> None:
    files = {"fleet.yaml": FLEET, "novita-infra.yaml": project_file(f"variables: {{it: {{type: {kind}}}}}\n")}
    found = loaded(tmp_path, files, variables={"it": text}).variables["it"]
    assert found == value
    assert type(found) is type(value)
    assert loaded(tmp_path, files, environ={"NOVITA_INFRA_VAR_it": text}).variables["it"] == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [("integer", "4.5"), ("integer", "true"), ("boolean", "yes"), ("list", "a"), ("map", "[a"), ("number", "")],
)
def test_text_of_another_type_is_refused(tmp_path: Path, kind: str, text: str) -> None:
    files = {"fleet.yaml": FLEET, "novita-infra.yaml": project_file(f"variables: {{it: {{type: {kind}}}}}\n")}
    (message,) = refused(tmp_path, files, variables={"it": text})
    assert message.startswith('the variable "it" is ')
    assert message.endswith(f'and --var gives "{text}"')


def test_a_variable_keeps_its_type_where_it_is_the_whole_value(tmp_path: Path) -> None:
    spec = INSTANCE + "  gpuCount: ${var.count}\n  ports: ${var.ports}\n  env: {N: 'n${var.count}'}\n"
    declared = "variables:\n  count: {type: integer, default: 2}\n  ports: {type: list, default: [22/tcp]}\n"
    files = {"fleet.yaml": manifest("Instance", "trainer", spec), "novita-infra.yaml": project_file(declared)}
    found = one(loaded(tmp_path, files), "instance.trainer").spec
    assert (found["gpuCount"], found["ports"], found["env"]) == (2, ["22/tcp"], {"N": "n2"})


@pytest.mark.parametrize("given", ["variables", "environ", "file", "environment"])
def test_a_secret_variable_is_secret_wherever_it_comes_from(tmp_path: Path, given: str) -> None:
    declared = "variables: {token: {secret: true}}\n"
    if given == "environment":
        declared += "environments: {dev: {variables: {token: pssst}}}\ndefaultEnvironment: dev\n"
    files = {
        "fleet.yaml": manifest("Instance", "trainer", INSTANCE + "  env: {T: '${var.token}', U: 'x${var.token}'}\n"),
        "novita-infra.yaml": project_file(declared),
        "s.vars.yaml": "token: pssst\n",
    }
    ways: dict[str, dict[str, Any]] = {
        "variables": {"variables": {"token": "pssst"}},
        "environ": {"environ": {"NOVITA_INFRA_VAR_token": "pssst"}},
        "file": {"var_files": ("s.vars.yaml",)},
        "environment": {},
    }
    project = loaded(tmp_path, files, **ways[given])
    assert one(project, "instance.trainer").spec["env"]["T"] == Secret("pssst", "var:token")
    assert project.variables == {}
    assert "pssst" not in repr(project)
    warned = [str(item) for item in project.warnings]
    assert len(warned) == (given in ("file", "environment"))


def test_a_secret_variable_may_point_at_its_value(tmp_path: Path) -> None:
    declared = "variables: {a: {secret: true, default: {fromEnv: TOKEN}}, b: {secret: true, default: {fromFile: t}}}\n"
    files = {
        "fleet.yaml": manifest("Instance", "trainer", INSTANCE + "  env: {A: '${var.a}', B: '${var.b}'}\n"),
        "novita-infra.yaml": project_file(declared),
        "t": "two\n",
    }
    project = loaded(tmp_path, files, environ={"TOKEN": "one"})
    env = one(project, "instance.trainer").spec["env"]
    assert env == {"A": Secret("one", "env:TOKEN"), "B": Secret("two", "file:t")}
    assert refused(tmp_path, files) == [
        "novita-infra.yaml:4:40: the environment variable TOKEN is not set; set it: export TOKEN=..."
    ]


def test_a_wrong_secret_is_not_shown(tmp_path: Path) -> None:
    files = {"fleet.yaml": FLEET, "novita-infra.yaml": project_file("variables: {t: {secret: true, default: 1234}}\n")}
    (message,) = refused(tmp_path, files)
    assert "1234" not in message


def test_a_variable_file_is_no_manifest_even_inside_the_project(tmp_path: Path) -> None:
    files = {"fleet.yaml": FLEET, "values.yaml": "region: eu\n", "novita-infra.yaml": SOURCES}
    assert loaded(tmp_path, files, var_files=("values.yaml",)).variables == {"region": "eu"}
    assert len(refused(tmp_path, files)) == 1


def test_only_declared_variables_exist(tmp_path: Path) -> None:
    assert refused(tmp_path, {"fleet.yaml": FLEET}, variables={"x": "1"}) == [
        '--var sets an unknown variable "x"; novita-infra.yaml declares none'
    ]


def test_the_value_of_a_variable_may_hold_what_the_environment_has(tmp_path: Path) -> None:
    declared = (
        "variables: {a: {default: 'x-${env.USER}'}, b: {default: y}, c: {default: '${env.API_KEY}'}, "
        "d: {type: list, default: ['$${HOME}']}, e: {secret: true, default: '${env.USER}'}}\n"
        "environments: {dev: {variables: {b: '${env.USER}'}}}\n"
    )
    files = {"fleet.yaml": FLEET, "novita-infra.yaml": project_file(declared)}
    project = loaded(tmp_path, files, environment="dev", environ={"USER": "ann", "API_KEY": "pssst"})
    assert project.variables == {"a": "x-ann", "b": "ann", "d": ["${HOME}"]}
    assert project.warnings == ()


def test_the_value_of_a_variable_holds_no_other_expression(tmp_path: Path) -> None:
    declared = "variables: {a: {default: 'x-${var.b}'}, b: {default: y}}\nstate: {path: 's-${var.b}'}\n"
    files = {"fleet.yaml": FLEET, "novita-infra.yaml": project_file(declared)}
    assert refused(tmp_path, files) == [
        'novita-infra.yaml:4:31: "var" cannot be used here; '
        "the value of a variable may hold ${env.NAME}; write $${ for a plain ${",
        "novita-infra.yaml:5:15: state.path takes no expressions; the state must be found without them",
    ]


SECRET = project_file(
    "variables:\n"
    "  tok: {type: string, secret: true, default: hunter2}\n"
    "  num: {secret: true, default: 99999999999999999999999999999999999999999999}\n"
    "environments:\n"
    '  dev: {variables: {tok: "hunter2, dev", tk: hunter2}, pachtes: []}\n'
    '  prod: {variables: {tok: {fromEnv: TOK}, num: "${env.NUM}"}, pachtes: []}\n'
)


def _problems(folder: Path, files: dict[str, str], **options: Any) -> tuple[Diagnostic, ...]:
    with pytest.raises(Problems) as raised:
        loaded(folder, {"fleet.yaml": FLEET, **files}, **options)
    return raised.value.diagnostics


def test_every_message_knows_where_in_its_line_a_secret_stands_in_clear(tmp_path: Path) -> None:
    files = {"novita-infra.yaml": SECRET, "v.yaml": "num: hunter2\ntokk: hunter2\n"}
    diagnostics = _problems(tmp_path, files, environment="dev", var_files=("v.yaml",))
    hidden = {(Path(item.origin.file).name, item.origin.line): item.hidden for item in diagnostics if item.origin}
    assert hidden == {
        ("novita-infra.yaml", 6): (32,),
        ("novita-infra.yaml", 8): (26, 46),
        ("novita-infra.yaml", 9): (),
        ("v.yaml", 2): (7,),
    }


def test_a_message_does_not_quote_a_secret_that_cannot_be_read(tmp_path: Path) -> None:
    diagnostics = _problems(tmp_path, {"novita-infra.yaml": SECRET}, environment="dev")
    (wrong,) = (item for item in diagnostics if "64 bits" in item.summary)
    assert "9999" not in str(wrong)


def test_no_line_of_an_unreadable_variable_file_is_shown(tmp_path: Path) -> None:
    files = {"novita-infra.yaml": project_file("variables: {tok: {secret: true}}\n"), "v.yaml": '"tok": "hunter2\n'}
    (wrong, *_) = (item for item in _problems(tmp_path, files, var_files=("v.yaml",)) if item.origin)
    assert wrong.hidden == (0,)


def test_the_warning_of_a_secret_in_clear_hides_it(tmp_path: Path) -> None:
    files = {
        "fleet.yaml": FLEET,
        "novita-infra.yaml": project_file("variables: {tok: {secret: true, default: hunter2}}\n"),
    }
    (warning,) = loaded(tmp_path, files).warnings
    assert (warning.summary, warning.hidden) == ("a secret stands in clear in the manifest", (42,))


def test_a_variable_with_a_misspelled_secret_flag_is_redacted(tmp_path: Path) -> None:
    declared = "variables:\n  tok: {type: integer, secrt: true, default: hunter2}\n  region: {default: here}\n"
    diagnostics = _problems(
        tmp_path,
        {"novita-infra.yaml": project_file(declared), "v.yaml": "tok: hunter2\nregon: there\n"},
        var_files=("v.yaml",),
    )
    assert not any("hunter2" in str(item) for item in diagnostics)
    assert {
        item.origin.line: item.hidden for item in diagnostics if item.origin and item.origin.file.endswith("v.yaml")
    } == {
        1: (6,),
        2: (),
    }
