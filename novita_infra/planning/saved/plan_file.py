"""A plan as a file: written once, shown without any secret at hand, and read again to be compared with a new plan.

The file holds each secret as the source that it is read from, with a digest to tell whether it is still the same. It is
encrypted where the state is (`encrypted_plans`).

A seal authenticates the file: an HMAC over the whole content under a key that is derived from the state's key. The file
holds no key, so only a program that reads the state can make or check a seal. `seal_of` says what it covers.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import field, replace
from io import FileIO
from pathlib import Path
from typing import Final

from novita_infra import __version__
from novita_infra.encoding import (
    Json,
    Malformed,
    Resolver,
    as_digest,
    as_source,
    compact,
    decode_as,
    derived_key,
    derived_slow_key,
    encode,
    fingerprint,
    hmac_of,
    parse_json,
    reading_again,
)
from novita_infra.encoding.files import read_file
from novita_infra.lookups.found import FoundLookup
from novita_infra.model.clock import LAST_MOMENT
from novita_infra.model.diagnostics import EXIT_REFUSED, Diagnostic, Problems, problem
from novita_infra.model.frozen import dataclass
from novita_infra.model.values import Secret, Value
from novita_infra.planning.options import PlanOptions
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.plan.configuration import Configuration
from novita_infra.planning.plan.review import Review
from novita_infra.planning.plan.steps import StepKind
from novita_infra.planning.saved.encrypted_plans import decrypted_plan, encrypted_plan, is_encrypted_plan
from novita_infra.planning.saved.stored_form import from_stored, to_stored
from novita_infra.state.encryption.settings import IN_CLEAR, Encryption
from novita_infra.state.private_files import open_output, refuse_foreign_link

VERSION: Final = 2
UNSEALED: Final = 1
"""The version whose files have a plain digest in place of the seal."""
_MARK: Final = "novita-infra plan"
_SEAL: Final = "novita-infra plan seal"
_BEGINNING: Final = f'{{"{_MARK}":'.encode()
_CONTENT: Final = ("digest", "setting", "key", "plan")
AGAIN: Final = "make the plan again with `novita-infra plan --out`"


@dataclass(frozen=True, slots=True)
class Setting:
    """The project, environment and options of a plan. An apply uses them only after it has checked the seal."""

    root: str
    """The project folder, for a person: an apply never looks there."""
    environment: str
    state: str
    """The state that the plan was made from, for a person, such as the path of its file."""
    created: float
    """Unix seconds."""
    variables: Mapping[str, Value] = field(default_factory=dict)
    """The values that the command line and the environment gave, without secret ones."""
    options: Mapping[str, Value] = field(default_factory=dict)
    """`sim`, `scope` (the one manifest file), and the names of `varFiles`, which an apply must be given again."""
    asked: PlanOptions = PlanOptions()
    """What the command line asked of the plan. An apply must be given the policies again."""
    configuration: Configuration | None = None
    """What the manifests declare, for showing; None in a file of an older version."""
    lookups: tuple[FoundLookup, ...] = ()
    """What the manifests looked up; an apply takes it as it is here, and looks up nothing."""


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """The content of a plan file."""

    review: Review
    """The plan with what was said about it when it was made."""
    setting: Setting
    declared: Mapping[str, str]
    """By address, the digest of what the manifests declared; see `manifest_digests`."""
    digest: str
    """`digest_of` the review, computed from the content."""
    seal: str
    """`hmac-sha256:...` over the whole content. No two plans have the same one: each is made at another time or from
    another state."""
    program: str
    """The version of novita-infra that wrote the file."""


@dataclass(frozen=True, slots=True)
class PlanFileParts:
    """The parts of a plan file before anything of them is believed."""

    path: Path
    data: Mapping[str, Json]

    @property
    def version(self) -> int:
        """The version of the format."""
        return int(self.data[_MARK])

    @property
    def seal(self) -> str:
        """The seal as it stands in the file."""
        return str(self.data["seal"])

    @property
    def environment(self) -> str:
        """The environment that the plan says it is for. Raises Problems if it names none."""
        match self.data["setting"]:
            case {"environment": str(name)}:
                return name
            case _:
                raise damaged(self.path, "it names no environment")


def write_plan(
    review: Review,
    path: Path,
    *,
    key: str,
    setting: Setting,
    declared: Mapping[str, str] | None = None,
    encryption: Encryption = IN_CLEAR,
) -> str:
    """Writes the plan, readable for its owner alone, and returns its digest. In clear, a plan gives the same bytes.

    `key` is the hex key of the state; the file holds neither it, nor one that is derived from it, nor a digest under
    it that the plan does not hold. `declared` are the `manifest_digests` of the manifests. Raises Problems as
    `check_free` does and where the file cannot be written, TypeError where the setting holds a secret.
    """
    check_free(path)
    digest = digest_of(review)
    plan = to_stored(review, declared or {}, key=secrets_key(key))
    content = {"digest": digest, "setting": encode(setting), "key": key_id(key), "plan": plan}
    data = {_MARK: VERSION, "program": __version__, **content}
    data = {_MARK: VERSION, "program": __version__, "seal": seal_of(data, key), **content}
    text = json.dumps(data, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"
    if encryption.writing is not None:
        text = encrypted_plan(text, encryption.writing)
    try:
        with open(open_output(path), "wb", buffering=0) as file:  # noqa: PTH123 -- Path.open takes no file descriptor
            _write_whole(text, file)
    except OSError as error:
        raise problem(f"cannot write the plan to {path}: {error.strerror}") from error
    return digest


def _write_whole(data: bytes, file: FileIO) -> None:
    """Writes the data, or leaves the file empty: what is no plan would not be written over. Raises OSError."""
    left = memoryview(data)
    try:
        while left:
            left = left[file.write(left) :]
    except OSError:
        with suppress(OSError):  # a device
            file.truncate(0)
        raise


def seal_of(data: Mapping[str, Json], key: str) -> str:
    """The seal of everything in a plan file but the seal itself. `key` is the hex key of the state."""
    text = compact({name: value for name, value in data.items() if name != "seal"}).decode("ascii")
    return f"hmac-sha256:{hmac_of(text, derived_key(key, _SEAL))}"


def secrets_key(key: str) -> str:
    """The key of the digests that stand for secrets in the plans of the state with this key."""
    return derived_slow_key(key, _MARK)


def key_id(key: str) -> str:
    """A name of the state's key that reveals nothing of it: tells a plan of another state from a changed one."""
    return hmac_of("name", derived_key(key, _SEAL))[:16]


def check_free(path: Path) -> None:
    """Raises Problems where a plan written there would overwrite a file that is no plan. An empty one loses nothing.

    So it does for a link that another user made in a folder that others may write.
    """
    refuse_foreign_link(path)
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
    imported = {str(record.address): record.id for record in plan.edits.imported}
    content += [plan.edits.moved, imported] if plan.edits else []
    content += [[item.name, item.limit, item.in_order, item.pause] for item in plan.rollouts]
    return fingerprint(encode(content, secrets=lambda secret: {"$secret": _place(secret)}))


def read_plan(path: Path, keys: Callable[[], Encryption] = lambda: IN_CLEAR) -> SavedPlan:
    """The plan in a file, for showing: a Digest stands for each secret, and nothing proves who wrote the file.

    Raises Problems on a damaged or newer file.
    """
    return decoded(read_content(path, keys))


def read_content(path: Path, keys: Callable[[], Encryption] = lambda: IN_CLEAR) -> PlanFileParts:
    """The parts of a plan file, whole and of a version that is known. Raises Problems.

    `keys` gives what may decrypt the file. It is called for an encrypted file alone.
    """
    try:
        data = parse_json(read_file(path))
        if is_encrypted_plan(data):
            data = parse_json(decrypted_plan(data, path, keys()))
        compact(data)  # refuses numbers that no plan holds
    except OSError as error:
        raise problem(f"cannot read the plan {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        place = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise damaged(path, f"it is cut off or was changed{place}") from error
    match data:
        case {"novita-infra plan": int(version), "program": str(program)} if version > VERSION:
            raise problem(
                f"{path} was written by novita-infra {program}, and this is {__version__}",
                f"apply it with novita-infra {program} or newer, or {AGAIN}",
            )
        case {
            "novita-infra plan": int(version),
            "seal": str(seal),
            "program": str(),
            "digest": str(),
            "setting": _,
            "key": str(),
            "plan": _,
        } if version >= UNSEALED:
            if version == UNSEALED and fingerprint({name: data[name] for name in _CONTENT}) != seal:
                raise damaged(path, "its content is not what its digest says")
            return PlanFileParts(path, data)
        case _:
            raise damaged(path, "it holds no plan")


def check_seal(content: PlanFileParts, key: str, *, state: str) -> None:
    """Raises Problems unless the file was written, as it is, by a program that knows the hex key of the state.

    `state` is the place of the state, for the message.
    """
    data, path = content.data, content.path
    if content.version == UNSEALED:
        hint = f"`show` shows it; to apply it, {AGAIN}"
        raise problem(
            f"{path} was written by novita-infra {data['program']}, and nothing proves that it is unchanged",
            hint,
            code=EXIT_REFUSED,
        )
    if hmac.compare_digest(seal_of(data, key).encode(), content.seal.encode("utf-8", "surrogatepass")):
        return
    if data["key"] != key_id(key):
        hint = f"run this in the project that the plan was made for, or {AGAIN}"
        summary = f"the plan {path} was not made with {state}: its seal is of another state"
        raise problem(summary, hint, code=EXIT_REFUSED)
    raise problem(f"the plan {path} was changed after it was made: its seal does not match", AGAIN, code=EXIT_REFUSED)


def decoded(content: PlanFileParts, resolver: Resolver | None = None, *, key: str = "") -> SavedPlan:
    """The plan of the content.

    The resolver reads a source such as `env:NAME` again, and each value is compared under `key`, the hex key of the
    state; without a resolver a Digest stands for each secret. Raises Problems on a damaged file, and on secrets that
    are missing or have changed.
    """
    data, path = content.data, content.path
    problems: list[Diagnostic] = []
    try:
        setting = decode_as(Setting, data["setting"])
        if not 0 <= setting.created <= LAST_MOMENT:
            raise damaged(path, "it was made at no time that there is")
        secrets = reading_again(resolver, secrets_key(key), problems=problems) if resolver else as_digest
        review, declared = from_stored(data["plan"], secrets=secrets)
        digest = digest_of(from_stored(data["plan"], secrets=as_source)[0])
    except Malformed as error:
        raise damaged(path, str(error)) from error
    except RecursionError as error:
        raise damaged(path, "it is nested beyond all measure") from error
    if digest != data["digest"] and content.version != UNSEALED:
        raise damaged(path, "its digest is not that of its content")
    if problems:
        raise Problems(problems)
    review = replace(review, lookups=setting.lookups)
    return SavedPlan(review, setting, declared, digest=digest, seal=content.seal, program=data["program"])


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


def damaged(path: Path, why: str) -> Problems:
    """The problem that the file is damaged."""
    return problem(f"the plan file {path} is damaged: {why}", AGAIN)
