"""A plan as a file: written once, shown without any secret at hand, and read again to be applied as it was shown.

The file holds each secret as the source that it is read from again, with a digest to tell whether it is still the same.
It is in clear, as state files are; where those are encrypted one day, this is the place to do the same.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from novita_infra import __version__
from novita_infra.encoding import (
    Json,
    Malformed,
    Resolver,
    as_digest,
    decode_as,
    derived_key,
    encode,
    fingerprint,
    parse_json,
    reading_again,
)
from novita_infra.model.diagnostics import Diagnostic, Problems, problem
from novita_infra.model.values import Secret, Value
from novita_infra.planning.options import PlanOptions
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.plan.review import Review
from novita_infra.planning.plan.steps import StepKind
from novita_infra.planning.saved.stored_form import from_stored, to_stored

VERSION: Final = 1
_MARK: Final = "novita-infra plan"
_BEGINNING: Final = f'{{"{_MARK}":'.encode()
_SEALED: Final = ("digest", "setting", "key", "plan")
_AGAIN: Final = "make the plan again with `novita-infra plan --out`"


@dataclass(frozen=True, slots=True)
class Setting:
    """The project, environment and options of a plan, so that it can be applied from anywhere."""

    root: str
    """The project folder."""
    environment: str
    state: str
    """The state that the plan was made from, such as the path of its file."""
    created: float
    """Unix seconds."""
    variables: Mapping[str, Value] = field(default_factory=dict)
    """The values of those that are not secret."""
    options: Mapping[str, Value] = field(default_factory=dict)
    """What else the apply must know."""
    asked: PlanOptions = PlanOptions()
    """What the command line asked of the plan."""


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """The content of a plan file."""

    review: Review
    """The plan with what was said about it when it was made."""
    setting: Setting
    declared: Mapping[str, str]
    """By address, the digest of what the manifests declared; see `manifest_digests`."""
    digest: str
    """`digest_of` the review, secrets included."""
    seal: str
    """`sha256:...` over the whole content. No two plans have the same one: each is made at another time or from another
    state."""
    program: str
    """The version of novita-infra that wrote the file."""


def write_plan(
    review: Review, path: Path, *, key: str, setting: Setting, declared: Mapping[str, str] | None = None
) -> str:
    """Writes the plan, readable for its owner alone, and returns its digest. The same plan gives the same bytes.

    `key` is the hex key of the state; the file holds neither it nor a digest under it that the plan does not hold.
    `declared` are the `manifest_digests` of the manifests. Raises Problems as `check_free` does and where the file
    cannot be written, TypeError where the setting holds a secret.
    """
    check_free(path)
    key = derived_key(key, _MARK)
    digest = digest_of(review)
    plan = to_stored(review, declared or {}, key=key)
    content = {"digest": digest, "setting": encode(setting), "key": key, "plan": plan}
    data = {_MARK: VERSION, "program": __version__, "seal": fingerprint(content), **content}
    text = json.dumps(data, separators=(",", ":"), allow_nan=False) + "\n"
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(file, "w", encoding="ascii") as stream:  # noqa: PTH123 -- Path.open takes no file descriptor
            stream.write(text)
    except OSError as error:
        raise problem(f"cannot write the plan to {path}: {error.strerror}") from error
    return digest


def check_free(path: Path) -> None:
    """Raises Problems where a plan written there would overwrite a file that is no plan. An empty one loses nothing."""
    if path.is_file() and path.stat().st_size and not is_plan_file(path):
        raise problem(
            f"{path} is there already and is no plan: it would be overwritten", "name another file, or remove this one"
        )


def digest_of(review: Review) -> str:
    """`sha256:...` over what the plan would do and to what: the name by which a person approves it.

    The same changes to the same objects at the same prices have the same digest, whenever they are planned. Left out:
    the time, the version of the state, unchanged resources and waits, the file and line of a declaration, and the
    reasons. A secret counts by where it is read from.
    """
    plan = review.plan
    waits = {step.key for step in plan.steps if step.action is StepKind.WAIT}
    steps = [
        replace(
            step, record=replace(step.record, source=""), after=tuple(key for key in step.after if key not in waits)
        )
        for step in plan.steps
        if step.key not in waits
    ]
    changes = [
        replace(change, why="", adopted=())
        for change in plan.changes
        if change.action not in {Action.NONE, Action.RESUME}
    ]
    outputs = {name: plan.outputs.after.get(name) for name in plan.outputs.changed}
    costs = [row for row in review.cost.rows if row.moves] if review.cost else []
    content = [plan.project, plan.environment, plan.destroys, changes, steps, outputs, costs, dict(plan.groups)]
    return fingerprint(encode(content, secrets=lambda secret: {"$secret": _place(secret)}))


def read_plan(path: Path, resolver: Resolver | None = None) -> SavedPlan:
    """The plan that was written there.

    The resolver reads a source such as `env:NAME` again; without one the plan can only be shown, and a Digest stands
    for each secret. Raises Problems on a damaged or newer file, and on secrets that are missing or have changed.
    """
    data = _parse(path)
    problems: list[Diagnostic] = []
    try:
        setting = decode_as(Setting, data["setting"])
        secrets = reading_again(resolver, data["key"], problems=problems) if resolver else as_digest
        review, declared = from_stored(data["plan"], secrets=secrets)
    except Malformed as error:
        raise _damaged(path, str(error)) from error
    if problems:
        raise Problems(problems)
    return SavedPlan(review, setting, declared, digest=data["digest"], seal=data["seal"], program=data["program"])


def is_plan_file(path: Path) -> bool:
    """Whether the path is a file that begins as a plan file does, whatever its name and however damaged the rest."""
    try:
        with path.open("rb") as stream:
            return stream.read(len(_BEGINNING)) == _BEGINNING
    except OSError:
        return False


def _place(secret: Secret) -> str:
    """The source of the secret, without the line of a manifest, which may move."""
    return "+".join("manifest" if source.startswith("manifest:") else source for source in secret.source.split("+"))


def _parse(path: Path) -> dict[str, Json]:
    """The content, whole and of a version that is known."""
    try:
        data = parse_json(path.read_bytes())
    except OSError as error:
        raise problem(f"cannot read the plan {path}: {error.strerror}") from error
    except ValueError as error:
        raise _damaged(path, "it is cut off or was changed") from error
    match data:
        case {"novita-infra plan": int(version), "program": str(program)} if version > VERSION:
            raise problem(
                f"{path} was written by novita-infra {program}, and this is {__version__}",
                f"apply it with novita-infra {program} or newer, or {_AGAIN}",
            )
        case {"seal": str(seal), "program": str(), "digest": str(), "setting": _, "key": str(), "plan": _}:
            if fingerprint({name: data[name] for name in _SEALED}) != seal:
                raise _damaged(path, "its content is not what its digest says")
            return dict(data)
        case _:
            raise _damaged(path, "it holds no plan")


def _damaged(path: Path, why: str) -> Problems:
    return problem(f"the plan file {path} is damaged: {why}", _AGAIN)
