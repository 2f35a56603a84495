"""Variables: where their values come from, in which order, and of what type they are."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
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
        "novita-infra.yaml:4:40: the environment variable TOKEN is not set; set it: export TOKEN=...; "
        "it is read at fleet.yaml:8:12"
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
        "outputs: {all: ['${var.a}', '${var.b}', '${var.c}', '${var.d}', '${var.e}']}\n"
        "environments: {dev: {variables: {b: '${env.USER}'}}}\n"
    )
    files = {"fleet.yaml": FLEET, "novita-infra.yaml": project_file(declared)}
    project = loaded(tmp_path, files, environment="dev", environ={"USER": "ann", "API_KEY": "pssst"})
    assert project.variables == {"a": "x-ann", "b": "ann", "d": ["${HOME}"]}
    assert project.warnings == ()


def test_the_value_of_a_variable_holds_no_other_expression(tmp_path: Path) -> None:
    declared = "variables: {a: {default: 'x-${var.b}'}, b: {default: y}}\nstate: {backend: '${var.b}'}\n"
    files = {"fleet.yaml": FLEET, "novita-infra.yaml": project_file(declared)}
    assert refused(tmp_path, files) == [
        'novita-infra.yaml:4:31: "var" cannot be used here; '
        "the value of a variable may hold ${env.NAME}; write $${ for a plain ${",
        "novita-infra.yaml:5:18: state.backend takes no expressions; name the backend",
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
        "novita-infra.yaml": project_file(
            "variables: {tok: {secret: true, default: hunter2}}\noutputs: {t: '${var.tok}'}\n"
        ),
    }
    (warning,) = loaded(tmp_path, files).warnings
    assert (warning.summary, warning.hidden) == ("a secret stands in clear in the manifest", (42,))


@pytest.mark.parametrize(("name", "text"), [("prod.env", "tok=hunter2\n"), ("prod.vars.yaml", "tok: hunter2\n")])
def test_a_secret_in_clear_names_the_file_of_variables(tmp_path: Path, name: str, text: str) -> None:
    project = project_file("variables: {tok: {sensitive: true}}\noutputs: {t: '${var.tok}'}\n")
    files = {"fleet.yaml": FLEET, "novita-infra.yaml": project, name: text}
    (warning,) = loaded(tmp_path, files, var_files=(name,)).warnings
    assert (warning.summary, warning.hint) == (
        f"a secret stands in clear in {tmp_path / name}",
        "keep the file out of the repository, or point at the secret in the manifest: {fromEnv: NAME}",
    )


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


SETS: dict[str, tuple[int, dict[str, Any]]] = {
    "default": (0, {}),
    "base": (1, {}),
    "environment": (2, {}),
    "file": (3, {"var_files": ("a.vars.yaml",)}),
    "environ": (4, {"environ": {"NOVITA_INFRA_VAR_it": "environ"}}),
    "flag": (5, {"variables": {"it": "flag"}}),
}
"""The sources of a value, from the lowest to the highest precedence."""


@given(st.sets(st.sampled_from([*SETS]), min_size=1))
def test_the_highest_of_any_sources_counts(used: set[str]) -> None:
    with TemporaryDirectory() as folder:
        default = "default: default" if "default" in used else ""
        own = {name: f"variables: {{it: {name}}}" if name in used else "variables: {}" for name in SETS}
        text = (
            f"variables: {{it: {{{default}}}}}\n"
            f"environments:\n  low: {{{own['base']}}}\n  high: {{extends: low, {own['environment']}}}\n"
            "outputs: {it: '${var.it}'}\n"
        )
        files = {"fleet.yaml": FLEET, "novita-infra.yaml": project_file(text), "a.vars.yaml": "it: file\n"}
        options: dict[str, Any] = {key: value for name in used for key, value in SETS[name][1].items()}
        found = loaded(Path(folder), files, environment="high", **options).variables
        assert found == {"it": max(used, key=lambda name: SETS[name][0])}


@pytest.mark.parametrize("source", ["variables", "environ", "file", "default"])
def test_a_value_of_a_variable_is_never_evaluated_again(tmp_path: Path, source: str) -> None:
    declared = (
        "variables: {it: {default: '$${var.it} $${env.HOME}'}}\n" if source == "default" else "variables: {it: {}}\n"
    )
    files = {
        "fleet.yaml": manifest("Instance", "trainer", INSTANCE + "  env: {A: '${var.it}', B: '${[var.it][0]}x'}\n"),
        "novita-infra.yaml": project_file(declared + "outputs: {o: '${var.it}'}\n"),
        "a.vars.yaml": "it: $${var.it} $${env.HOME}\n",
    }
    text = "${var.it} ${env.HOME}"
    ways: dict[str, dict[str, Any]] = {
        "variables": {"variables": {"it": text}},
        "environ": {"environ": {"NOVITA_INFRA_VAR_it": text, "HOME": "home"}},
        "file": {"var_files": ("a.vars.yaml",)},
        "default": {},
    }
    project = loaded(tmp_path, files, **ways[source])
    written = text.replace("${", "$${") if source == "file" else text
    assert one(project, "instance.trainer").spec["env"] == {"A": written, "B": f"{written}x"}
    assert project.outputs == {"o": written}


def test_a_sensitive_variable_of_any_shape_keeps_its_texts_secret(tmp_path: Path) -> None:
    declared = (
        "variables:\n"
        "  login: {type: object, sensitive: true, fields: {user: {default: bot}, key: {type: string}}}\n"
        "  keys: {type: list, of: string, sensitive: true, default: [{fromEnv: KEY}]}\n"
    )
    spec = INSTANCE + "  env: {A: '${var.login.key}', B: '${var.keys[0]}', C: '${var.login.user}'}\n"
    files = {"fleet.yaml": manifest("Instance", "trainer", spec), "novita-infra.yaml": project_file(declared)}
    project = loaded(tmp_path, files, variables={"login": "{key: pssst-1}"}, environ={"KEY": "pssst-2"})
    env = one(project, "instance.trainer").spec["env"]
    assert env["A"] == Secret("pssst-1", "var:login.key")
    assert env["B"] == Secret("pssst-2", "env:KEY")
    assert project.variables == {}
    assert "pssst" not in repr(project)
    assert project.secrets() >= {"pssst-1", "pssst-2"}


def test_an_unused_variable_is_a_warning_for_the_whole_project(tmp_path: Path) -> None:
    declared = (
        "variables:\n"
        "  used: {default: a}\n"
        "  patched: {default: a}\n"
        "  ruled: {default: a}\n"
        "  unused: {default: a, validation: [{condition: '${var.unused == var.ruled}', message: same}]}\n"
        "environments: {prod: {patches: [{target: instance.trainer, spec: {command: '${var.patched}'}}]}}\n"
    )
    files = {
        "fleet.yaml": manifest("Instance", "trainer", INSTANCE + "  env: {A: '${var.used}'}\n"),
        "other.yaml": manifest("Instance", "other", INSTANCE),
        "novita-infra.yaml": project_file(declared),
    }
    warning = 'novita-infra.yaml:8:3: no expression reads the variable "unused"; remove it, or read it: ${var.unused}'
    assert [str(item) for item in loaded(tmp_path, files).warnings] == [warning]
    assert loaded(tmp_path, files, path="other.yaml").warnings == ()


def test_a_missing_variable_is_reported_once_with_the_places_that_read_it(tmp_path: Path) -> None:
    files = {
        "a.yaml": manifest("Instance", "a", INSTANCE + "  env: {A: '${var.it}', B: '${var.it}'}\n"),
        "b.yaml": manifest("Instance", "b", INSTANCE + "  command: '${var.it}'\n"),
        "novita-infra.yaml": project_file("variables: {it: {}}\noutputs: {o: '${var.it}'}\n"),
    }
    assert refused(tmp_path, files) == [
        'novita-infra.yaml:4:13: the variable "it" has no value; give it with --var it=..., NOVITA_INFRA_VAR_it, '
        "a --var-file, or a default; it is read at a.yaml:8:12, a.yaml:8:28, b.yaml:8:12, novita-infra.yaml:5:14"
    ]


def test_an_unknown_variable_is_reported_once_with_its_places(tmp_path: Path) -> None:
    files = {
        "a.yaml": manifest("Instance", "a", INSTANCE + "  env: {A: '${var.itm}', B: 'x${var.itm}'}\n"),
        "novita-infra.yaml": project_file(
            "variables: {item: {default: x}}\noutputs: {o: '${var.item}', p: '${var.itm}'}\n"
        ),
    }
    assert refused(tmp_path, files) == [
        'a.yaml:8:19: there is no variable "itm"; did you mean "item"?; '
        "used at a.yaml:8:37, novita-infra.yaml:5:39, too"
    ]


def test_the_page_about_variables_declares_what_the_loader_takes(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs/reference/variables.md").read_text(encoding="utf-8")
    declared = page.partition("```yaml\n")[2].partition("```")[0]
    files = {"fleet.yaml": FLEET, "novita-infra.yaml": project_file(declared)}
    project = loaded(tmp_path, files, variables={"token": "pssst", "mounts": "[{storage: data}]"})
    assert project.variables == {"size": "small", "gpus": 1, "mounts": [{"storage": "data", "path": "/data"}]}
    assert refused(tmp_path, files, variables={"token": "pssst", "gpus": "3"}) == [
        'the variable "gpus" is not valid: a machine has 1, 2, 4 or 8 GPUs; the rule is at novita-infra.yaml:10:9'
    ]


DOTENV = """\
# a comment
export region=eu # and another
count = 4
zones='[a, "b"]'
token="pssst
2"
plain=${var.region} $HOME
"""


def test_a_dotenv_file_gives_texts_that_are_read_by_the_type(tmp_path: Path) -> None:
    declared = (
        "variables: {region: {}, count: {type: integer}, zones: {type: list}, token: {sensitive: true}, plain: {}}\n"
        "outputs: {all: ['${var.region}', '${var.count}', '${var.zones}', '${var.token}', '${var.plain}']}\n"
    )
    for name in (".env", ".env.prod", "prod.env"):
        files = {"fleet.yaml": FLEET, "novita-infra.yaml": project_file(declared), name: DOTENV}
        project = loaded(tmp_path, files, var_files=(name,))
        assert project.variables == {"region": "eu", "count": 4, "zones": ["a", "b"], "plain": "${var.region} $HOME"}
        assert project.outputs["all"] == ["eu", 4, ["a", "b"], Secret("pssst\n2", "var:token"), "${var.region} $HOME"]


def test_mistakes_of_a_dotenv_file_have_their_place_and_hide_its_values(tmp_path: Path) -> None:
    declared = "variables: {count: {type: integer}, token: {sensitive: true}, kind: {type: enum, values: [a]}}\n"
    files: dict[str, str | bytes] = {
        "fleet.yaml": FLEET,
        "novita-infra.yaml": project_file(declared),
        "a.env": "token=pssst\n\nexport count=four\nconut=pssst\nkind=b\n",
        "b.env": "token='pssst\n",
        "c.env": b"token=\xff\n",
        "e.env": "count=4\ncount\n",
    }
    options = {"variables": {"token": "t"}, "var_files": ("a.env", "b.env", "c.env", "d.env", "e.env")}
    messages = refused(tmp_path, files, **options)
    assert [message.replace(f"{tmp_path}/", "") for message in messages] == [
        'a.env:3:1: the variable "count" is a whole number, and a.env gives "four"',
        'a.env:4:1: a.env sets an unknown variable "conut"; did you mean "count"?',
        'a.env:5:1: the variable "kind" is one of "a", and a.env gives "b"',
        "b.env:1:1: the line is no NAME=value; write NAME=value; "
        "a value with blanks, # or several lines stands in quotes",
        "c.env:1:1: the file is not UTF-8 text",
        "d.env:1:1: the file cannot be read: No such file or directory",
        "e.env:2:1: the line is no NAME=value; write NAME=value; "
        "a value with blanks, # or several lines stands in quotes",
    ]
