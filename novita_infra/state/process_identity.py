"""The user, process and host of this run, in words for a person."""

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
