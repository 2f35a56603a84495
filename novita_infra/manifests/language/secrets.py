"""Reads the secrets that a manifest points at, such as `{fromEnv: NAME}`. No message contains one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from novita_infra.manifests.secrets.answers import SecretAnswers, source_of
from novita_infra.manifests.secrets.source import Asking, ManifestPlace, Pointed, Question, Unreadable
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic, Severity
from novita_infra.model.frozen import dataclass
from novita_infra.model.values import Computation, Digest, Ref, Secret, Value, leaves
from novita_infra.schema.secret_pointers import SECRET_POINTERS, is_pointer

ALLOW: Final = "NOVITA_INFRA_ALLOW_COMMANDS"
"""The variable that names the programs for secrets, whatever the project file says."""
_OPAQUE: Final = (Computation, Digest, Ref, Secret)
_LACKING: Final = "\0missing"
"""The source of a Secret that stands for one that is not set. No other source has a control character."""


def lacking_secret() -> Secret:
    """Returns what stands for a value that a secret or a variable lacks."""
    return Secret("", _LACKING)


def is_lacking(value: Value) -> bool:
    """Returns whether any part of the value is lacking."""
    return any(isinstance(leaf, Secret) and _LACKING in leaf.source for leaf in leaves(value))


@dataclass(frozen=True, slots=True)
class Secrets:
    """Looks up secrets by their pointers."""

    root: Path
    """The project's folder. Files of origins are relative to it."""
    environ: Mapping[str, str] = field(repr=False)
    answers: SecretAnswers = field(default_factory=SecretAnswers)
    """What the sources have answered so far."""
    programs: Collection[str] = ()
    """The programs that the project file allows to run for a secret."""
    unasked: dict[str, Question] = field(default_factory=dict)
    """What was pointed at and not asked, by the name of the source. `take` adds to it."""
    offline: bool = False
    """Whether no source is asked in this run."""
    checkouts: Mapping[str, Path] = field(default_factory=dict)
    """The folders of the modules from git, by what the names of their files begin with."""

    def points(self, value: Any) -> bool:
        """Returns whether the value is a pointer to a secret."""
        return is_pointer(value)

    def take(self, pointer: Mapping[str, Any], place: Origin, *, judged: bool = False) -> Secret | Diagnostic:
        """Returns the secret that a pointer means, or why there is none.

        A source that takes long is not asked: the Diagnostic is `unasked`, and `unasked` here has the question.
        `judged` says that a schema reports a pointer of a wrong form.
        """
        if not is_pointer(pointer):
            return Diagnostic("this is no secret", "write {fromEnv: NAME} or {fromFile: PATH}", origin=place)
        ((key, value),) = pointer.items()
        form = SECRET_POINTERS[key]
        if any(isinstance(leaf, _OPAQUE) for leaf in leaves(value)):
            return Diagnostic(
                "no part of this may be secret or known only after apply", f"write {form.form}", origin=place
            )
        if not _fits(value, form.schema):
            return lacking_secret() if judged else Diagnostic("this is no secret", f"write {form.form}", origin=place)
        source = source_of(key)
        try:
            pointed = source.pointed(value, self.place_of(place.file))
            if source.read is None and pointed.question not in self.answers:
                return self._unasked(pointed, place)
            answer = self.answers.get(pointed.question, Asking(self.root, self.environ))
            return Secret(source.text(answer, pointed), pointed.name)
        except Unreadable as error:
            return Diagnostic(error.summary, error.hint, origin=place, unset=error.unset)

    def literal(self, place: Origin, *, variables: str = "") -> Diagnostic:
        """Returns the warning about a secret in clear in a manifest, or in the file `variables` of `--var-file`."""
        hint = "move it out and point at it: {fromEnv: NAME} or {fromFile: PATH}"
        if variables:
            hint = "keep the file out of the repository, or point at the secret in the manifest: {fromEnv: NAME}"
        summary = f"a secret stands in clear in {variables or 'the manifest'}"
        return Diagnostic(summary, hint, origin=place, severity=Severity.WARNING)

    def place_of(self, file: str) -> ManifestPlace:
        """Returns the place of what stands in a file of that name in origins."""
        folder = next((path for name, path in self.checkouts.items() if file.startswith(f"{name}/")), None)
        if folder is None:
            return _place(self.root, file)
        return ManifestPlace(folder, manifest_path(file, self.root, self.checkouts).parent, is_checkout=True)

    def _unasked(self, pointed: Pointed, place: Origin) -> Diagnostic:
        """Returns that a secret was not asked, or that its program may not be run."""
        if pointed.question.key == "fromCommand" and (error := self.forbidden(pointed.question.words[0])):
            return replace(error, origin=place)
        self.unasked[pointed.name] = pointed.question
        return Diagnostic(
            f"the secret from {pointed.name} is not read here",
            "`plan` and `apply` read it",
            origin=place,
            unset=pointed.name,
            unasked=True,
        )

    def forbidden(self, program: str) -> Diagnostic | None:
        """Returns why the program may not be run for a secret; None if it may."""
        given = self.environ.get(ALLOW)
        if given is None:
            hint = f"allow it in novita-infra.yaml: secretCommands: [{program}]"
            allowed: Collection[str] = self.programs
        else:
            hint = f"{ALLOW} is set, so that only the programs in it count: {given or 'none'}"
            allowed = {program} if self.offline else given.replace(",", " ").split()
        return None if program in allowed else Diagnostic(f"the program {program} may not be run for a secret", hint)


def manifest_path(file: str, root: Path, checkouts: Mapping[str, Path]) -> Path:
    """Returns the path of a file by the name that it has in origins."""
    for name, folder in checkouts.items():
        if file.startswith(f"{name}/"):
            return folder / file.removeprefix(f"{name}/")
    return root / file


@lru_cache(maxsize=64)
def _place(root: Path, file: str) -> ManifestPlace:
    """Returns the place of the pointers of a file, which may have thousands."""
    return ManifestPlace(root, (root / file).parent)


def _fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Returns whether the value of a pointer has the parts that its source needs."""
    match schema["type"]:
        case "object":
            parts = schema["properties"]
            return (
                isinstance(value, dict)
                and value.keys() <= parts.keys()
                and all(name in value for name in schema["required"])
                and all(_fits(item, parts[name]) for name, item in value.items())
            )
        case "array":
            return isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)
        case _:
            return isinstance(value, str) and bool(value)
