"""Asks the policies of a project what they say of a plan. Nothing of the cloud is read or changed here.

A policy gets the plan as JSON and answers with what it denies. One that crashes, takes too long or says something else
denies the plan, unless the project file has it warn.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from novita_infra.manifests.language.expressions import is_secret_name
from novita_infra.manifests.project.loading import Project
from novita_infra.manifests.project.policies import named_after
from novita_infra.model.diagnostics import problem
from novita_infra.model.rules import Judge, Policy
from novita_infra.model.values import Secret, leaves
from novita_infra.planning.options import PlanOptions
from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.plan.review import Review
from novita_infra.planning.plan.verdicts import Judgement, NoVerdict, Verdict, VerdictReason, verdict_in

_GIVEN: Final = "NOVITA_INFRA_VAR_"
_KEY: Final = "NOVITA_API_KEY"
_FRAME: Final = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)', re.MULTILINE)
"""A place in a traceback of Python."""
_LAST_WORDS: Final = 300
"""The characters of a policy's standard error that are reported when it gives no verdict."""


async def judge_plan(
    project: Project,
    review: Review,
    *,
    asked: PlanOptions = PlanOptions(),
    environ: Mapping[str, str],
    shown: Callable[[Review], Mapping[str, Any]],
) -> Review:
    """The review with what the policies say of it: those of the project, of the command, and those it was saved with.

    `shown` gives the plan as the JSON that policies are made for.
    """
    root = project.root
    beside = (*asked.policies, *(item.policy for item in review.verdicts))
    policies = _each_once((*project.rules.policies, *(_at_home(policy, root) for policy in beside)))
    if not policies:
        return review
    data = shown(review.with_verdicts(()))
    off = threading.Event()
    bench = _Bench(
        root=root.resolve(),
        environ=_without_secrets(project, review.plan, environ),
        data=data,
        text=json.dumps(data).encode(),
        off=off,
    )
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(max_workers=len(policies)) as pool:
        try:
            judgements = await asyncio.gather(*(loop.run_in_executor(pool, bench.judge, item) for item in policies))
        finally:
            off.set()  # whoever is interrupted does not wait for slow policies
    return review.with_verdicts(judgements)


def check_judged(project: Project, review: Review) -> None:
    """Raises Problems where the project has policies that nobody has asked about the plan."""
    asked = {_identity(item.policy) for item in review.verdicts}
    missed = [policy.name for policy in project.rules.policies if _identity(policy) not in asked]
    if missed:
        raise problem(f"the plan was not shown to the policies {', '.join(missed)}", "make a new plan")


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


def _at_home(policy: Policy, root: Path) -> Policy:
    """The policy with a file of the project named relative to it: a saved plan may be applied in another checkout."""
    path = Path(policy.words[0])
    if not path.is_absolute() or not path.is_relative_to(root.resolve()):
        return policy
    return replace(policy, words=(str(path.relative_to(root.resolve())), *policy.words[1:]))


def _each_once(policies: Iterable[Policy]) -> tuple[Policy, ...]:
    """The first of those that are the same judge; a saved plan is judged as the project file has it now."""
    once: dict[tuple[Judge, tuple[str, ...], bool], Policy] = {}
    for policy in policies:
        once.setdefault(_identity(policy), policy)
    return tuple(once.values())


def _without_secrets(project: Project, plan: Plan, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for programs of others: nothing in it that the project, or its name, takes for a secret."""
    specs = [*(item.spec for item in project.declared), *(step.spec for step in plan.steps)]
    secrets = [leaf for spec in specs for leaf in leaves(dict(spec)) if isinstance(leaf, Secret)]
    clear = {text for secret in secrets for text in _texts(secret) if text}
    return {
        name: text
        for name, text in environ.items()
        if name != _KEY and not name.startswith(_GIVEN) and not is_secret_name(name) and text not in clear
    }


def _texts(secret: Secret) -> Iterator[str]:
    yield secret.value
    for part in secret.parts:
        if isinstance(part, Secret):
            yield from _texts(part)


@dataclass(frozen=True, slots=True)
class _Bench:
    """What every policy is given."""

    root: Path
    environ: Mapping[str, str]
    data: Mapping[str, Any]
    text: bytes
    off: threading.Event

    def judge(self, policy: Policy) -> Judgement:
        """What the policy says; never raises, for a judge that fails must not stop the others."""
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
        from novita_infra.policies.processes import run_process  # noqa: PLC0415 -- only projects with such a policy pay for it

        exited = run_process(
            argv, self.text, folder=self.root, environ=self.environ, timeout=policy.timeout, off=self.off
        )
        if exited.trouble:
            raise NoVerdict(exited.trouble)
        said = _last_words(exited.complaints.decode("utf-8", "replace"), self.root)
        try:
            verdict = verdict_in(json.loads(exited.output))
        except (ValueError, RecursionError) as error:
            if exited.code:
                raise NoVerdict(f"{_ending(exited.code)}{said}") from None
            why = str(error) if isinstance(error, NoVerdict) else "it is no JSON"
            raise NoVerdict(f"what it printed is no verdict: {why}{said}") from None
        # Who denies may say so by its exit code as well, as conftest does.
        if exited.code and not verdict.deny:
            raise NoVerdict(f"{_ending(exited.code)}{said}")
        return verdict

    def _fit(self, policy: Policy) -> Verdict:
        from novita_infra.policies.schemas import BadSchema, misfits  # noqa: PLC0415 -- jsonschema takes long

        text = self._file(policy.words[0]).read_bytes()
        try:
            schema = json.loads(text)
            found = misfits(schema, self.data, each=policy.each)
        except BadSchema as error:
            raise NoVerdict(f"it is no JSON Schema: {error}") from None
        except (ValueError, RecursionError):
            raise NoVerdict("it is no JSON") from None
        return Verdict(deny=tuple(VerdictReason(text, address) for text, address in found))

    def _file(self, name: str) -> Path:
        path = self.root / name
        if not path.is_file():
            raise NoVerdict(f"there is no file {name}")
        return path

    def _program(self, word: str) -> str:
        """A file of the project, or a program on the path."""
        own = self.root / word
        if own.is_file():
            if not os.access(own, os.X_OK):
                raise NoVerdict(f"{word} is not executable; `chmod +x` it, or `run: [INTERPRETER, {word}]`")
            return str(own)  # not what a link points at: a virtual environment is known by its link
        found = shutil.which(word, path=self.environ.get("PATH")) if "/" not in word else None
        if found is None:
            raise NoVerdict(f"there is no program {word}")
        return found


def _ending(code: int) -> str:
    if code < 0:
        return f"it was ended by {signal.Signals(-code).name}"
    return f"it ended with exit code {code}"


def _last_words(complaints: str, root: Path) -> str:
    """What a policy complained of last, on one line."""
    text = _raised(complaints, root)
    lines: list[str] = []
    for line in reversed([] if text else complaints.splitlines()):
        if lines and len(line) + sum(map(len, lines)) > _LAST_WORDS:
            break
        lines += [" ".join(line.split())] if line.strip() else []
    text = text or " | ".join(reversed(lines))[-_LAST_WORDS:]
    return f": {text}" if text else ""


def _raised(complaints: str, root: Path) -> str:
    """Of a traceback of Python, the error, and the last place in a file of the project; empty where there is none."""
    frames = list(_FRAME.finditer(complaints))
    if not frames:
        return ""
    following = complaints[frames[-1].end() :].splitlines()[1:]
    error = " ".join(line for line in following if line[:1].strip())  # not the code, which is indented
    frame = next((item for item in reversed(frames) if Path(item["file"]).is_relative_to(root)), frames[-1])
    file = Path(frame["file"])
    name = file.relative_to(root) if file.is_relative_to(root) else file.name
    return f"{name}, line {frame['line']}: {error}"[:_LAST_WORDS] if error else ""
