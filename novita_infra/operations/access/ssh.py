"""The words of the programs ssh and scp for a machine. Pure.

Machines are replaced behind the same host and port of a proxy. So the key of a host is known under the id of the
machine, in a file that holds only the keys of machines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from novita_infra.api.limits.shared_limits import cache_folder
from novita_infra.manifests.project.locating import Located
from novita_infra.model.diagnostics import problem
from novita_infra.model.frozen import dataclass
from novita_infra.operations.access.login import MachineLogin

INSTALL: Final = "install OpenSSH's client: apt-get install openssh-client, or brew install openssh"
_FORWARD: Final = re.compile(r"(?:(?P<local>[0-9]{1,5}):)?(?P<remote>[0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Forward:
    """A port of this machine that leads to a port of a machine."""

    local: int
    remote: int


@dataclass(frozen=True, slots=True)
class RemotePath:
    """A file or folder of a machine, as a word of a command names it."""

    machine: str
    """An address or an id."""
    path: str


def known_hosts_file(place: Located | None, environ: Mapping[str, str]) -> Path | None:
    """The file of the keys of hosts: of the project, else of this user; None for that of ssh itself."""
    if place is not None:
        return (place.root / ".novita-infra" / "known_hosts").absolute()
    cache = cache_folder(environ)
    return cache / "known_hosts" if cache else None


def host_options(machine: MachineLogin, known_hosts: Path | None) -> dict[str, str]:
    """How ssh knows the machine again, as options of its configuration."""
    options = {"HostKeyAlias": machine.id, "StrictHostKeyChecking": "accept-new"}
    if known_hosts is not None:
        text = str(known_hosts).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
        options["UserKnownHostsFile"] = f'"{text}"'
    return options


def ssh_words(
    machine: MachineLogin, known_hosts: Path | None, *, flags: Sequence[str] = (), command: Sequence[str] = ()
) -> list[str]:
    """The words of ssh. Of two that say the same, ssh takes the first: the `flags` of the user win."""
    login = machine.login
    own = [*_options(machine, known_hosts), "-p", str(login.port), "-l", login.user]
    return ["ssh", *flags, *own, "--", login.host, *command]


def forward_words(
    machine: MachineLogin, known_hosts: Path | None, forwards: Sequence[Forward], *, flags: Sequence[str] = ()
) -> list[str]:
    """The words of ssh for ports of this machine, open to this machine alone. ssh ends where one of them is taken."""
    ports = [word for item in forwards for word in ("-L", f"127.0.0.1:{item.local}:localhost:{item.remote}")]
    return ssh_words(machine, known_hosts, flags=[*flags, "-N", "-o", "ExitOnForwardFailure=yes", *ports])


def scp_words(
    machine: MachineLogin,
    known_hosts: Path | None,
    source: str | RemotePath,
    target: str | RemotePath,
    *,
    flags: Sequence[str] = (),
) -> list[str]:
    """The words of scp."""
    login = machine.login
    host = f"[{login.host}]" if ":" in login.host else login.host
    paths = [f"{login.user}@{host}:{item.path}" if isinstance(item, RemotePath) else item for item in (source, target)]
    return ["scp", *flags, *_options(machine, known_hosts), "-P", str(login.port), "--", *paths]


def copied_path(word: str) -> str | RemotePath:
    """The path that a word of `cp` names: `instance.web:/data` on a machine, `./a:b` and `data` on this one.

    As for scp, a word with a slash before its first colon is on this machine. A key may hold both.
    """
    marks = ((at, mark) for at, mark in enumerate(word) if mark in ":/" and not _in_key(word, at))
    at, mark = next(marks, (-1, ""))
    return RemotePath(word[:at], word[at + 1 :]) if mark == ":" and at else word


def parse_forward(text: str) -> Forward:
    """The ports of `8080:80`, or of `8888` for the same on both sides. Raises ValueError."""
    match = _FORWARD.fullmatch(text)
    remote = int(match["remote"]) if match else 0
    local = int(match["local"] or remote) if match else 0
    if not (0 < local < 65_536 and 0 < remote < 65_536):
        raise ValueError(f'"{text}" names no ports: write LOCAL:REMOTE such as 8080:80, or 8888 for the same on both')
    return Forward(local, remote)


def one_machine(source: str | RemotePath, target: str | RemotePath) -> RemotePath:
    """The side of a copy that is on a machine. Raises Problems unless that is one of the two."""
    sides = [item for item in (source, target) if isinstance(item, RemotePath)]
    if len(sides) == 1:
        return sides[0]
    if sides:
        raise problem("both paths are on machines, and cp copies from or to this one", "copy in two steps")
    raise problem(
        "neither path is on a machine", "write one of them as ADDR:PATH, such as instance.trainer:/workspace/out"
    )


def _options(machine: MachineLogin, known_hosts: Path | None) -> list[str]:
    return [word for name, text in host_options(machine, known_hosts).items() for word in ("-o", f"{name}={text}")]


def _in_key(word: str, at: int) -> bool:
    """Whether a place lies inside of the key of an address, such as `["a:b"]`."""
    return word.rfind('["', 0, at) > word.rfind('"]', 0, at)
