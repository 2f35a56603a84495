"""Loads a project whose secrets come from programs, keyrings and servers. Each is asked once, if something needs it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from novita_infra.api.heartbeat import Heartbeat
from novita_infra.manifests.secrets.answers import SecretAnswers
from novita_infra.manifests.secrets.source import Asking, Question
from novita_infra.model.clock import Clock, RealClock
from novita_infra.model.diagnostics import Diagnostic, Problems

Loaded_co = TypeVar("Loaded_co", covariant=True)
Loaded = TypeVar("Loaded")


class SecretsWanted(Problems):
    """Nothing is wrong, and sources of secrets must be asked before the project can be loaded."""

    def __init__(self, diagnostics: Iterable[Diagnostic], questions: Sequence[Question], root: Path) -> None:
        super().__init__(diagnostics)
        self.questions, self.root = questions, root


class Load(Protocol[Loaded_co]):
    """Loads the project with the answers so far. Raises SecretsWanted where sources must be asked first."""

    def __call__(self, *, answers: SecretAnswers, lenient: bool = ...) -> Loaded_co: ...


async def with_secrets(
    load: Load[Loaded],
    environ: Mapping[str, str],
    *,
    secrets: Collection[str] = (),
    destroys: bool = False,
    report: Callable[[str], None],
    clock: Clock | None = None,
    answers: SecretAnswers | None = None,
) -> Loaded:
    """Returns the project, once all sources have answered that it needs. `answers` are those of earlier loads.

    No message about a source has one of the `secrets`. `report` shows what takes longer than a minute. A command that
    `destroys` needs no secret, and asks none. Raises Problems as `load`.
    """
    answers = SecretAnswers() if answers is None else answers
    while True:
        try:
            return load(answers=answers)
        except SecretsWanted as wanted:
            if destroys:
                return load(answers=answers, lenient=True)
            async with Heartbeat(clock or RealClock(), answers, report).while_reading():
                await answers.ask(wanted.questions, Asking(wanted.root, environ, secrets))
