"""Each source of secrets: what it gives, and what each failure says."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from manifest_files import one, project_file, write
from secret_programs import calls, programs
from secret_projects import ALLOWED, fetched, machine
from vault_server import TOKEN, VaultServer, vault_server

from novita_infra.model.diagnostics import Problems
from novita_infra.model.values import Secret

pytestmark = pytest.mark.process

KEYS = {"training": {"token": "v4ult-token", "port": 5432, "on": True, "list": ["a"], "none": None, "empty": ""}}


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> Iterator[VaultServer]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with vault_server({"secret/team/a b": KEYS["training"], "kv/training": KEYS["training"]}) as server:
        yield server


def taken(folder: Path, pointer: str, environ: Mapping[str, str], *, files: Mapping[str, str] | None = None) -> Any:
    """What the one variable of a machine is, or the message."""
    write(folder, {"novita-infra.yaml": ALLOWED, "a.yaml": machine(f"{{A: {pointer}}}"), **(files or {})})
    try:
        return one(fetched(folder, environ), "instance.a").spec["env"]["A"]
    except Problems as problems:
        return "\n".join(map(str, problems.diagnostics))


def said(text: str) -> str:
    """The message at the place of the pointer."""
    return f"a.yaml:8:12: {text}"


# --- commands --------------------------------------------------------------------------------------------------------


def test_a_command_gives_its_output_without_its_last_line_end(tmp_path: Path) -> None:
    environ = programs(tmp_path / "bin")
    found = taken(tmp_path, "{fromCommand: [op, read, 'op://a/b c', $HOME]}", environ)
    assert (found.value, found.source) == ("value-of-op://a/b c", "command:op read 'op://a/b c' '$HOME'")


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("silent", "the command op printed nothing"),
        ("bytes", "the command op printed something else than UTF-8 text"),
        ("flood", "the command op: it printed more than 1 MB"),
        ("failing", "the command op ended with exit code 6: no session for (secret), (secret)"),
    ],
)
def test_a_command_that_gives_no_secret_is_one_message(tmp_path: Path, word: str, message: str) -> None:
    environ = {**programs(tmp_path / "bin"), "OP_TOKEN": "s3cret-of-the-session"}
    assert taken(tmp_path, f"{{fromCommand: [op, {word}]}}", environ) == said(message)


def test_a_program_that_does_not_exist_or_stands_in_the_project_is_not_run(tmp_path: Path) -> None:
    write(tmp_path, {"op": "#!/bin/sh\necho own\n"})
    (tmp_path / "op").chmod(0o755)
    for path in ("", ".", "/nowhere"):
        words = "there is no program op on PATH; for the file of the project, write ./op"
        assert taken(tmp_path, "{fromCommand: [op]}", {"PATH": path}) == said(words)
    (tmp_path / "op").unlink()
    hint = "install it, or look at PATH; a file of the project is ./FOLDER/NAME"
    assert taken(tmp_path, "{fromCommand: [op]}", {"PATH": "/nowhere"}) == said(f"there is no program op; {hint}")


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        (None, 0, "there is no file ./get; install it, or look at PATH; a file of the project is ./FOLDER/NAME"),
        ("#!/bin/sh\necho a\n", 0o644, "./get is not executable; make it so: chmod +x ./get"),
        (
            "nonsense",
            0o755,
            "./get cannot be run: Exec format error; its first line names the program that runs it, such",
        ),
        ("#!/no/sh\n", 0o755, "./get cannot be run: No such file or directory; the program in its first line does not"),
    ],
)
def test_a_program_that_cannot_be_run_says_what_to_type(
    tmp_path: Path, text: str | None, mode: int, words: str
) -> None:
    if text is not None:
        write(tmp_path, {"get": text})
        (tmp_path / "get").chmod(mode)
    files = {"novita-infra.yaml": project_file("secretCommands: [./get]\n")}
    assert taken(tmp_path, "{fromCommand: [./get]}", {}, files=files).startswith(said(words))


def test_a_program_of_the_project_runs_where_it_is_allowed_by_its_path(tmp_path: Path) -> None:
    write(tmp_path, {"tools/get": "#!/bin/sh\npwd\n"})
    (tmp_path / "tools" / "get").chmod(0o755)
    files = {"novita-infra.yaml": project_file("secretCommands: [./tools/get]\n")}
    found = taken(tmp_path, "{fromCommand: [./tools/get]}", {}, files=files)
    assert (found.value, found.source) == (str(tmp_path.resolve()), "command:./tools/get")


def test_a_command_gets_the_environment_without_the_key_of_novita(tmp_path: Path) -> None:
    environ = {**programs(tmp_path / "bin"), "NOVITA_API_KEY": "sk", "NOVITA_INFRA_VAR_a": "b", "OP_TOKEN": "own"}
    found = taken(tmp_path, "{fromCommand: [op, environment]}", environ)
    names = {line.partition("=")[0] for line in found.value.splitlines()}
    assert {"OP_TOKEN", "PATH"} <= names
    assert not {"NOVITA_API_KEY", "NOVITA_INFRA_VAR_a"} & names


@pytest.mark.parametrize(
    ("programs_of_file", "variable", "runs"),
    [
        ("[op]", None, True),
        ("[]", None, False),
        ("[sh]", None, False),
        ("[]", "op", True),
        ("[]", "pass, op", True),
        ("[op]", "", False),
        ("[op]", "pass", False),
    ],
)
def test_only_a_command_that_is_allowed_is_run(
    tmp_path: Path, programs_of_file: str, variable: str | None, runs: bool
) -> None:
    environ = programs(tmp_path / "bin")
    if variable is not None:
        environ["NOVITA_INFRA_ALLOW_COMMANDS"] = variable
    files = {"novita-infra.yaml": project_file(f"secretCommands: {programs_of_file}\n")}
    found = taken(tmp_path, "{fromCommand: [op, read]}", environ, files=files)
    assert isinstance(found, Secret) == runs
    assert bool(calls(tmp_path / "bin")) == runs
    if not runs:
        hint = "allow it in novita-infra.yaml: secretCommands: [op]"
        if variable is not None:
            hint = f"NOVITA_INFRA_ALLOW_COMMANDS is set, so that only the programs in it count: {variable or 'none'}"
        assert found == said(f"the program op may not be run for a secret; {hint}")


def test_a_secret_argument_is_in_no_name_of_a_source(tmp_path: Path) -> None:
    found = taken(tmp_path, "{fromCommand: [op, read, --token, sk_0123456789abcdef0123]}", programs(tmp_path / "bin"))
    assert found.source == "command:op read --token (secret)"


# --- SOPS ------------------------------------------------------------------------------------------------------------

PLAIN = json.dumps({"registry": {"password": "p4ss", "ports": [1.10, 22], "on": False}, "empty": ""})


def test_a_sops_file_is_decrypted_once_for_all_its_values(tmp_path: Path) -> None:
    environ = {**programs(tmp_path / "bin"), "SOPS_AGE_KEY": "AGE-KEY"}
    sources = {
        "A": "{fromSops: {file: s.enc.json, path: registry.password}}",
        "B": "{fromSops: {file: ./s.enc.json, path: registry.ports.0}}",
        "C": "{fromSops: {file: s.enc.json, path: registry.on}}",
    }
    env = ", ".join(f"{name}: {pointer}" for name, pointer in sources.items())
    write(tmp_path, {"a.yaml": machine(f"{{{env}}}"), "s.enc.json": PLAIN})
    spec = one(fetched(tmp_path, environ), "instance.a").spec["env"]
    assert [spec[name].value for name in "ABC"] == ["p4ss", "1.1", "false"]
    assert spec["A"].source == "sops:s.enc.json#registry.password"
    assert calls(tmp_path / "bin") == [f"sops --decrypt --output-type json {tmp_path.resolve()}/s.enc.json"]


@pytest.mark.parametrize(
    ("pointer", "message"),
    [
        (
            "{file: no.json, path: a}",
            "the SOPS file no.json cannot be read: there is no such file; the path is relative to the "
            "folder of this manifest",
        ),
        (
            "{file: s.json, path: registry.pasword}",
            'the SOPS file s.json has no registry.pasword; did you mean "password"?',
        ),
        ("{file: s.json, path: registry.ports.2}", "the SOPS file s.json has no registry.ports.2"),
        ("{file: s.json, path: registry}", "registry of the SOPS file s.json is a map, not a text"),
        ("{file: s.json, path: registry.ports}", "registry.ports of the SOPS file s.json is a list, not a text"),
        ("{file: s.json, path: empty}", "empty of the SOPS file s.json is empty"),
        ("{file: bad.json, path: a}", "sops --decrypt bad.json gave something else than JSON"),
    ],
)
def test_a_sops_value_that_is_none_is_one_message(tmp_path: Path, pointer: str, message: str) -> None:
    environ = {**programs(tmp_path / "bin"), "SOPS_AGE_KEY": "AGE-KEY"}
    files = {"s.json": PLAIN, "bad.json": "{'s3cret"}
    assert taken(tmp_path, f"{{fromSops: {pointer}}}", environ, files=files) == said(message)


def test_sops_that_fails_or_is_not_installed_is_one_message(tmp_path: Path) -> None:
    environ = programs(tmp_path / "bin")
    pointer, files = "{fromSops: {file: s.json, path: empty}}", {"s.json": PLAIN}
    words = (
        f"sops --decrypt s.json ended with exit code 128: no key decrypts the data key of {tmp_path.resolve()}/s.json"
    )
    assert taken(tmp_path, pointer, environ, files=files) == said(words)
    words = "there is no program sops; install SOPS: https://getsops.io"
    assert taken(tmp_path, pointer, {"PATH": "/nowhere"}) == said(words)


# --- the keyring -----------------------------------------------------------------------------------------------------

KEYRING = """
def get_password(service, name):
    if service == "locked":
        raise RuntimeError("the keyring is locked")
    return {("novita", "hub"): "k3yring-password"}.get((service, name))
"""


def test_the_keyring_gives_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "packages", {"keyring.py": KEYRING})
    monkeypatch.syspath_prepend(tmp_path / "packages")
    monkeypatch.delitem(sys.modules, "keyring", raising=False)
    found = taken(tmp_path, "{fromKeyring: {service: novita, name: hub}}", {})
    assert (found.value, found.source) == ("k3yring-password", "keyring:novita/hub")
    words = "the keyring has no password of gone for novita; store it: keyring set novita gone"
    assert taken(tmp_path, "{fromKeyring: {service: novita, name: gone}}", {}) == said(words)
    words = "the keyring cannot be read: the keyring is locked"
    assert taken(tmp_path, "{fromKeyring: {service: locked, name: hub}}", {}) == said(words)
    monkeypatch.delitem(sys.modules, "keyring", raising=False)


def test_a_keyring_that_is_not_installed_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "packages", {"keyring.py": "raise ImportError"})
    monkeypatch.syspath_prepend(tmp_path / "packages")
    monkeypatch.delitem(sys.modules, "keyring", raising=False)
    words = "the package for the system's keyring is not installed; pip install 'novita-infra[keyring]'"
    assert taken(tmp_path, "{fromKeyring: {service: novita, name: hub}}", {}) == said(words)


# --- vaults ----------------------------------------------------------------------------------------------------------


def test_a_path_of_a_vault_is_asked_once_for_all_its_fields(tmp_path: Path, vault: VaultServer) -> None:
    fields = {"A": "token", "B": "port", "C": "on"}
    env = ", ".join(f"{name}: {{fromVault: {{path: team/a b, field: {field}}}}}" for name, field in fields.items())
    write(tmp_path, {"a.yaml": machine(f"{{{env}}}")})
    environ = {
        "BAO_ADDR": f"{vault.address}/",
        "VAULT_ADDR": "http://other.invalid",
        "VAULT_TOKEN": TOKEN,
        "VAULT_NAMESPACE": "n",
    }
    spec = one(fetched(tmp_path, environ), "instance.a").spec["env"]
    assert [spec[name].value for name in "ABC"] == ["v4ult-token", "5432", "true"]
    assert spec["A"].source == "vault:secret/team/a b#token"
    ((path, headers),) = vault.asked
    assert path == "/v1/secret/data/team/a%20b"
    assert headers["X-Vault-Namespace"] == "n"


def test_the_token_that_a_login_left_is_used(tmp_path: Path, vault: VaultServer) -> None:
    write(tmp_path, {"home/.vault-token": f"{TOKEN}\n"})
    environ = {"VAULT_ADDR": vault.address, "HOME": str(tmp_path / "home")}
    assert taken(tmp_path, "{fromVault: {mount: kv, path: training, field: token}}", environ).value == "v4ult-token"


@pytest.mark.parametrize(
    ("pointer", "environ", "message"),
    [
        (
            "{path: none, field: a}",
            {},
            "there is no secret secret/none of the vault; it may be deleted: vault kv get",
        ),
        (
            "{mount: kv, path: training, field: tokn}",
            {},
            'the secret kv/training of the vault has no field tokn; did you mean "token"?',
        ),
        (
            "{mount: kv, path: training, field: list}",
            {},
            "list of the secret kv/training of the vault is a list, not a text",
        ),
        ("{mount: kv, path: training, field: none}", {}, "none of the secret kv/training of the vault is empty"),
        (
            "{mount: kv, path: training, field: token}",
            {"VAULT_TOKEN": "wrong-token"},
            "the vault does not let this token read the secret kv/training: permission denied; "
            "(secret); look at the token (BAO_TOKEN or VAULT_TOKEN), its policies and the namespace",
        ),
        ("{path: a, field: b}", {"VAULT_TOKEN": ""}, "there is no token for the vault; set BAO_TOKEN or VAULT_TOKEN"),
        (
            "{path: a, field: b}",
            {"VAULT_TOKEN": "tökn"},
            "the token or the namespace of the vault has a character that no header holds",
        ),
        (
            "{path: a, field: b}",
            {"VAULT_ADDR": ""},
            "there is no address of a vault; set BAO_ADDR or VAULT_ADDR to the address of the server, "
            "such as https://vault.example.com:8200",
        ),
        (
            "{path: a, field: b}",
            {"VAULT_ADDR": "vault:8200"},
            "BAO_ADDR or VAULT_ADDR holds no address of a server; set BAO_ADDR or VAULT_ADDR to the "
            "address of the server, such as https://vault.example.com:8200",
        ),
        (
            "{path: a, field: b}",
            {"VAULT_ADDR": "http://h:99999"},
            "BAO_ADDR or VAULT_ADDR holds no address of a server; set BAO_ADDR or VAULT_ADDR to the "
            "address of the server, such as https://vault.example.com:8200",
        ),
    ],
)
def test_a_vault_that_gives_no_secret_is_one_message(
    tmp_path: Path, vault: VaultServer, pointer: str, environ: dict[str, str], message: str
) -> None:
    assert taken(tmp_path, f"{{fromVault: {pointer}}}", {**vault.environ, **environ}) == said(message)


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (
            307,
            b"",
            "the vault answers with a redirect, which is not followed; set BAO_ADDR or VAULT_ADDR to "
            "the address of the active server",
        ),
        (
            503,
            b'{"errors": ["Vault is sealed"]}',
            "the vault answers the secret secret/a of the vault with the HTTP status 503: Vault is sealed",
        ),
        (500, b"[1]", "the vault answers the secret secret/a of the vault with the HTTP status 500"),
        (200, b"<html>", "the vault gave something else than JSON"),
        (
            200,
            b'{"data": {"b": "kv1"}}',
            "the secret secret/a of the vault has no data of the KV engine version 2; look at the "
            "mount: vault secrets list",
        ),
        (200, b"[" * 100_000, "the vault gave something else than JSON"),
    ],
)
def test_an_answer_that_is_none_of_a_vault_is_one_message(
    tmp_path: Path, vault: VaultServer, status: int, body: bytes, message: str
) -> None:
    vault.status, vault.body = status, body
    assert taken(tmp_path, "{fromVault: {path: a, field: b}}", vault.environ) == said(message)
