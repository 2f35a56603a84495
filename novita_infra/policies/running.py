"""Runs the policies of a project on a plan.

A policy gets the plan as JSON and returns what it denies. A policy that crashes, takes too long or returns anything
else denies the plan, unless the project file makes it warn.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from novita_infra.api.awaited import AwaitedCalls
from novita_infra.api.known_secrets import KnownSecrets
from novita_infra.api.redaction import redact, without_secrets
from novita_infra.encoding.json_text import parse_foreign_json
from novita_infra.manifests.language.expressions import secrets_of_environment
from novita_infra.manifests.project.loading import Project
from novita_infra.manifests.project.rules.policies import named_after
from novita_infra.model.concurrency import together
from novita_infra.model.diagnostics import EXIT_REFUSED, problem
from novita_infra.model.frozen import dataclass
from novita_infra.model.rules import Judge, Policy
from novita_infra.model.values import is_secret_name, secrets_of
from novita_infra.planning.options import PlanOptions
from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.plan.review import Review
from novita_infra.planning.plan.verdicts import Judgement, NoVerdict, Verdict, VerdictReason, verdict_in
from novita_infra.programs.endings import ProgramMissing, ending, find_program, last_words
from novita_infra.programs.privacy import hide_environment
from novita_infra.programs.processes import Exited, run_process

_EXAMPLE: Final = '{"deny": [], "warn": []}'
_GIVEN: Final = "NOVITA_INFRA_VAR_"
_KEY: Final = "NOVITA_API_KEY"
_LONG: Final = 8
"""Characters from which a secret is searched inside of longer values. A shorter one may stand in any path."""


async def judge_plan(
    project: Project,
    review: Review,
    *,
    asked: PlanOptions = PlanOptions(),
    environ: Mapping[str, str],
    awaited: AwaitedCalls,
    shown: Callable[[Review], Mapping[str, Any]],
) -> Review:
    """The review with the verdicts of the policies of the project and of the command.

    `awaited` shows which policies run; `shown` returns the plan as JSON for policies.
    """
    root = project.root
    policies = _policies_of(project, asked)
    if not policies:
        return review
    data = shown(review.with_verdicts(()))
    known = KnownSecrets(environ.get(_KEY, ""), *secrets_of_environment(environ))
    known.add(project.secrets)
    known.add(lambda: secrets_of(*(dict(step.spec) for step in review.plan.steps)))
    off = threading.Event()
    given = _without_secrets(project, review.plan, environ)
    hide_environment(given.keys())
    bench = _Bench(
        root=root.resolve(),
        environ=given,
        text=json.dumps(data).encode(),
        off=off,
        secrets=known.all(),
    )
    loop = asyncio.get_running_loop()

    async def judged(policy: Policy) -> Judgement:
        with awaited.program(f"the policy {policy.name}"):
            return await loop.run_in_executor(pool, bench.judge, policy)

    with ThreadPoolExecutor(max_workers=len(policies)) as pool:
        try:
            judgements = await together(*map(judged, policies))
        finally:
            off.set()  # an interrupted run does not wait for slow policies
    return review.with_verdicts(judgements)


def check_named_again(project: Project, asked: PlanOptions, judged: Review) -> None:
    """Raises Problems if a policy has judged the plan that neither the project nor the command names.

    Nothing of a saved plan is run: a policy that was given by `--policy` must be given again.
    """
    named = {_identity(policy) for policy in _policies_of(project, asked)}
    missing = [item.policy for item in judged.verdicts if _identity(item.policy) not in named]
    if missing:
        names = ", ".join(policy.name for policy in missing)
        words = " ".join(f"--policy {policy.words[0]}" for policy in missing)
        raise problem(
            f"the plan was judged by the policies {names}, which this command does not name",
            f"add {words}, or make a new plan",
            code=EXIT_REFUSED,
        )


def check_judged(project: Project, review: Review) -> None:
    """Raises Problems if a policy of the project has not judged the plan."""
    asked = {_identity(item.policy) for item in review.verdicts}
    missing = [policy.name for policy in project.rules.policies if _identity(policy) not in asked]
    if missing:
        raise problem(f"the plan was not shown to the policies {', '.join(missing)}", "make a new plan")


def policy_at(path: Path) -> Policy:
    """The policy in a file that a command names: a Python file, a JSON Schema, or a program. Raises Problems."""
    if not path.is_file():
        raise problem(f"there is no policy {path}", "name a Python file, a JSON Schema or a program")
    if path.suffix == ".rego":
        hint = "in the project file: policies: [{run: [conftest, test, --policy, FOLDER, --output, json, '-']}]"
        raise problem(f"{path} is Rego, which conftest or opa reads", hint)
    by = {".py": Judge.FILE, ".json": Judge.SCHEMA}.get(path.suffix, Judge.RUN)
    words = (str(path.resolve()),)
    return Policy(name=named_after(words), by=by, words=words)


def _identity(policy: Policy) -> tuple[Judge, tuple[str, ...], bool]:
    return policy.by, policy.words, policy.each


def _policies_of(project: Project, asked: PlanOptions) -> tuple[Policy, ...]:
    """The policies of the project file and of the command line."""
    return _each_once((*project.rules.policies, *(_at_home(policy, project.root) for policy in asked.policies)))


def _at_home(policy: Policy, root: Path) -> Policy:
    """The policy with its file relative to the project: a plan may be made and applied in two checkouts."""
    path = Path(policy.words[0])
    if not path.is_absolute() or not path.is_relative_to(root.resolve()):
        return policy
    return replace(policy, words=(str(path.relative_to(root.resolve())), *policy.words[1:]))


def _each_once(policies: Iterable[Policy]) -> tuple[Policy, ...]:
    """The policies without repetition; the first is kept, so that the project file overrides the command line."""
    once: dict[tuple[Judge, tuple[str, ...], bool], Policy] = {}
    for policy in policies:
        once.setdefault(_identity(policy), policy)
    return tuple(once.values())


def _without_secrets(project: Project, plan: Plan, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without secrets: no names that sound so, and no values that hold the key or a declared secret."""
    specs = [*(item.spec for item in project.declared), *(step.spec for step in plan.steps)]
    clear = secrets_of(*specs) | {environ.get(_KEY) or "\0"}
    long = [text for text in clear if len(text) >= _LONG]
    return {
        name: text
        for name, text in environ.items()
        if name != _KEY
        and not name.startswith(_GIVEN)
        and not is_secret_name(name)
        and text not in clear
        and not any(secret in text for secret in long)
    }


@dataclass(frozen=True, slots=True)
class _Bench:
    """The inputs of every policy."""

    root: Path
    environ: Mapping[str, str]
    text: bytes
    off: threading.Event
    secrets: frozenset[str]
    """Those of the project, the plan and the environment: no word of a policy shows one."""

    def judge(self, policy: Policy) -> Judgement:
        """The judgement of the policy; never raises, because a policy that fails must not stop the others."""
        judgement = Judgement(policy)
        try:
            return replace(judgement, verdict=self._verdict(policy))
        except NoVerdict as error:
            return replace(judgement, error=str(error))
        except OSError as error:
            return replace(judgement, error=f"{policy.words[0]}: {error.strerror or error}")

    def _verdict(self, policy: Policy) -> Verdict:
        match policy.by:
            case Judge.RUN:
                return self._answer_of(policy, [self._program(policy.words[0]), *policy.words[1:]])
            case Judge.FILE:
                return self._answer_of(policy, [sys.executable, str(self._file(policy.words[0]))])
            case Judge.SCHEMA:
                return self._fit(policy)

    def _answer_of(self, policy: Policy, argv: list[str]) -> Verdict:
        exited = self._run(policy, argv)
        last_words = self._last_words(exited)
        try:
            verdict = verdict_in(self._redacted(parse_foreign_json(exited.output)))
        except (ValueError, RecursionError) as error:
            if exited.code:
                raise NoVerdict(f"{ending(exited.code)}{last_words}") from None
            if not exited.output.strip():
                raise NoVerdict(f"it printed nothing; a policy prints {_EXAMPLE}{last_words}") from None
            why = str(error) if isinstance(error, NoVerdict) else f"it is no JSON such as {_EXAMPLE}"
            raise NoVerdict(f"what it printed is no verdict: {why}{last_words}") from None
        # A policy that denies may also exit with an error, as conftest does.
        if exited.code and not verdict.deny:
            raise NoVerdict(f"{ending(exited.code)}{last_words}")
        return verdict

    def _run(self, policy: Policy, argv: list[str]) -> Exited:
        exited = run_process(
            argv, self.text, folder=self.root, environ=self.environ, timeout=policy.timeout, off=self.off
        )
        if exited.trouble:
            raise NoVerdict(exited.trouble)
        return exited

    def _fit(self, policy: Policy) -> Verdict:
        words = [str(self._file(policy.words[0])), "each" if policy.each else "whole"]
        exited = self._run(policy, [sys.executable, "-P", "-m", "novita_infra.policies.schema_judge", *words])
        try:
            answer = parse_foreign_json(exited.output)
        except ValueError:
            last_words = self._last_words(exited)
            raise NoVerdict(f"{ending(exited.code)}{last_words}") from None
        answer = self._redacted(answer)
        if "error" in answer:
            raise NoVerdict(answer["error"])
        return Verdict(deny=tuple(VerdictReason(item["reason"], item["address"]) for item in answer["deny"]))

    def _last_words(self, exited: Exited) -> str:
        complaints = without_secrets(exited.complaints.decode("utf-8", "replace"), self.secrets)
        return last_words(complaints, self.root)

    def _redacted(self, answer: Any) -> Any:
        """The answer of a policy with all its texts free of secrets. It may quote one that it read by itself."""
        match answer:
            case str():
                return redact(answer, self.secrets)
            case dict():
                return {name: self._redacted(item) for name, item in answer.items()}
            case list():
                return [self._redacted(item) for item in answer]
            case _:
                return answer

    def _program(self, word: str) -> str:
        try:
            return find_program(word, self.root, self.environ.get("PATH"))
        except ProgramMissing as error:
            raise NoVerdict(str(error)) from None

    def _file(self, name: str) -> Path:
        path = self.root / name
        if not path.is_file():
            raise NoVerdict(f"there is no file {name}")
        return path
