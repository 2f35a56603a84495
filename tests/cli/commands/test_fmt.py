"""`fmt`: formats the files of a project, or says which it would change."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

Invoke = Callable[..., Result]

UGLY = "apiVersion: novita-infra/v1\nkind:   VPC\nmetadata: {name:  net}   # kept\nspec:\n    cluster: a\n"
NEAT = "apiVersion: novita-infra/v1\nkind: VPC\nmetadata: {name: net}    # kept\nspec:\n  cluster: a\n"


def test_files_are_written_and_named(run: Invoke, project: Path) -> None:
    (project / "net").mkdir()
    (project / "net" / "vpc.yaml").write_bytes(UGLY.replace("\n", "\r\n").encode())
    (project / "net" / "vpc.yaml").chmod(0o640)
    (project / "ignored.json").write_text('{"apiVersion":   "novita-infra/v1"}')
    ended = run("fmt")
    assert (ended.exit_code, ended.stdout, ended.stderr) == (0, "net/vpc.yaml\n", "")
    assert (project / "net" / "vpc.yaml").read_bytes() == NEAT.encode()
    assert stat.S_IMODE((project / "net" / "vpc.yaml").stat().st_mode) == 0o640
    assert [*(project / "net").iterdir()] == [project / "net" / "vpc.yaml"]
    again = run("fmt", "--check")
    assert (again.exit_code, again.stdout) == (0, "Every file is formatted.\n")


def test_check_writes_nothing_and_exits_with_2(run: Invoke, project: Path) -> None:
    (project / "vpc.yaml").write_text(UGLY)
    ended = run("fmt", "--check", "--diff", "--json")
    assert ended.exit_code == 2
    (row,) = json.loads(ended.stdout)
    assert row["file"] == "vpc.yaml"
    assert row["diff"][1:3] == [" apiVersion: novita-infra/v1", "-kind:   VPC"]
    assert (project / "vpc.yaml").read_text() == UGLY


def test_a_difference_shows_no_secret(run: Invoke, project: Path) -> None:
    (project / "auth.yaml").write_text(
        "apiVersion: novita-infra/v1\nkind: RegistryAuth\nmetadata: {name:  a}\n"
        "spec: {username: u, password: s3cr3t-word}\n"
    )
    ended = run("fmt", "--diff")
    assert "-metadata: {name:  a}" in ended.stdout
    assert "s3cr3t-word" not in ended.output
    assert "password: s3cr3t-word" in (project / "auth.yaml").read_text()


def test_a_file_with_an_error_is_reported_and_the_others_are_formatted(run: Invoke, project: Path) -> None:
    (project / "bad.yaml").write_text("a: [\n")
    (project / "vpc.yaml").write_text(UGLY)
    ended = run("fmt")
    assert (ended.exit_code, ended.stdout) == (1, "vpc.yaml\n")
    assert "bad.yaml:2:1" in ended.stderr
    assert (project / "vpc.yaml").read_text() == NEAT
    assert (run("fmt").stdout, run("fmt", "nowhere").exit_code) == ("", 1)


def test_a_named_file_is_formatted_and_a_link_stays_a_link(run: Invoke, project: Path) -> None:
    (project / "prod.vars.yaml").write_text("size:   1\n")
    (project / "novita-infra.yaml").write_text(
        "kind:   Project\napiVersion: novita-infra/v1\nmetadata: {name: small}\n"
    )
    (project / "real").write_text(UGLY)
    (project / "link.yaml").symlink_to("real")
    assert run("fmt", "prod.vars.yaml").stdout == "prod.vars.yaml\n"
    assert run("fmt", "novita-infra.yaml").stdout == "novita-infra.yaml\n"
    assert run("fmt").stdout == "link.yaml\n"
    assert (project / "link.yaml").is_symlink()
    assert (project / "real").read_text() == NEAT


def test_ignored_files_are_left_as_they_are(run: Invoke, project: Path) -> None:
    (project / "novita-infra.yaml").write_text(
        "apiVersion: novita-infra/v1\nkind: Project\nmetadata: {name: small}\nignore: [charts/]\n"
    )
    (project / "charts").mkdir()
    (project / "charts" / "values.yaml").write_text("a:   1\n")
    assert run("fmt").stdout == "Every file is formatted.\n"


SECRETS = """\
apiVersion: novita-infra/v1
kind:   Instance
metadata: {name:  g}
spec:
    env:   {A:  "1", URL: "https://user:hunter22@host/x", API_TOKEN: hunter2222, KEY: {fromEnv:  HF}}
    command:   |
        echo  hi   # H100 80GB
    registryLogin:  {password:  hunter22}
    pasword:   hunter22
---
apiVersion: novita-infra/v1
kind: RegistryAuth
metadata: {name:  hub}
spec: {username: u, password:  hunter22}
"""
VARIABLES = """\
apiVersion: novita-infra/v1
kind: Project
metadata: {name:  small}
variables:
    size:  {default:   20}
    pass:  {default:   hunter22, sensitive: true}
environments:
    dev: {variables: {size:   30, pass:  hunter22}}
outputs: {size:   "${var.size}", all:  text}
"""


def test_a_difference_masks_secrets_and_nothing_else(run: Invoke, project: Path) -> None:
    (project / "secrets.yaml").write_text(SECRETS)
    (project / "novita-infra.yaml").write_text(VARIABLES)
    ended = run("fmt", "--check", "--diff")
    assert "hunter" not in ended.output
    added = [text.removeprefix("+") for text in ended.stdout.splitlines() if text.startswith("+")]
    assert "  size: {default: 20}" in added
    assert "  pass: {default: ********, sensitive: true}" in added
    assert "  dev: {variables: {size: 30, pass: ********}}" in added
    assert 'outputs: {size: "${var.size}", all: text}' in added
    assert '  env: {A: "1", URL: "https://user:********@host/x", API_TOKEN: ********, KEY: {fromEnv: HF}}' in added
    assert "    echo  hi   # H100 80GB" in added
    assert "  pasword: ********" in added
    assert "spec: {username: u, password: ********}" in added
