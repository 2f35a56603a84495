"""The machines of a project as hosts of ssh's configuration."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from novita_infra.model.frozen import dataclass
from novita_infra.operations.access.login import MachineLogin, logins_of
from novita_infra.operations.access.ssh import host_options, known_hosts_file
from novita_infra.operations.account.view import AccountView

_MARKS: Final = re.compile(r"[^A-Za-z0-9_.-]+")
"""What a name of a host cannot hold, at least for one of ssh, scp and the shell."""


@dataclass(frozen=True, slots=True)
class KnownHost:
    """A machine with the names that ssh is to know it by."""

    machine: MachineLogin
    names: tuple[str, ...]
    """Its address as `host_name` writes it, if it is the only one, and its id."""
    options: Mapping[str, str]
    """The options by which ssh knows it again."""


async def read_hosts(view: AccountView, words: Sequence[str], environ: Mapping[str, str]) -> list[KnownHost]:
    """The machines that let their user in; see `logins_of`. Reports why others do not. Raises Problems and ApiError."""
    logins, missing = await logins_of(view, words)
    for item in missing:
        view.report(f"Left out: {item.summary}")
    return hosts_of(logins, known_hosts_file(view.place, environ))


def hosts_of(machines: Sequence[MachineLogin], known_hosts: Path | None) -> list[KnownHost]:
    """The hosts by the order of their names."""
    counts = Counter(host_name(item.title) for item in machines)
    hosts = []
    for item in machines:
        name = host_name(item.title)
        names = (name, item.id) if counts[name] == 1 and name != item.id else (item.id,)
        hosts.append(KnownHost(item, names, host_options(item, known_hosts)))
    return sorted(hosts, key=lambda host: host.names)


def host_name(address: str) -> str:
    """The name of a host for an address: `instance.worker.1` for `instance.worker["1"]`."""
    return re.sub(r"\.{2,}", ".", _MARKS.sub(".", address)).strip(".-")
