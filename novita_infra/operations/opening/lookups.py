"""Reads what the lookups of a project need: lists of the account, each once, and the states of other projects."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from functools import reduce
from pathlib import Path

from novita_infra.api.errors import Refused
from novita_infra.api.heartbeat import Heartbeat
from novita_infra.kinds import KINDS
from novita_infra.lookups.answers import LookupQuestion
from novita_infra.lookups.found import Answer, NoAnswer
from novita_infra.lookups.lookup import Needs, OtherOutputs, OtherProject, ReadSoFar
from novita_infra.lookups.registry import LOOKUPS
from novita_infra.manifests.project.environments import ON_COMMAND_LINE
from novita_infra.manifests.project.locating import locate
from novita_infra.model.concurrency import together
from novita_infra.model.diagnostics import Problems
from novita_infra.model.values import is_secret
from novita_infra.operations.opening.account import OpenAccount
from novita_infra.refresh.catalogue import read_catalogue, read_stock
from novita_infra.refresh.objects import read_lists
from novita_infra.state.opening import open_backend


class LookupsOfRun:
    """The lookups of a run: a list that one of them has read is read for none of the others."""

    def __init__(
        self,
        account: Callable[[Path], Awaitable[OpenAccount]],
        environ: Mapping[str, str],
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`account` opens the account, which is done only if a lookup needs it. `report` shows what takes long."""
        self._account = account
        self._environ = environ
        self._report = report
        self._known = ReadSoFar()
        self._read = Needs()

    async def answers(self, questions: Iterable[LookupQuestion], root: Path) -> dict[bytes, Answer | NoAnswer]:
        """The answers by the keys of the questions. `root` is the project's folder. Raises ApiError and Problems."""
        asked = {question.key: question for question in questions}
        while needs := reduce(Needs.__or__, map(self._needs, asked.values()), Needs()) - self._read:
            await self._look(needs, root)
            self._read |= needs
        return {key: LOOKUPS[question.type].answer(question.criteria, self._known) for key, question in asked.items()}

    def _needs(self, question: LookupQuestion) -> Needs:
        return LOOKUPS[question.type].needs(question.criteria, self._known)

    async def _look(self, needs: Needs, root: Path) -> None:
        outputs = {project: self._outputs(project, root) for project in needs.projects}
        self._known = replace(self._known, outputs={**self._known.outputs, **outputs})
        if not (needs.parts or needs.lists or needs.stock):
            return
        account = await self._account(root)
        client = account.client
        with client.kept.keeping():
            async with Heartbeat(account.clock, client.awaited, self._report).while_reading():
                catalogue, (lists, stock) = await together(
                    read_catalogue(client, sorted(needs.parts)),
                    together(
                        read_lists(client, [KINDS[type_] for type_ in sorted(needs.lists)]),
                        read_stock(client, needs.stock),
                    ),
                )
        allowed = {query: None if isinstance(found, Refused) else found for query, found in stock.items()}
        known = self._known
        self._known = replace(
            known,
            catalogue=catalogue.filled_from(known.catalogue),
            lists={**known.lists, **lists},
            stock={**known.stock, **allowed},
        )

    def _outputs(self, project: OtherProject, root: Path) -> OtherOutputs:
        """The outputs of another project in its state, which its last apply has stored."""
        try:
            place = locate(root / project.path, environment=project.environment, environ=self._environ)
            state = open_backend(place.state).store(place.environment, project=place.name).load()
        except Problems as error:
            first = error.diagnostics[0]
            why = first.summary.removeprefix(ON_COMMAND_LINE)
            return OtherOutputs(error=f"the outputs of {project.path} cannot be read: {why}", hint=first.hint)
        if not state.serial:
            summary = f"{project.path} has no state for environment {place.environment}"
            return OtherOutputs(error=summary, hint="apply that project first, or name another environment")
        secret = tuple(name for name, value in state.outputs.items() if is_secret(value))
        return OtherOutputs({name: value for name, value in state.outputs.items() if name not in secret}, secret)
