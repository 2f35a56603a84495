"""No message about manifests shows a secret, whatever YAML or a person makes of the file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.manifests.project.loading import load
from novita_infra.model.diagnostics import Diagnostic, Problems
from novita_infra.views.content.diagnostics import placed, sources
from novita_infra.views.content.lines import plain
from novita_infra.views.formats.json.diagnostics import diagnostic_json
from novita_infra.views.formats.text.diagnostics import diagnostic_lines

CANARY = "Tr0ub4dor-3"
HEAD = "apiVersion: novita-infra/v1\nkind: {kind}\nmetadata: {{name: a}}\nspec:\n"
AUTH = HEAD.format(kind="RegistryAuth") + "  username: bob\n"
MACHINE = HEAD.format(kind="Instance") + "  product: {gpu: H100}\n  image: ubuntu:22.04\n"
PROJECT = "apiVersion: novita-infra/v1\nkind: Project\nmetadata: {name: p}\n"


def messages(folder: Path, files: Mapping[str, str], **options: object) -> str:
    """Everything that a person or a program may read about the files, without the files themselves."""
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
    given = {"environ": {}, "variables": {}, "var_files": (), **options}
    try:
        found: tuple[Diagnostic, ...] = load(folder, **given).warnings  # type: ignore[arg-type]
    except Problems as problems:
        found = problems.diagnostics
    found, read = placed(found, folder), sources()
    text = plain(diagnostic_lines(found, read))
    return text + json.dumps([diagnostic_json(item, read) for item in found], ensure_ascii=False) + repr(found)


MISTAKES = [
    "password: *X",
    "password: !X x",
    "password: !!X x",
    "password: &X",
    "password: @X",
    "password: `X",
    "password: %X",
    "password: X: y",
    "password: y: X",
    "password:\n    - X",
    "password:\n    X: y",
    "password:\n    y: X",
    "password:\n  X: y",
    "password:\n  X\n  usrname: y",
    "password: {X}",
    "password: {X: y}",
    "password: {y: X}",
    "password: [X, y]",
    "password: [y, X",
    "password: {y: X",
    'password: "X',
    "password: 'X",
    'password: "X" y',
    'password: "y" X',
    'password: "X\\q"',
    'password: "y\n    X',
    "password: |\n    X\n  y: z",
    "password: |\n  X",
    "password: |\n  X: y",
    "password: >-\n    y\n    X\n   - z",
    "password: |X\n    y",
    "password: y\n    X",
    "password: y\n    X: y",
    "password: y #X",
    "password: y\n  password: X",
    "password: X\n  password: y",
    "password: {fromEnv: X, y: z}",
    "password: {fromEnv: X/}",
    "password: {fromEnvironment: X}",
    "password: {fromFile: [X]}",
    "password: {fromDotenv: X}",
    "password: {fromDotenv: [X]}",
    "password: {fromDotenv: {file: [X], name: y}}",
    "password: {fromDotenv: {file: y, name: X/}}",
    "password: {fromSops: {file: y, pth: X}}",
    "password: {fromVault: y, X: z}",
    "password: {fromVaults: {path: X}}",
    "password: {fromKeyring: [y, X]}",
    "password: {fromCommand: X}",
    "password: {fromCommand: [y, X]}",
    "password: {fromCommand: [y, [X]]}",
    "password:\n    fromCommand:\n      - y\n      - X",
    "password:\n    fromCommand:\n    - y\n    - --token=X",
    "password:\n    fromCommand: [y,\n      X]",
    "password: ${X}",
    "password: ${X",
    "password: y${X}z",
    "password: ${var.X/}",
    "password: ${env.NOT_THERE}X",
    "? password\n  : X",
    "? X\n  : password",
    '"password": X: y',
    "'passwrd': X",
    "passwrd: X",
    "pass word: X",
    "PASSWORD: X",
    "password : X",
    "password:X",
    "password=X",
    "-password: X",
    "- password: X",
    "imageAuth: 'u:X'",
    "<<: {password: X}",
    "<<: *X",
    "<<: X",
    "extra: &p X\n  password: *p\n  username: *p",
    "token: X",
    "tokens: [{name: y, value: X}]",
    "url: https://u:X@host/",
    "username: https://u:X@host/\n  y: z",
    "username: y --token X",
    "# password: X\n  y: z",
    "\tpassword: X",
    " password: X",
    "    password: X",
    "password: 123456789012345678901234567890X\n  y: z",
]
NUMBERS = [
    "password: 9",
    "password: -9",
    "password: 0x9",
    "password: 9e999",
    "password: [9]",
    "password: {9: 9}",
]
MACHINES = [
    "env: X",
    "env: [X]",
    "env: [{name: y, value: X}]",
    "env:\n    - name: y\n      value: X",
    "env: {TOKEN=X}",
    "env: {A: {y: X}}",
    "env: {A: {X: y}}",
    "env: {A: [X]}",
    "env: {A: !X y}",
    "env: {A: *X}",
    "env:\n    A: |\n    X: [y",
    "env:\n    A: X: y",
    "env:\n    A=X",
    "env:\n    A: y\n   B: X",
    "env: {A: '${X}'}",
    "command: X: y",
    "command: [sh, X]",
    "command: run --token *X: y",
    "command: *X",
    "command: {run: X}",
    "command: run ${X}",
    "command: >\n    run\n   X",
    "entrypoint: !X y",
    "registryAuth: 'u:X'",
    "registryAuth: {user: u, password: X}",
    "registryAuth: {id: 'u:X', y: z}",
    "registryAuth: [X]",
    "registryLogin: {username: u, passwrd: X}",
    "registryLogin: 'u:X'",
    "registryLogin: [X]",
    "networkStorages: [{storage: 'u:X', mountPath: y}]",
    "image: 'https://u:X@hub/y z'",
    "imageAuth: 'u:X'\n  y: z",
]
VARIABLES = [
    "variables: {t: {secret: true, default: *X}}",
    "variables: {t: {secret: true, default: X: y}}",
    "variables:\n  t:\n    secret: true\n    default: X\n   y: z",
    "variables:\n  t:\n    default: X\n  secret: true",
    "variables:\n  t:\n    default: X\n   secret: true",
    "variables: {t: {secrt: true, default: !X y}}",
    "variables: {t: {secret: true, default: [X]}}",
    "variables: {t: {secret: true, type: integer, default: X}}",
    "variables: {t: X}",
    "variables: {t: {secret: X}}",
    "variables:\n  t:\n    secret: X y",
    "variables: [X]",
    "variables: {t: {secret: true}}\nenvironments: {dev: {variables: {t: *X}}}",
    "variables: {t: {secret: true}}\nenvironments: {dev: {variables: {tt: X, t: [}}}",
    "variables: {t: {secret: true}}\nenvironments:\n  dev:\n    variables:\n      t: X\n     y: z",
    "variables: {t: {secret: true}}\nenvironments: {dev: {patches: [{target: y, spec: {env: {A: X}}, y: z}]}}",
    "outputs: {y: X: z}",
    "outputs: {y: *X}",
    "policies: [{run: [y, --token, X], y: z}]",
]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_no_message_about_a_password_shows_it(tmp_path: Path, mistake: str) -> None:
    said = messages(tmp_path, {"a.yaml": AUTH + "  " + mistake.replace("X", CANARY) + "\n"})
    assert "a.yaml" in said
    assert CANARY not in said


@pytest.mark.parametrize("mistake", NUMBERS)
def test_no_message_about_a_password_shows_a_number(tmp_path: Path, mistake: str) -> None:
    said = messages(tmp_path, {"a.yaml": AUTH + "  " + mistake.replace("9", "98765432109876543210987") + "\n"})
    assert "a.yaml" in said
    assert "9876543" not in said


@pytest.mark.parametrize("mistake", MACHINES)
def test_no_message_about_a_machine_shows_what_may_be_secret(tmp_path: Path, mistake: str) -> None:
    said = messages(tmp_path, {"a.yaml": MACHINE + "  " + mistake.replace("X", CANARY) + "\n"})
    assert "a.yaml" in said
    assert CANARY not in said


@pytest.mark.parametrize("mistake", VARIABLES)
def test_no_message_about_a_project_file_shows_what_may_be_secret(tmp_path: Path, mistake: str) -> None:
    files = {"novita-infra.yaml": PROJECT + mistake.replace("X", CANARY) + "\n", "a.yaml": MACHINE}
    said = messages(tmp_path, files, environment="dev" if "dev" in mistake else "")
    assert "novita-infra.yaml" in said
    assert CANARY not in said


@pytest.mark.parametrize(
    "text", ["t: *X", "t: !X y", "t: [X]", "t: {X: y}", "X", "- X", "tt: X", "t: X: y", "t: 'X", "{t: X", "t: |\n X\nX"]
)
@pytest.mark.parametrize("declared", ["{secret: true}", "{secrt: true, type: integer}", "{type: integer, secret: yes}"])
def test_no_message_about_a_file_of_variables_shows_a_secret(tmp_path: Path, text: str, declared: str) -> None:
    given = tmp_path / "s.vars.yaml"
    given.write_text(text.replace("X", CANARY))
    files = {"novita-infra.yaml": f"{PROJECT}variables: {{t: {declared}}}\n", "a.yaml": MACHINE}
    assert CANARY not in messages(tmp_path, files, var_files=(given,))


@pytest.mark.parametrize("declared", ["{secret: true, type: integer}", "{secrt: true, type: integer}"])
@pytest.mark.parametrize("way", ["--var", "environment"])
def test_no_message_about_a_given_variable_shows_a_secret(tmp_path: Path, declared: str, way: str) -> None:
    files = {"novita-infra.yaml": f"{PROJECT}variables: {{t: {declared}}}\n", "a.yaml": MACHINE}
    options = {"--var": {"variables": {"t": CANARY, "tt": CANARY}}}
    environ = {"environ": {"NOVITA_INFRA_VAR_t": CANARY, "NOVITA_INFRA_VAR_tt": CANARY}}
    assert CANARY not in messages(tmp_path, files, **options.get(way, environ))


@pytest.mark.parametrize("kind", ["integer", "number", "boolean", "list", "map"])
@pytest.mark.parametrize("name", ["dbPassword", "HF_TOKEN", "apiKey"])
def test_no_message_about_a_variable_with_a_secret_name_shows_its_value(tmp_path: Path, name: str, kind: str) -> None:
    files = {"novita-infra.yaml": f"{PROJECT}variables: {{{name}: {{type: {kind}}}}}\n", "a.yaml": MACHINE}
    assert CANARY not in messages(tmp_path, files, variables={name: CANARY})
    assert CANARY not in messages(tmp_path, files, environ={f"NOVITA_INFRA_VAR_{name}": CANARY})


@pytest.mark.parametrize("value", ["*X", "!X y", '"X\\q"', "X, token: X", "[X]"])
def test_no_message_about_a_label_with_a_secret_name_shows_its_value(tmp_path: Path, value: str) -> None:
    labels = f"metadata: {{name: a, labels: {{token: {value.replace('X', CANARY)}}}}}"
    said = messages(tmp_path, {"a.yaml": MACHINE.replace("metadata: {name: a}", labels)})
    assert "a.yaml" in said
    assert CANARY not in said


# --- random damage ------------------------------------------------------------------------------------------------

FORMS = {
    "a password": AUTH + "  password: X\n  name: hub\n",
    "a quoted password": AUTH + '  password: "X"\n',
    "a password of lines": AUTH + "  password: |\n    y\n    X\n    z\n  name: hub\n",
    "an env": MACHINE + "  env:\n    A: X\n    B: 'X'\n    C: {fromEnv: HOME}\n  ports: [22/tcp]\n",
    "an env in brackets": MACHINE + '  env: {A: X, B: "X"}\n  command: run --token X\n',
    "a login": MACHINE + "  registryLogin:\n    username: u\n    password: X\n  gpuCount: 2\n",
    "JSON": json.dumps(
        {
            "apiVersion": "novita-infra/v1",
            "kind": "Instance",
            "metadata": {"name": "a"},
            "spec": {"product": {"gpu": "H100"}, "env": {"A": "X"}, "registryLogin": {"password": "X"}},
        }
    ),
    "indented JSON": json.dumps(
        {
            "apiVersion": "novita-infra/v1",
            "kind": "RegistryAuth",
            "metadata": {"name": "a"},
            "spec": {"username": "bob", "password": "X"},
        },
        indent=2,
    ),
    "two documents": f"{AUTH}  password: X\n---\n{MACHINE}  command: sh -c X\n",
}
MARKS = st.sampled_from([*"*&!@%`{}[]:'\"|>#-,?\t \n$", ": ", "- ", " #", "\n  ", "\n---\n", "${", "\u2028", "\x85"])
DAMAGE = st.tuples(
    st.sampled_from(["insert", "delete", "cut", "indent", "double", "swap"]), st.integers(0, 10**6), MARKS
)


def damaged(text: str, kind: str, place: int, mark: str) -> str:
    """The text with one more mistake in it. The name of no key changes, and no secret moves to another key."""
    lines = text.split("\n")
    number, at = place % len(lines), place % (len(text) + 1)
    match kind:
        case "insert":
            return text[:at] + mark + text[at:]
        case "delete":
            return text[:at] + text[at + 1 :] if text[at : at + 1] in set("*&!{}[]'\"|>#-, ") else text
        case "cut":
            return text[:at]
        case "indent":
            lines[number] = " " * (place % 5) + lines[number].lstrip()
        case "double":
            lines.insert(number, lines[number])
        case _:
            other = (number + 1) % len(lines)
            lines[number], lines[other] = lines[other], lines[number]
    return "\n".join(lines)


@pytest.mark.parametrize("form", FORMS)
@given(damage=st.lists(DAMAGE, min_size=1, max_size=3))
def test_no_damage_makes_a_message_show_a_secret(form: str, damage: list[tuple[str, int, str]]) -> None:
    text = FORMS[form].replace("X", CANARY)
    for kind, place, mark in damage:
        text = damaged(text, kind, place, mark)
    with TemporaryDirectory() as folder:
        said = messages(Path(folder), {"a.yaml": text})
    assert CANARY not in said


PROJECTS = {
    "a variable": PROJECT
    + "variables:\n  size: {type: integer, default: 3}\n  tok:\n    type: string\n    secret: true\n    default: X\n"
    "    description: of the hub\n  region:\n    default: eu\noutputs:\n  id: ${instance.a.id}\n",
    "environments": PROJECT
    + "variables:\n  tok: {type: string, secret: true, default: X}\n  region: {default: eu}\nenvironments:\n"
    "  dev:\n    variables: {tok: X, region: us}\n  prod:\n    variables:\n      region: here\n      tok: X\n",
    "a patch": PROJECT
    + "environments:\n  dev:\n    patches:\n      - target: instance.a\n        spec:\n"
    + "          env:\n            A: X\n          command: run X\n"
    + "        lifecycle: {protect: true}\n    budget: {perHour: 3}\n",
    "JSON": json.dumps(
        {
            "apiVersion": "novita-infra/v1",
            "kind": "Project",
            "metadata": {"name": "p"},
            "variables": {"a": {"default": "eu"}, "tok": {"secret": True, "default": "X"}},
            "environments": {"dev": {"variables": {"tok": "X"}}},
        },
        indent=2,
    ),
}


@pytest.mark.parametrize("form", PROJECTS)
@given(damage=st.lists(DAMAGE, min_size=1, max_size=2), environment=st.sampled_from(["", "dev"]))
def test_no_damage_of_a_project_file_makes_a_message_show_a_secret(
    form: str, damage: list[tuple[str, int, str]], environment: str
) -> None:
    text = PROJECTS[form].replace("X", CANARY)
    for kind, place, mark in damage:
        text = damaged(text, kind, place, mark)
    with TemporaryDirectory() as folder:
        said = messages(Path(folder), {"novita-infra.yaml": text, "a.yaml": MACHINE}, environment=environment)
    assert CANARY not in said


@pytest.mark.parametrize("form", FORMS)
def test_an_excerpt_of_a_public_field_is_shown_beside_a_secret(tmp_path: Path, form: str) -> None:
    text = FORMS[form].replace("kind: ", "kind: odd").replace('"kind": "', '"kind": "odd')
    said = messages(tmp_path, {"a.yaml": text.replace("X", CANARY)})
    assert "unknown kind" in said
    assert "odd" in said.split("unknown kind")[2]
