"""The machines that let their user in, as hosts of ssh's configuration. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from novita_infra.model.frozen import dataclass
from novita_infra.views.content.lines import Line, line
from novita_infra.views.content.listing import Listing, fact


@dataclass(frozen=True, slots=True)
class SshHost:
    """A machine that lets its user in by SSH."""

    names: tuple[str, ...] = fact("What ssh calls it: its address, where the project records it, and its id.")
    machine: str = fact("Its address, else its id.")
    host: str = fact("The host to connect to.")
    port: int = fact("The port to connect to.")
    user: str = fact("The user to log in as.")
    options: Mapping[str, str] = fact("The other options, as ssh reads them.")


@dataclass(frozen=True, slots=True)
class SshConfig(Listing):
    """The machines that let their user in by SSH, as `ssh-config --json` prints them."""

    name: ClassVar[str] = "ssh_config"
    row: ClassVar[type] = SshHost
    empty: ClassVar[str] = "# no machine lets its user in"

    rows: tuple[SshHost, ...] = ()

    def lines(self) -> Iterator[Line]:
        """The configuration itself."""
        if not self.rows:
            yield line(self.empty)
        for at, item in enumerate(self.rows):
            if at:
                yield line("")
            yield line(f"Host {' '.join(item.names)}")
            settings = {"HostName": item.host, "Port": str(item.port), "User": item.user, **item.options}
            yield from (line(f"    {name} {text}") for name, text in settings.items())
