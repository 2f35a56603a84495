"""The environment of the programs that novita-infra starts: all of its own, but what is for novita-infra alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_OURS: Final = ("NOVITA_API_KEY", "NOVITA_INFRA_GITLAB_TOKEN", "NOVITA_INFRA_VAR_")
"""The beginnings of the variables that no program gets: they are for novita-infra alone."""
_OF_A_REPOSITORY: Final = re.compile(
    r"SSH_ASKPASS|GIT_(?!SSH|ASKPASS|SSL_|HTTP_|PROXY_|CONFIG_|EXEC_PATH|DISCOVERY_ACROSS_FILESYSTEM)\w*"
)
"""Variables of git that name a repository, an index, a trace and the like: those of a hook that calls us."""
_WITHOUT_QUESTIONS: Final = {"LC_ALL": "C", "LANGUAGE": "", "GIT_TERMINAL_PROMPT": "0", "SSH_ASKPASS_REQUIRE": "never"}


def git_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of git: it asks nobody, speaks English, and knows no repository of a hook that calls us."""
    kept = {name: text for name, text in given_environment(environ).items() if not _OF_A_REPOSITORY.fullmatch(name)}
    return kept | _WITHOUT_QUESTIONS


def given_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of a program: the whole one, for its own keys, without what is ours alone."""
    return {name: text for name, text in environ.items() if not name.startswith(_OURS)}
