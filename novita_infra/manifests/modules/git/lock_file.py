"""The lock file of a project: the commits of the repositories of its modules, and digests of their files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Final

from novita_infra.encoding.files import read_file
from novita_infra.manifests.modules.git.trees import DIGEST
from novita_infra.manifests.validation.documents import API_VERSION, LOCK_FILE
from novita_infra.manifests.yaml.decoding import LARGEST
from novita_infra.manifests.yaml.emitting import emit_yaml
from novita_infra.manifests.yaml.parsing import read
from novita_infra.manifests.yaml.positions import Path as ValuePath
from novita_infra.manifests.yaml.positions import origin_at
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic, reason
from novita_infra.model.frozen import dataclass

KIND: Final = "ModuleLock"
_HEADING: Final = "# Written by `novita-infra modules`. Keep it under version control.\n"
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_DIGEST: Final = re.compile(rf"{DIGEST}[0-9a-f]{{64}}")
_ROOT: Final = "."
"""The repository itself, among its folders."""
_HINT: Final = "mend it, or remove it and run `novita-infra modules install`"


@dataclass(frozen=True, slots=True)
class Pin:
    """What a repository is pinned to."""

    commit: str
    digests: Mapping[str, str] = field(default_factory=dict)
    """By folder of a module, the digest of its files."""


Pins = Mapping[str, Pin]
"""By repository with its ref: `git::https://github.com/acme/modules.git?ref=v1.2.0`."""


def read_pins(root: Path) -> tuple[Pins, list[Diagnostic]]:
    """Returns the pins of the project in the folder, none without a lock file, and the errors of the file."""
    try:
        parsed = read(read_file(root / LOCK_FILE, most=LARGEST), LOCK_FILE)
    except FileNotFoundError:
        return {}, []
    except (OSError, ValueError) as error:
        return {}, [Diagnostic(f"the file cannot be read: {reason(error)}", origin=Origin(LOCK_FILE, 1, 1))]
    if parsed.diagnostics or len(parsed.documents) != 1:
        whole = [Diagnostic("this is no lock file", _HINT, origin=Origin(LOCK_FILE, 1, 1))]
        return {}, parsed.diagnostics or whole
    data, position = parsed.documents[0].data, parsed.documents[0].position
    wrong = _misfit(data)
    if wrong is not None:
        return {}, [Diagnostic("this is no lock file", _HINT, origin=origin_at(position, wrong))]
    modules = data["modules"]
    return {name: Pin(item["commit"], _by_folder(item["folders"])) for name, item in modules.items()}, []


def text_of_pins(pins: Pins) -> str:
    """Returns the text of the lock file, sorted, so that two that pin the same are equal."""
    modules = {
        name: {
            "commit": pin.commit,
            "folders": {folder or _ROOT: digest for folder, digest in sorted(pin.digests.items())},
        }
        for name, pin in sorted(pins.items())
    }
    return _HEADING + emit_yaml({"apiVersion": API_VERSION, "kind": KIND, "modules": modules})


def _by_folder(folders: Mapping[str, str]) -> dict[str, str]:
    return {"" if folder == _ROOT else folder: digest for folder, digest in folders.items()}


def _misfit(data: Any) -> ValuePath | None:
    """Returns the path of the first value that a lock file does not have; None if all fit."""
    if not isinstance(data, dict) or data.get("apiVersion") != API_VERSION or data.get("kind") != KIND:
        return ()
    modules = data.get("modules")
    if not isinstance(modules, dict):
        return ("modules",)
    for name, item in modules.items():
        if not isinstance(item, dict) or not isinstance(item.get("folders"), dict):
            return ("modules", name)
        if not _fits(_COMMIT, item.get("commit")):
            return ("modules", name, "commit")
        for folder, digest in item["folders"].items():
            if not _fits(_DIGEST, digest):
                return ("modules", name, "folders", folder)
    return None


def _fits(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
