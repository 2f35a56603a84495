"""The user, process, host and command of this run, in words for a person."""

from __future__ import annotations

import functools
import os
import pwd


@functools.cache
def user_name() -> str:
    """The name of the user; the number where the system has no name for it."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container often runs as a user without a name
        return str(os.getuid())


def this_process() -> str:
    """`ada, process 12 on host`."""
    return f"{user_name()}, process {os.getpid()} on {os.uname().nodename}"


def this_command() -> str:
    """The command of this process, such as `instance stop`; `library` for a program of others."""
    return _COMMAND[-1]


def begin_command(name: str) -> None:
    """Names the command of this process."""
    _COMMAND[:] = [name]


_COMMAND = ["library"]
