"""What a complaint of git means if trying again cannot help, and what to do: for everything that talks to a remote."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from typing import Final


class GitFault(enum.Enum):
    """A fault that stays until a person does something."""

    ACCESS = enum.auto()
    """The server does not let this user in, or asks for something that no person is there to type."""
    ABSENT = enum.auto()
    """The server has no such repository, or does not show it to this user."""
    CERTIFICATE = enum.auto()
    TRANSPORT = enum.auto()
    FORMAT = enum.auto()
    FULL = enum.auto()
    """A disk has no space left."""
    UNWRITABLE = enum.auto()
    """The repository of the server cannot be written."""
    UNSTARTED = enum.auto()
    """A program that git needs, such as ssh, does not start."""


_SIGNS: Final = (
    (
        GitFault.ACCESS,
        r"authentication failed|could not read (?:username|password)|terminal prompts disabled|permission denied"
        r"|host key verification failed|access denied|returned error: 40[13]|http 40[13]"
        r"|permission to \S{1,200} denied|not allowed to push code|invalid username or",
    ),
    (
        GitFault.ABSENT,
        r"does not appear to be a git repository|repository (?:\S{1,300} )?not found"
        r"|project you were looking for could not be found|repository does not exist|returned error: 404",
    ),
    (GitFault.CERTIFICATE, r"certificate|ssl_cert|x509"),
    (GitFault.TRANSPORT, r"transport '\w*' not allowed|unable to find remote helper|is not supported"),
    (GitFault.FORMAT, r"mismatched algorithms|object format|hash algorithm"),
    (GitFault.FULL, r"no space left on device|disk quota exceeded"),
    (GitFault.UNWRITABLE, r"unable to create temporary|read-only file system|insufficient permission for adding"),
    (GitFault.UNSTARTED, r"cannot run ssh|unable to fork"),
)
_PATTERNS: Final = tuple((fault, re.compile(signs)) for fault, signs in _SIGNS)
ADVICE: Final[Mapping[GitFault, str]] = {
    GitFault.CERTIFICATE: "git must trust the server: set http.sslCAInfo, or GIT_SSL_CAINFO, to the certificate of its "
    "authority",
    GitFault.TRANSPORT: "use file, http, https or ssh",
    GitFault.FORMAT: "use a repository with SHA-1, as git makes by default",
    GitFault.FULL: "free space there",
    GitFault.UNWRITABLE: "that repository cannot be written: look at its disk, and at the rights of its files",
    GitFault.UNSTARTED: "git fetch must work for this remote",
}
"""What to do; ACCESS and ABSENT depend on what the remote is for."""


def git_fault_in(complaints: str) -> GitFault | None:
    """The fault in what git and the server wrote; None for one that may pass, and for an unknown one."""
    text = complaints.lower()
    return next((fault for fault, pattern in _PATTERNS if pattern.search(text)), None)
