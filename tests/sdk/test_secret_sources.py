"""The real OpenBao and the real package `keyring` as sources of secrets."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from manifest_files import manifest, one, project_file, write
from processes import environment
from secret_projects import fetched, machine

from novita_infra.model.diagnostics import Problems

pytestmark = pytest.mark.sdk

CLI = "import sys; sys.path.append(sys.argv.pop(1)); from novita_infra.cli import main; main()"


class Bao:
    """A development server of OpenBao, with TLS, and its command."""

    def __init__(self, program: Path, environ: Mapping[str, str]) -> None:
        self._program, self.environ = program, dict(environ)

    def run(self, *words: str, **settings: str) -> str:
        environ = {**os.environ, **self.environ, **settings}
        ended = subprocess.run(
            [self._program, *words], env=environ, capture_output=True, text=True, check=False, timeout=60
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def taken(self, folder: Path, pointer: str, **settings: str) -> str:
        """The secret that the pointer means, or the message."""
        write(folder, {"a.yaml": machine(f"{{A: {{fromVault: {pointer}}}}}")})
        try:
            secret = one(fetched(folder, {**self.environ, **settings}), "instance.a").spec["env"]["A"]
        except Problems as problems:
            return problems.diagnostics[0].summary
        return str(secret.value)


@pytest.fixture(scope="module")
def bao(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bao]:
    home = tmp_path_factory.mktemp("bao")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        listen = f"127.0.0.1:{free.getsockname()[1]}"
    program = python.parent / "bao"
    words = ["server", "-dev", "-dev-tls", f"-dev-tls-cert-dir={home}", f"-dev-listen-address={listen}"]
    server = subprocess.Popen(
        [program, *words, "-dev-root-token-id=root", "-dev-no-store-token"],
        env={**environment(), "HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert server.stdout is not None
        seen = ""
        while "Root Token: root" not in seen:
            line = server.stdout.readline()
            assert line, seen
            seen += line
        authority = next(home.glob("*ca.pem"))
        environ = {
            "BAO_ADDR": f"https://{listen}",
            "BAO_TOKEN": "root",
            "BAO_CACERT": str(authority),
            "HOME": str(home),
        }
        yield Bao(program, environ)
    finally:
        server.terminate()
        server.wait(timeout=30)
        if server.stdout is not None:
            server.stdout.close()


def test_openbao_gives_the_newest_version_of_a_field(bao: Bao, tmp_path: Path) -> None:
    bao.run("kv", "put", "-mount=secret", "team/a hub", "password=old")
    bao.run("kv", "put", "-mount=secret", "team/a hub", 'password=n3w+/=%20 "it\'s"')
    assert bao.taken(tmp_path, "{path: team/a hub, field: password}") == 'n3w+/=%20 "it\'s"'
    bao.run("kv", "put", "-mount=secret", "hub", "password=gone")
    bao.run("kv", "delete", "-mount=secret", "hub")
    assert bao.taken(tmp_path, "{path: hub, field: password}") == "there is no secret secret/hub of the vault"


def test_openbao_keeps_namespaces_and_mounts_apart(bao: Bao, tmp_path: Path) -> None:
    bao.run("namespace", "create", "team")
    bao.run("secrets", "enable", "-path=kv", "-version=2", "kv", BAO_NAMESPACE="team")
    bao.run("kv", "put", "-mount=kv", "hub", "password=of-the-team", BAO_NAMESPACE="team")
    pointer = "{mount: kv, path: hub, field: password}"
    assert bao.taken(tmp_path, pointer, BAO_NAMESPACE="team") == "of-the-team"
    assert "hub" in bao.taken(tmp_path, pointer)


def test_openbao_refuses_a_token_without_the_right(bao: Bao, tmp_path: Path) -> None:
    token = json.loads(bao.run("token", "create", "-policy=default", "-format=json"))["auth"]["client_token"]
    message = bao.taken(tmp_path, "{path: hub, field: password}", BAO_TOKEN=token)
    assert message.startswith("the vault does not let this token read the secret secret/hub")
    assert "permission denied" in message


def test_a_mount_of_version_1_of_openbao_is_explained(bao: Bao, tmp_path: Path) -> None:
    bao.run("secrets", "enable", "-path=old", "-version=1", "kv")
    bao.run("kv", "put", "-mount=old", "data/hub", "password=of-version-1")
    message = bao.taken(tmp_path, "{mount: old, path: hub, field: password}")
    assert message == "the secret old/hub of the vault has no data of the KV engine version 2"


def test_openbao_with_another_authority_is_not_trusted(bao: Bao, tmp_path: Path) -> None:
    message = bao.taken(tmp_path, "{path: hub, field: password}", BAO_CACERT="")
    assert message.startswith("the vault: the certificate of 127.0.0.1")


def test_the_package_keyring_gives_what_it_stored(python: Path, tmp_path: Path) -> None:
    settings = {**environment(), "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data")}
    settings |= {"PYTHON_KEYRING_BACKEND": "keyrings.alt.file.PlaintextKeyring"}
    words = [str(python), "-m", "keyring", "set", "novita", "hub"]
    subprocess.run(words, env=settings, input="k3yring-password\n", text=True, check=True, timeout=60)
    auth = manifest("RegistryAuth", "hub", "  username: me\n  password: {fromKeyring: {service: novita, name: hub}}\n")
    write(tmp_path / "project", {"novita-infra.yaml": project_file(), "a.yaml": auth})
    site = next((python.parents[1] / "lib").glob("python*/site-packages"))
    for words, code in ((["apply", "--auto-approve"], 0), (["plan", "--detailed-exitcode"], 0)):
        ended = subprocess.run(
            [sys.executable, "-c", CLI, str(site), *words, "--sim"],
            cwd=tmp_path / "project",
            env=settings,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert ended.returncode == code, ended.stderr
        assert "k3yring-password" not in ended.stdout + ended.stderr
