"""State in a branch of a git repository: for teams that have nothing else than the repository of the project."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from novita_infra.state.backend import Backend, OpenBackend, SettingError
from novita_infra.state.backends.git.urls import NAME
from novita_infra.state.objects.objects import ObjectTraits
from novita_infra.state.objects.settings import shared_settings, with_settings
from novita_infra.state.settings import StateSettings

_REMOTE: Final = "origin"
_BRANCH: Final = "novita-infra-state"
_TRAITS: Final = ObjectTraits(period=60.0, compressed=False)
"""A sign of life is a push, so they are rare. Git compresses what it keeps."""
_SCHEMES: Final = ("file", "git", "http", "https", "ssh")
_OTHER_SCHEME: Final = re.compile(r"(?!(?:{})://)(?P<scheme>[\w+.-]*):(?::|//)".format("|".join(_SCHEMES)))
_PART: Final = r"(?!\.)(?:(?!\.lock(?:/|$)|\.\.)[A-Za-z0-9._+-])+(?<!\.)"
_VALID_BRANCH: Final = re.compile(rf"(?!-)(?=.{{1,100}}$){_PART}(?:/{_PART})*")


def _open(settings: StateSettings) -> OpenBackend:
    from novita_infra.state.backends.git.git_objects import GitObjects  # noqa: PLC0415 -- only its users pay for it
    from novita_infra.state.objects.place import ObjectPlace  # noqa: PLC0415 -- as above

    options = settings.options
    objects = GitObjects(options.get("remote", _REMOTE), options.get("branch", _BRANCH), settings.root)
    return ObjectPlace(objects, with_settings(_TRAITS, options))


def _errors_of(options: Mapping[str, Any]) -> Iterable[SettingError]:
    remote, branch = options.get("remote"), options.get("branch")
    if isinstance(remote, str) and not NAME.fullmatch(remote):
        schemes = ", ".join(f"{scheme}://" for scheme in _SCHEMES)
        if remote.startswith("-") or re.search(r"[\s\0]", remote):
            yield SettingError("remote", "is neither the name of a remote nor a URL", f"name {_REMOTE}, or a URL")
        elif other := _OTHER_SCHEME.match(remote):
            yield SettingError("remote", f'begins with "{other[0]}"', f"use a remote of the repository, or {schemes}")
    if isinstance(branch, str) and not _VALID_BRANCH.fullmatch(branch):
        yield SettingError("branch", f'cannot be "{branch}"', f"name a branch as git does, such as {_BRANCH}")


BACKEND: Final = Backend(
    summary="A branch of a git repository, with a commit for each change.",
    open=_open,
    settings={
        "remote": {
            "type": "string",
            "minLength": 1,
            "default": _REMOTE,
            "description": "A remote of the project's repository, or the URL of any repository. Git uses its own "
            "credentials.",
        },
        "branch": {
            "type": "string",
            "minLength": 1,
            "default": _BRANCH,
            "description": "The branch with the states of all environments. It is made with the first state. Choose "
            "one that holds nothing else.",
        },
        **shared_settings(_TRAITS),
    },
    errors_of=_errors_of,
)
