"""Access to machines over HTTP: the real ssh and scp against a real sshd, where the machine is said to be."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import forking
import httpx
import pytest
from processes import COMMAND, environment, serving, wait_until
from servers import free_port
from ssh_server import SshServer, ssh_server

pytestmark = pytest.mark.process

FLEET = """\
apiVersion: novita-infra/v1
kind: Instance
metadata: {name: web}
spec: {image: nginx, product: {gpu: RTX 4090}, gpuCount: 1, rootDiskGb: 20, ports: [80/http]}
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("access")
    (folder / "fleet.yaml").write_text(FLEET)
    return folder


@pytest.fixture(scope="module")
def cloud(folder: Path) -> Iterator[str]:
    """The address of a served simulator, in which the machine of the folder runs."""
    with serving(time_scale=200) as (address, _):
        applied = _run(folder, address, "apply", "--auto-approve")
        assert applied.returncode == 0, applied.stderr
        yield address


@pytest.fixture
def run(folder: Path, cloud: str) -> Run:
    """Runs a command about the machine."""
    return lambda *words, **more: _run(folder, cloud, *words, **more)


@pytest.fixture(scope="module")
def sshd() -> Iterator[SshServer]:
    with ssh_server() as server:
        yield server


def _run(folder: Path, cloud: str, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return forking.run(
        forking.COMMAND,
        *words,
        cwd=folder,
        env={**environment(), "NOVITA_API_URL": cloud, "NOVITA_API_KEY": "sk_test", **more},
        stdin=subprocess.DEVNULL,
        text=True,
    )


def _machine(cloud: str) -> str:
    """The id of the machine."""
    return str(httpx.get(f"{cloud}/_sim/state").json()["objects"]["instances"][0]["id"])


def _call(cloud: str, action: str) -> None:
    """Starts or stops the machine."""
    address = f"{cloud}/gpu-instance/openapi/v1/gpu/instance/{action}"
    body = {"instanceId": _machine(cloud)}
    httpx.post(address, json=body, headers={"Authorization": "Bearer sk_test"}).raise_for_status()


def test_ssh_runs_a_command_and_ends_with_its_exit_code(run: Run, sshd: SshServer, cloud: str, folder: Path) -> None:
    said = run("ssh", *sshd.flags, "instance.web", "--", "echo from there; exit 7")
    assert (said.returncode, said.stdout) == (7, "from there\n"), said.stderr
    known = (folder / ".novita-infra" / "known_hosts").read_text()
    assert known.startswith(f"{_machine(cloud)} ssh-ed25519 ")


def test_ssh_gets_neither_the_key_nor_our_variables(run: Run, sshd: SshServer) -> None:
    flags = ["-o", "SendEnv=*", "-o", "PermitLocalCommand=yes", "-o", "LocalCommand=env | cut -d= -f1"]
    said = run("ssh", *flags, *sshd.flags, "instance.web", "--", "true", NOVITA_INFRA_VAR_password="of-mine")
    assert said.returncode == 0
    names = said.stdout.splitlines()
    assert "PATH" in names
    assert [name for name in names if name.startswith(("NOVITA_API_KEY", "NOVITA_INFRA_VAR_"))] == []


def test_another_host_behind_the_same_machine_is_refused(run: Run, sshd: SshServer) -> None:
    assert run("ssh", *sshd.flags, "instance.web", "--", "true").returncode == 0
    with ssh_server() as other:
        refused = run("ssh", *other.flags, "instance.web", "--", "true")
    assert refused.returncode == 255
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in refused.stderr


def test_cp_copies_there_and_back(run: Run, sshd: SshServer, folder: Path, tmp_path: Path) -> None:
    (folder / "a b").mkdir()
    (folder / "a b" / "weights").write_text("of the model")
    there = tmp_path / "there"
    there.mkdir()
    sent = run("cp", "-r", "-q", *sshd.flags, "a b", f"instance.web:{there}/")
    assert sent.returncode == 0, sent.stderr
    assert (there / "a b" / "weights").read_text() == "of the model"
    fetched = run("cp", "-q", *sshd.flags, f"instance.web:{there}/a b/weights", str(tmp_path / "back"))
    assert fetched.returncode == 0, fetched.stderr
    assert (tmp_path / "back").read_text() == "of the model"


def test_port_forward_leads_to_the_machine_until_it_is_interrupted(folder: Path, cloud: str, sshd: SshServer) -> None:
    with _listening() as (listener, remote):
        local = free_port()
        process = subprocess.Popen(
            [*COMMAND, "port-forward", *sshd.flags, "instance.web", f"{local}:{remote}"],
            cwd=folder,
            env={**environment(), "NOVITA_API_URL": cloud, "NOVITA_API_KEY": "sk_test"},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stderr is not None
            assert process.stderr.readline() == (
                f"Forwarding 127.0.0.1:{local} to port {remote} of instance.web; Ctrl-C ends it.\n"
            )
            wait_until(lambda: _greeted(local, listener), "the port leads to the machine")
            process.send_signal(signal.SIGINT)
            assert process.wait(20) in {-signal.SIGINT, 255}
        finally:
            process.kill()
            process.communicate()


@contextmanager
def _listening() -> Iterator[tuple[socket.socket, int]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        yield listener, listener.getsockname()[1]


def _greeted(port: int, listener: socket.socket) -> bool:
    """Whether a connection to the port comes out at the listener."""
    try:
        connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    except ConnectionRefusedError:
        return False
    with connection, listener.accept()[0] as accepted:
        accepted.sendall(b"hello")
        connection.settimeout(20)
        return connection.recv(5) == b"hello"


def test_the_configuration_serves_every_program_that_uses_ssh(
    run: Run, sshd: SshServer, cloud: str, tmp_path: Path
) -> None:
    file = tmp_path / "a b" / "hosts"
    file.parent.mkdir()
    written = run("ssh-config", "--out", str(file))
    assert (written.returncode, written.stdout) == (0, "")
    assert written.stderr == f'Wrote 1 host. To include the file, begin ~/.ssh/config with: Include "{file}"\n'
    for name in ("instance.web", _machine(cloud)):
        words = ["ssh", "-F", str(file), *sshd.options, name, "echo as $USER"]
        said = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
        assert (said.returncode, said.stdout) == (0, f"as {sshd.user}\n"), said.stderr
    (found,) = json.loads(run("ssh-config", "--json").stdout)
    asked = subprocess.run(["ssh", "-G", "-F", file, "instance.web"], capture_output=True, text=True, check=True)
    settings = dict(line.split(" ", 1) for line in asked.stdout.splitlines() if " " in line)
    assert settings["hostname"] == found["host"]
    assert settings["port"] == str(found["port"])
    assert settings["user"] == found["user"]
    assert settings["hostkeyalias"] == _machine(cloud)
    assert settings["stricthostkeychecking"] == "accept-new"
    assert f'"{settings["userknownhostsfile"]}"' == found["options"]["UserKnownHostsFile"]


def test_a_machine_that_starts_is_waited_for(run: Run, sshd: SshServer, cloud: str) -> None:
    _call(cloud, "stop")
    httpx.post(f"{cloud}/_sim/advance", json={"seconds": 600}).raise_for_status()
    stopped = run("ssh", *sshd.flags, "instance.web", "--", "true")
    assert (stopped.returncode, stopped.stderr) == (
        1,
        "error: instance.web is stopped; start it: novita-infra instance start instance.web\n",
    )
    _call(cloud, "start")
    waited = run("ssh", "--wait", *sshd.flags, "instance.web", "--", "echo", "here")
    assert (waited.returncode, waited.stdout) == (0, "here\n"), waited.stderr


def test_without_the_program_it_says_what_to_install(run: Run, tmp_path: Path) -> None:
    assert os.environ["PATH"]
    missing = run("ssh", "instance.web", PATH=str(tmp_path))
    assert (missing.returncode, missing.stderr) == (
        1,
        "error: the program ssh is not installed; install OpenSSH's client: apt-get install openssh-client, "
        "or brew install openssh\n",
    )
