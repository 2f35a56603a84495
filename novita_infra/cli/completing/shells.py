"""The scripts of the shells, which are click's, and the answers that they ask for."""

from __future__ import annotations

import re
from typing import Final

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
)

from novita_infra.cli.lazy import COMPLETES

_MEANT: Final = re.compile(r"[^\w@%+=:,./-]")
"""The characters that a shell may read as something else."""


class _Silent(ShellComplete):
    """Answers nothing where it could only answer with an error."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        self.ctx_args["obj"] = tuple(args)
        return super().get_completions(args, incomplete)

    def complete(self) -> str:
        try:
            return super().complete()
        except Exception:  # noqa: BLE001 -- a traceback would stand in the command line that a person types
            return ""


class _Bash(_Silent, BashComplete):
    """Escapes what bash would read otherwise, such as instance.worker["eu"].

    With two backslashes: `read` of the script takes one away.
    """

    def format_completion(self, item: CompletionItem[str]) -> str:
        escaped = _MEANT.sub(r"\\\\\g<0>", item.value) if item.type == "plain" else item.value
        return f"{item.type},{escaped}"


class _Zsh(_Silent, ZshComplete):
    pass


class _Fish(_Silent, FishComplete):
    pass


SHELLS: Final[dict[str, type[ShellComplete]]] = {"bash": _Bash, "zsh": _Zsh, "fish": _Fish}


def script_of(shell: str, root: click.Command) -> str:
    """The script that a shell reads at its start."""
    complete = SHELLS[shell](root, {}, "novita-infra", COMPLETES)
    return complete.source_template % complete.source_vars()


def prepare_answers() -> None:
    """Makes click answer with these."""
    for shell, answers in SHELLS.items():
        add_completion_class(answers, shell)
