"""A real sshd on the loopback, with keys of its own, which lets in the user who runs the tests."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from servers import CannotStart, Running, free_port, missing


@dataclass(frozen=True)
class SshServer:
    """A running sshd."""

    port: int
    user: str
    identity: Path
    """The file of the key that opens it."""

    @property
    def flags(self) -> list[str]:
        """The flags that lead ssh here, wherever the API says that the machine is, without settings of the user."""
        return [*self.options, "-F", "none"]

    @property
    def options(self) -> list[str]:
        """The flags that lead ssh here."""
        options = {"HostName": "127.0.0.1", "Port": self.port, "User": self.user, "IdentitiesOnly": "yes"}
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return [*words, "-i", str(self.identity)]


@contextmanager
def ssh_server() -> Iterator[SshServer]:
    """A server for one test. Where there is no sshd, the test fails in CI, and is skipped elsewhere."""
    folder = Path(tempfile.mkdtemp(prefix="novita-infra-sshd-"))
    running = None
    try:
        running, server = _start(folder)
        yield server
    except CannotStart as error:
        missing(str(error))
    finally:
        if running is not None:
            running.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path) -> tuple[Running, SshServer]:
    program = shutil.which("sshd") or "/usr/sbin/sshd"
    if not Path(program).exists():
        raise CannotStart("sshd is missing: apt-get install openssh-server")
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where it separates its privileges
    for name in ("host", "identity"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(words, check=True)
    port = free_port()
    settings = {
        "ListenAddress": f"127.0.0.1:{port}",
        "HostKey": folder / "host",
        "AuthorizedKeysFile": folder / "identity.pub",
        "PidFile": "none",
        "StrictModes": "no",
        "UsePAM": "no",
        "PasswordAuthentication": "no",
        "Subsystem": "sftp internal-sftp",
    }
    (folder / "settings").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    words = [program, "-D", "-e", "-f", str(folder / "settings")]
    running = Running(f"127.0.0.1:{port}", words, folder, _answers).start()
    return running, SshServer(port, pwd.getpwuid(os.getuid()).pw_name, folder / "identity")


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False
